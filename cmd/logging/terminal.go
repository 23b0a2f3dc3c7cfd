package logging

import (
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/lmittmann/tint"
)

// coloured writes a log for a terminal.
func coloured(w io.Writer, level slog.Level) slog.Handler {
	return tint.NewTextHandler(w, &tint.Options{Level: level, TimeFormat: time.TimeOnly, ReplaceAttr: printable})
}

// printable keeps what names of files hold from a terminal. Elsewhere the log's
// format quotes it.
func printable(_ []string, a slog.Attr) slog.Attr {
	if forPrograms(a) {
		return slog.Attr{}
	}
	a.Key = harmless(a.Key)
	switch a.Value.Kind() {
	case slog.KindString, slog.KindAny:
		text := a.Value.String()
		if shown := harmless(text); shown != text {
			a.Value = slog.StringValue(shown)
		}
	}
	return a
}

// harmless is text that tint can write: what it quotes it takes \x1b in, also as
// plain letters, for an escape of the caller's, and sends it to the terminal.
func harmless(text string) string {
	return strings.ReplaceAll(diag.Printable(text), `\x1b`, `\033`)
}
