package ledger

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// JSON holds UTF-8 only, while a name on a file system may hold any bytes but
// zero. In a stored record each byte that is not part of UTF-8 is written as a
// zero byte and two hexadecimal digits.

// stored is e with its paths as they are written.
func stored(e Entry) Entry { return renamed(e, storedName) }

// restored undoes [stored].
func restored(e Entry) Entry { return renamed(e, restoredName) }

func renamed(e Entry, name func(string) string) Entry {
	e.Path, e.MovedTo, e.Error = name(e.Path), name(e.MovedTo), name(e.Error) // an error names paths
	e.Outputs = slices.Clone(e.Outputs)
	for i := range e.Outputs {
		e.Outputs[i].Path = name(e.Outputs[i].Path)
	}
	e.Mounts = slices.Clone(e.Mounts)
	for i := range e.Mounts {
		e.Mounts[i] = name(e.Mounts[i])
	}
	return e
}

func storedName(path string) string {
	if utf8.ValidString(path) {
		return path
	}
	var b strings.Builder
	for i := 0; i < len(path); {
		r, size := utf8.DecodeRuneInString(path[i:])
		if r == utf8.RuneError && size == 1 {
			fmt.Fprintf(&b, "\x00%02x", path[i])
		} else {
			b.WriteString(path[i : i+size])
		}
		i += size
	}
	return b.String()
}

func restoredName(text string) string {
	if !strings.Contains(text, separator) {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == 0 && i+2 < len(text) {
			if v, err := strconv.ParseUint(text[i+1:i+3], 16, 8); err == nil {
				b.WriteByte(byte(v))
				i += 2
				continue
			}
		}
		b.WriteByte(text[i])
	}
	return b.String()
}
