package diag

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Printable is text that can be shown on one line of a terminal or a log: names
// of files and what files say of themselves may hold anything. Control
// characters, line ends, marks that turn the direction of text and bytes that
// are no UTF-8 are written as Go escapes, such as \x1b, \n, \u202e; all else
// stays. JSON needs none of this.
func Printable(text string) string {
	if clean(text) {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		if shown(r, size) {
			b.WriteString(text[i : i+size])
		} else {
			quoted := strconv.Quote(text[i : i+size])
			b.WriteString(quoted[1 : len(quoted)-1])
		}
		i += size
	}
	return b.String()
}

func clean(text string) bool {
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		if !shown(r, size) {
			return false
		}
		i += size
	}
	return true
}

// shown reports whether a character only shows itself. Line and paragraph
// separators are spaces to Unicode's letter, but not to a terminal.
func shown(r rune, size int) bool {
	return (r != utf8.RuneError || size > 1) && (unicode.IsPrint(r) || unicode.Is(unicode.Zs, r))
}
