package logging

import (
	"context"
	"log/slog"

	"github.com/burnish-photo/burnish/ops/event"
)

// Event is one that a line of the log told of.
type Event struct {
	slog.Record
	Kind event.Kind
}

// Text is an attribute's value; "" where the line has none of that name.
func (e Event) Text(key string) (text string) {
	e.Attrs(func(a slog.Attr) bool {
		if a.Key == key {
			text = a.Value.String()
		}
		return text == ""
	})
	return text
}

// teller lets others hear of events.
type teller struct {
	slog.Handler
	hear func(Event)
}

// Tell is h, where hear is called with every event that is logged as Info or
// above, whatever level h writes and folds. It is called concurrently and must
// not log.
func Tell(h slog.Handler, hear func(Event)) slog.Handler { return teller{h, hear} }

// Enabled reports whether a line is wanted.
func (t teller) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelInfo || t.Handler.Enabled(ctx, l)
}

// Handle tells of an event and writes the line.
func (t teller) Handle(ctx context.Context, r slog.Record) error {
	if kind := event.Is(r); kind != "" && r.Level >= slog.LevelInfo {
		t.hear(Event{r, kind})
	}
	if !t.Handler.Enabled(ctx, r.Level) {
		return nil
	}
	return t.Handler.Handle(ctx, r)
}

// WithAttrs adds attributes to every line.
func (t teller) WithAttrs(attrs []slog.Attr) slog.Handler {
	return teller{t.Handler.WithAttrs(attrs), t.hear}
}

// WithGroup puts a name before the names of further attributes.
func (t teller) WithGroup(name string) slog.Handler { return teller{t.Handler.WithGroup(name), t.hear} }
