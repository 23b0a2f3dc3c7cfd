package cmd

import (
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/lmittmann/tint"
	"golang.org/x/sys/unix"
)

// logger writes to standard error: coloured for a terminal, with priorities for
// systemd's journal, as plain key=value text elsewhere.
func (h *host) logger() *slog.Logger {
	level := slog.LevelInfo
	if h.verbose {
		level = slog.LevelDebug
	}
	if terminal(h.err) {
		return slog.New(coloured(h.err, level))
	}
	if inJournal(h.err, os.Getenv("JOURNAL_STREAM")) {
		return slog.New(newJournal(h.err, level))
	}
	return slog.New(slog.NewTextHandler(h.err, &slog.HandlerOptions{Level: level}))
}

// coloured writes a log for a terminal.
func coloured(w io.Writer, level slog.Level) slog.Handler {
	return tint.NewTextHandler(w, &tint.Options{Level: level, TimeFormat: time.TimeOnly, ReplaceAttr: printable})
}

// printable keeps what names of files hold from a terminal. Elsewhere the log's
// format quotes it.
func printable(_ []string, a slog.Attr) slog.Attr {
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

// terminal reports whether w is a terminal, which /dev/null is not.
func terminal(w any) bool {
	f, ok := w.(interface{ Fd() uintptr })
	if !ok {
		return false
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}
