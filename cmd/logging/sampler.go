package logging

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/burnish-photo/burnish/ops/event"
)

const (
	foldAfter  = 3           // equal lines that are written
	foldWindow = time.Minute // in which they count
	foldKinds  = 1000        // different lines that are remembered
)

// sampler is a slog handler that writes a warning or error a few times and then
// only counts it for a while. Lines are equal when they differ in nothing but
// the photo and the time that it took.
type sampler struct {
	slog.Handler
	attrs string // of WithAttrs, as part of the key
	state *folds
}

type folds struct {
	mu   sync.Mutex
	seen map[string]*fold
}

// fold is one kind of line within its window.
type fold struct {
	since  time.Time
	count  int
	folded int
}

// NewSampler folds what repeats before it reaches h.
func NewSampler(h slog.Handler) slog.Handler { return newSampler(h) }

func newSampler(h slog.Handler) *sampler {
	return &sampler{Handler: h, state: &folds{seen: map[string]*fold{}}}
}

// Handle writes the line, or counts it.
func (f *sampler) Handle(ctx context.Context, r slog.Record) error {
	if r.Level < slog.LevelWarn {
		return f.Handler.Handle(ctx, r)
	}
	key := f.attrs + keyOf(r)
	f.state.mu.Lock()
	k := f.state.seen[key]
	if k == nil {
		if len(f.state.seen) >= foldKinds {
			clear(f.state.seen)
		}
		k = &fold{since: r.Time}
		f.state.seen[key] = k
		time.AfterFunc(foldWindow, func() { f.unfold(key, k, r) })
	}
	k.count++
	if k.count > foldAfter {
		k.folded++
	}
	fold := k.count > foldAfter
	f.state.mu.Unlock()
	if fold {
		return nil
	}
	return f.Handler.Handle(ctx, r)
}

// unfold ends a window: it tells how many lines were like r.
func (f *sampler) unfold(key string, k *fold, r slog.Record) {
	f.state.mu.Lock()
	if f.state.seen[key] == k {
		delete(f.state.seen, key)
	}
	folded := k.folded
	f.state.mu.Unlock()
	if folded == 0 {
		return
	}
	line := slog.NewRecord(time.Now(), r.Level, r.Message, 0)
	r.Attrs(func(a slog.Attr) bool { line.AddAttrs(a); return true })
	line.AddAttrs(slog.Int("more_like_it", folded), slog.Duration("within", foldWindow))
	_ = f.Handler.Handle(context.Background(), line)
}

// keyOf is the line without its times and its photo.
func keyOf(r slog.Record) string {
	photo := ""
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "photo" {
			photo = a.Value.String()
		}
		return photo == ""
	})
	var key strings.Builder
	key.WriteString(r.Level.String() + r.Message)
	r.Attrs(func(a slog.Attr) bool {
		_, took := a.Value.Any().(event.Seconds)
		if a.Key != "photo" && !took {
			value := a.Value.String()
			if photo != "" {
				value = strings.ReplaceAll(value, photo, "")
			}
			fmt.Fprintf(&key, "\x00%s=%s", a.Key, value)
		}
		return true
	})
	return key.String()
}

// WithAttrs keeps the count.
func (f *sampler) WithAttrs(attrs []slog.Attr) slog.Handler {
	key := f.attrs
	for _, a := range attrs {
		key += fmt.Sprintf("%s=%s\x00", a.Key, a.Value)
	}
	return &sampler{f.Handler.WithAttrs(attrs), key, f.state}
}

// WithGroup keeps the count.
func (f *sampler) WithGroup(name string) slog.Handler {
	return &sampler{f.Handler.WithGroup(name), f.attrs + name + ".", f.state}
}
