package cmd

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"syscall"
)

// journal writes a log for systemd's journal: every line begins with its
// priority (sd-daemon(3)), which stands for the level; the journal has the time.
type journal struct {
	text slog.Handler // writes to line
	line *bytes.Buffer
	out  io.Writer
	mu   *sync.Mutex
}

func newJournal(out io.Writer, level slog.Level) slog.Handler {
	line := &bytes.Buffer{}
	left := func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && (a.Key == slog.TimeKey || a.Key == slog.LevelKey) {
			return slog.Attr{}
		}
		return a
	}
	return journal{slog.NewTextHandler(line, &slog.HandlerOptions{Level: level, ReplaceAttr: left}), line, out, &sync.Mutex{}}
}

// inJournal reports whether w is the stream that systemd has connected to its
// journal; the variable survives where it leads elsewhere since.
func inJournal(w io.Writer, stream string) bool {
	f, ok := w.(*os.File)
	if !ok || stream == "" {
		return false
	}
	info, err := f.Stat()
	if err != nil {
		return false
	}
	s, ok := info.Sys().(*syscall.Stat_t)
	return ok && stream == fmt.Sprintf("%d:%d", s.Dev, s.Ino)
}

// priority is syslog's.
func priority(l slog.Level) int {
	switch {
	case l >= slog.LevelError:
		return 3
	case l >= slog.LevelWarn:
		return 4
	case l >= slog.LevelInfo:
		return 6
	}
	return 7
}

func (j journal) Enabled(ctx context.Context, l slog.Level) bool { return j.text.Enabled(ctx, l) }

func (j journal) Handle(ctx context.Context, r slog.Record) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.line.Reset()
	fmt.Fprintf(j.line, "<%d>", priority(r.Level))
	if err := j.text.Handle(ctx, r); err != nil {
		return err
	}
	_, err := j.out.Write(j.line.Bytes())
	return err
}

func (j journal) WithAttrs(attrs []slog.Attr) slog.Handler {
	j.text = j.text.WithAttrs(attrs)
	return j
}

func (j journal) WithGroup(name string) slog.Handler {
	j.text = j.text.WithGroup(name)
	return j
}
