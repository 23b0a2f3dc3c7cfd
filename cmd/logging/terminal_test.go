package logging

import (
	"bytes"
	"errors"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/burnish-photo/burnish/plugin"
)

// colour is what the log itself sends to a terminal.
var colour = regexp.MustCompile(`\x1b\[[0-9;]*m`)

// Names of files do to a terminal what they like, also spelled as an escape.
func TestALogOnATerminalShowsNamesOnly(t *testing.T) {
	for _, name := range []string{"a\x1b]0;OWNED\a\x1b[2J.jpg", "cut\nlevel=ERROR forged.jpg", `spelled \x1b]0;OWNED.jpg`, "exe.\u202egpj", "bad\xff.jpg", "csi\u009b2J.jpg"} {
		var b bytes.Buffer
		log := slog.New(newSampler(coloured(&b, slog.LevelInfo))).With("folder", name)
		failure := &plugin.Error{Path: name, Kind: plugin.Damaged, Err: errors.New("cannot be decoded"), Hint: "copy it"}
		log.Error("failed", "photo", name, "error", failure, "not_kept:"+name, "icc")
		text := strings.TrimSuffix(colour.ReplaceAllString(b.String(), ""), "\n")
		if i := strings.IndexFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }); i >= 0 || strings.ToValidUTF8(text, "") != text {
			t.Errorf("%q is logged as %q", name, text)
		}
		if !strings.Contains(text, ".jpg") && !strings.Contains(text, "gpj") {
			t.Errorf("%q is not named by %q", name, text)
		}
	}
}
