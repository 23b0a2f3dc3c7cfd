package ops

import (
	"context"
	"maps"
	"sync"
)

// Notes gather what operators report about one photo: the device that ran, a
// decision taken. The zero value is ready; it is safe for concurrent use.
type Notes struct {
	mu sync.Mutex
	m  map[string]string
}

type notesKey struct{}

// WithNotes makes n the notes that [Note] writes to below ctx.
func WithNotes(ctx context.Context, n *Notes) context.Context {
	return context.WithValue(ctx, notesKey{}, n)
}

// Note records value under key for the photo that ctx belongs to; a later
// value replaces an earlier one. Without notes in ctx it does nothing.
func Note(ctx context.Context, key, value string) {
	n, ok := ctx.Value(notesKey{}).(*Notes)
	if !ok {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.m == nil {
		n.m = map[string]string{}
	}
	n.m[key] = value
}

// All is a copy of what was noted.
func (n *Notes) All() map[string]string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return maps.Clone(n.m)
}
