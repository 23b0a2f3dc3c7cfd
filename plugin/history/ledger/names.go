package ledger

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/burnish-photo/burnish/plugin/history"
)

// JSON holds UTF-8 only, while a name on a file system may hold any bytes but
// zero. In a stored record each byte that is not part of UTF-8 is written as a
// zero byte and two hexadecimal digits.

// escaped is r with its paths as they are written.
func escaped(r history.Record) history.Record { return mapPaths(r, escapedName) }

// unescaped undoes [escaped].
func unescaped(r history.Record) history.Record { return mapPaths(r, unescapedName) }

func mapPaths(r history.Record, f func(string) string) history.Record {
	r.Path, r.Root, r.MovedTo, r.Error, r.Hint = f(r.Path), f(r.Root), f(r.MovedTo), f(r.Error), f(r.Hint) // an error names paths
	r.Task, r.Superseded = f(r.Task), f(r.Superseded)                                                      // and a task a folder
	for _, files := range []*[]history.Output{&r.Outputs, &r.Former, &r.Altered} {
		*files = slices.Clone(*files)
		for i := range *files {
			(*files)[i].Path = f((*files)[i].Path)
		}
	}
	r.Mounts = slices.Clone(r.Mounts)
	for i := range r.Mounts {
		r.Mounts[i] = f(r.Mounts[i])
	}
	if r.Review != nil {
		review := *r.Review
		review.Results = slices.Clone(review.Results)
		for i := range review.Results {
			review.Results[i].Path = f(review.Results[i].Path)
		}
		r.Review = &review
	}
	if r.Trial != nil {
		trial := *r.Trial
		trial.Before, trial.Outputs = mapPaths(trial.Before, f), slices.Clone(trial.Outputs)
		for i := range trial.Outputs {
			o := &trial.Outputs[i]
			o.Path, o.Reason, o.Kept = f(o.Path), f(o.Reason), f(o.Kept)
		}
		r.Trial = &trial
	}
	return r
}

func escapedName(path string) string {
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

func unescapedName(text string) string {
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
