package logging

import (
	"container/list"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/ops/event"
)

// Bounds of [Recent].
const (
	recentBytes = 4 << 20 // of all lines
	recentLines = 50      // of a photo
	recentText  = 4 << 10 // bytes of a line
	lineCost    = 64      // bytes that a line takes beside its text
)

// Line is a line of the log, as people read it: control characters are escaped.
type Line struct {
	Time  time.Time
	Level slog.Level
	Text  string
}

// Recent keeps the latest lines of each photo, in memory and within bounds: those
// of the photos that were logged of last. It is safe for concurrent use.
type Recent struct {
	mu     sync.Mutex
	photos map[string]*list.Element // of *photoLines
	order  *list.List               // the latest at its back
	bytes  int
}

type photoLines struct {
	photo string
	lines []Line
}

// NewRecent keeps nothing yet.
func NewRecent() *Recent { return &Recent{photos: map[string]*list.Element{}, order: list.New()} }

// Of returns the lines of a photo, the oldest first.
func (r *Recent) Of(photo string) []Line {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e := r.photos[photo]; e != nil {
		return append([]Line(nil), e.Value.(*photoLines).lines...)
	}
	return nil
}

func (r *Recent) add(photo string, l Line) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.photos[photo]
	if e == nil {
		e = r.order.PushBack(&photoLines{photo: photo})
		r.photos[photo] = e
		r.bytes += len(photo) + lineCost
	}
	r.order.MoveToBack(e)
	p := e.Value.(*photoLines)
	p.lines = append(p.lines, l)
	r.bytes += len(l.Text) + lineCost
	if len(p.lines) > recentLines {
		r.bytes -= len(p.lines[0].Text) + lineCost
		p.lines = append([]Line(nil), p.lines[1:]...)
	}
	for r.bytes > recentBytes && r.order.Len() > 1 {
		r.forget(r.order.Front())
	}
}

func (r *Recent) forget(e *list.Element) {
	p := r.order.Remove(e).(*photoLines)
	delete(r.photos, p.photo)
	r.bytes -= len(p.photo) + lineCost
	for _, l := range p.lines {
		r.bytes -= len(l.Text) + lineCost
	}
}

// Keep is h, where r keeps the lines that have an attribute "photo" and are of
// Info or above, whatever level h writes and folds.
func (r *Recent) Keep(h slog.Handler) slog.Handler { return keeper{Handler: h, recent: r} }

// keeper keeps lines and writes them.
type keeper struct {
	slog.Handler
	recent *Recent
	attrs  []slog.Attr // of every line
	group  bool        // further attributes are within one
}

// Enabled reports whether a line is wanted.
func (k keeper) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelInfo || k.Handler.Enabled(ctx, l)
}

// Handle keeps the line and writes it.
func (k keeper) Handle(ctx context.Context, r slog.Record) error {
	if r.Level >= slog.LevelInfo {
		if photo, text := k.read(r); photo != "" {
			k.recent.add(photo, Line{r.Time, r.Level, text})
		}
	}
	if !k.Handler.Enabled(ctx, r.Level) {
		return nil
	}
	return k.Handler.Handle(ctx, r)
}

// read finds the photo that a line is about, "" for none, and its text.
func (k keeper) read(r slog.Record) (photo, text string) {
	var b strings.Builder
	b.WriteString(diag.Printable(r.Message))
	take := func(a slog.Attr) bool {
		v := a.Value.Resolve()
		switch v.Any().(type) {
		case event.Kind, event.Detail, event.Seconds: // for programs
			return true
		}
		if a.Key == "photo" {
			photo = v.String()
			return true
		}
		if b.Len() < recentText {
			fmt.Fprintf(&b, "  %s: %s", diag.Printable(a.Key), diag.Printable(v.String()))
		}
		return true
	}
	for _, a := range k.attrs {
		take(a)
	}
	r.Attrs(take)
	text = b.String()
	if len(text) > recentText {
		text = strings.ToValidUTF8(text[:recentText], "") + "…"
	}
	return photo, text
}

// WithAttrs adds attributes to every line.
func (k keeper) WithAttrs(attrs []slog.Attr) slog.Handler {
	if !k.group {
		k.attrs = append(k.attrs[:len(k.attrs):len(k.attrs)], attrs...)
	}
	k.Handler = k.Handler.WithAttrs(attrs)
	return k
}

// WithGroup puts a name before the names of further attributes. None of them is
// kept for all lines.
func (k keeper) WithGroup(name string) slog.Handler {
	k.Handler, k.group = k.Handler.WithGroup(name), true
	return k
}
