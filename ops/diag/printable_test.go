package diag

import "testing"

func TestPrintable(t *testing.T) {
	for text, want := range map[string]string{
		"":                             "",
		"été 2026/日本 – 😀.jpg":          "été 2026/日本 – 😀.jpg",
		"Screenshot at 1.00\u202fPM":   "Screenshot at 1.00\u202fPM",
		"a\x1b]0;OWNED\a\x1b[2J.jpg":   `a\x1b]0;OWNED\a\x1b[2J.jpg`,
		"cut\nquarantine  FORGED":      `cut\nquarantine  FORGED`,
		"a\rb\tc\x00d\x7fe":            `a\rb\tc\x00d\x7fe`,
		"exe.\u202egpj":                `exe.\u202egpj`, // shows as exe.jpg reversed
		"\u2066a\u2069\u200f":          `\u2066a\u2069\u200f`,
		"a\u2028b\u2029c":              `a\u2028b\u2029c`,
		"\u009b31m":                    `\u009b31m`, // CSI in one character
		"bad\xff\xfeutf8":              `bad\xff\xfeutf8`,
		`C:\photos`:                    `C:\photos`,
		"replacement \ufffd character": "replacement \ufffd character",
	} {
		if got := Printable(text); got != want {
			t.Errorf("%q is shown as %q, want %q", text, got, want)
		}
	}
}
