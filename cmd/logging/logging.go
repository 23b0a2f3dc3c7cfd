// Package logging writes the log: for people on a terminal, as key=value text,
// as JSON, or with fields to systemd's journal. It also brings the lines of the
// worker process to the daemon ([NewRelay], [Receive]), folds lines that repeat
// ([NewSampler]), and lets others hear of events ([Tell]).
//
// Names of files hold whatever they like. In no format can one begin another
// line, another field, or reach a terminal as it is.
package logging

import (
	"io"
	"log/slog"
	"strconv"
	"time"

	"github.com/burnish-photo/burnish/ops/event"
	"golang.org/x/sys/unix"
)

// Formats of a log.
const (
	Auto    = "auto"    // Text, or Journal where w is the journal's
	Text    = "text"    // coloured on a terminal, else key=value
	JSON    = "json"    // an object a line
	Journal = "journal" // fields, by the journal's own protocol
)

// New is a handler that writes to w in a format.
func New(w io.Writer, format string, level slog.Level) slog.Handler {
	switch {
	case format == JSON:
		return slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: machine})
	case format == Journal, format == Auto && inJournal(w):
		return newJournal(w, level)
	case IsTerminal(w):
		return coloured(w, level)
	}
	return slog.NewTextHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: people})
}

// people drops what is for programs alone.
func people(_ []string, a slog.Attr) slog.Attr {
	if forPrograms(a) {
		return slog.Attr{}
	}
	return a
}

func forPrograms(a slog.Attr) bool {
	switch a.Value.Any().(type) {
	case event.Kind, event.Detail, event.Seconds:
		return true
	}
	return false
}

// machine gives durations in seconds.
func machine(groups []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindDuration && len(groups) == 0 {
		return slog.Float64(inSeconds(a.Key), a.Value.Duration().Round(time.Microsecond).Seconds())
	}
	return a
}

// inSeconds is the name of a duration in seconds.
func inSeconds(key string) string {
	if key == "took" {
		return "seconds"
	}
	return key + "_seconds"
}

// seconds is a duration as a decimal number.
func seconds(d time.Duration) string {
	return strconv.FormatFloat(d.Round(time.Microsecond).Seconds(), 'f', -1, 64)
}

// IsTerminal reports whether w is a terminal, which /dev/null is not.
func IsTerminal(w any) bool {
	f, ok := w.(interface{ Fd() uintptr })
	if !ok {
		return false
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}
