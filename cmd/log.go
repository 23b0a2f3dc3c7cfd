package cmd

import (
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/lmittmann/tint"
)

// logger writes to standard error: coloured for a terminal, as plain
// key=value text elsewhere.
func (h *host) logger() *slog.Logger {
	level := slog.LevelInfo
	if h.verbose {
		level = slog.LevelDebug
	}
	if terminal(h.err) {
		return slog.New(tint.NewTextHandler(h.err, &tint.Options{Level: level, TimeFormat: time.TimeOnly}))
	}
	return slog.New(slog.NewTextHandler(h.err, &slog.HandlerOptions{Level: level, ReplaceAttr: withoutJournalTime}))
}

// withoutJournalTime leaves the time to systemd's journal, which keeps its own.
func withoutJournalTime(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && a.Key == slog.TimeKey && os.Getenv("JOURNAL_STREAM") != "" {
		return slog.Attr{}
	}
	return a
}

func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
