package logging

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"regexp"
	"time"

	"github.com/burnish-photo/burnish/ops/event"
)

// Bounds of what a process at the other end may log.
const (
	maxLine     = 256 << 10 // bytes
	maxAttrs    = 64
	maxValue    = 32 << 10 // bytes
	linesBurst  = 2000
	linesSecond = 200 // in the long run
)

// attrName is what an attribute from another process may be called.
var attrName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.]{0,63}$`)

// Receive logs the lines that a relay sends, until r ends. What sends them may
// be under a photo's control: lines are bounded in size and number, are marked
// as its own, and tell of no events but those that [event.Kind.OfWorker] allows.
func Receive(r io.Reader, log *slog.Logger) {
	lines := bufio.NewReaderSize(r, maxLine)
	limit := bucket{left: linesBurst, at: time.Now()}
	dropped := 0
	for {
		data, err := lines.ReadSlice('\n')
		for errors.Is(err, bufio.ErrBufferFull) { // the rest of a line that is too long
			data = nil
			_, err = lines.ReadSlice('\n')
		}
		if err != nil {
			break
		}
		switch {
		case !limit.take(time.Now()):
			dropped++
			continue
		case dropped > 0:
			log.Warn("lines of the worker's log were dropped: too many", "lines", dropped)
			dropped = 0
		}
		receive(data, log.Handler())
	}
	if dropped > 0 {
		log.Warn("lines of the worker's log were dropped: too many", "lines", dropped)
	}
}

// receive logs one line, if it is one.
func receive(data []byte, h slog.Handler) {
	var l line
	if json.Unmarshal(data, &l) != nil {
		return
	}
	l.Level = min(max(l.Level, slog.LevelDebug), slog.LevelError)
	if !h.Enabled(context.Background(), l.Level) {
		return
	}
	r := slog.NewRecord(time.Now(), l.Level, cut(l.Message), 0)
	for _, a := range l.Attrs[:min(len(l.Attrs), maxAttrs)] {
		if attrName.MatchString(a.Key) && a.allowed() {
			a.Value = cut(a.Value)
			r.AddAttrs(slog.Attr{Key: a.Key, Value: a.value()})
		}
	}
	r.AddAttrs(event.Detailed("process", "worker"))
	_ = h.Handle(context.Background(), r)
}

// allowed reports whether the worker may say this of itself.
func (a attr) allowed() bool {
	return a.Key != "process" && (a.Key != event.Key || a.Kind == asDetail && event.Kind(a.Value).OfWorker())
}

func cut(text string) string { return text[:min(len(text), maxValue)] }

// bucket lets so many through a second.
type bucket struct {
	left float64
	at   time.Time
}

func (b *bucket) take(now time.Time) bool {
	b.left, b.at = min(linesBurst, b.left+now.Sub(b.at).Seconds()*linesSecond), now
	if b.left < 1 {
		return false
	}
	b.left--
	return true
}
