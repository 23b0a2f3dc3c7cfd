// Package adhoc keeps what is made of texts, such as pipelines that come with
// their photos: while it is in use, and the latest of it for longer.
package adhoc

import (
	"context"
	"errors"
	"slices"
	"sync"
)

// MaxText is the length in bytes of the longest text.
const MaxText = 64 << 10

// Shelf makes one T of each text. Its methods may be called concurrently.
type Shelf[T any] struct {
	most int
	make func(context.Context, string) (T, error)
	drop func(T) error

	mu      sync.Mutex
	entries []*entry[T] // the latest used last
}

// entry is what was made of a text. Its fields are guarded by the shelf's mutex,
// but for those that made guards.
type entry[T any] struct {
	text  string
	users int
	made  chan struct{} // closed once value and err are set
	value T
	err   error
}

// New is a shelf that keeps so many that nobody uses. drop gives back what make
// has made.
func New[T any](most int, make func(context.Context, string) (T, error), drop func(T) error) *Shelf[T] {
	return &Shelf[T]{most: most, make: make, drop: drop}
}

// Take is what was made of the text, for use until done is called. Who asks for
// the same text meanwhile waits for it, or for the end of its context. Failures
// are not kept.
func (s *Shelf[T]) Take(ctx context.Context, text string) (value T, done func(), err error) {
	e, first := s.find(text)
	if first {
		s.fill(ctx, e)
	} else if err := e.wait(ctx); err != nil {
		s.leave(e)
		return value, func() {}, err
	}
	if e.err != nil {
		s.forget(e)
		return value, func() {}, e.err
	}
	return e.value, sync.OnceFunc(func() { s.leave(e) }), nil
}

// fill makes an entry, on behalf of all who wait for it.
func (s *Shelf[T]) fill(ctx context.Context, e *entry[T]) {
	e.err = errors.New("it could not be made") // where make panics
	defer close(e.made)
	e.value, e.err = s.make(context.WithoutCancel(ctx), e.text)
}

// wait waits until the entry is made, or for the end of ctx.
func (e *entry[T]) wait(ctx context.Context) error {
	select {
	case <-e.made:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (s *Shelf[T]) find(text string) (e *entry[T], first bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.entries, func(e *entry[T]) bool { return e.text == text })
	if i < 0 {
		e = &entry[T]{text: text, made: make(chan struct{})}
	} else {
		e = s.entries[i]
		s.entries = slices.Delete(s.entries, i, i+1)
	}
	s.entries = append(s.entries, e)
	e.users++
	return e, i < 0
}

func (s *Shelf[T]) forget(e *entry[T]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.entries = slices.DeleteFunc(s.entries, func(o *entry[T]) bool { return o == e })
}

// leave ends a use, and drops what has not been used for longest.
func (s *Shelf[T]) leave(e *entry[T]) {
	s.mu.Lock()
	e.users--
	var gone []*entry[T]
	for i := 0; i < len(s.entries) && len(s.entries) > s.most; {
		if o := s.entries[i]; o.users == 0 {
			gone = append(gone, o)
			s.entries = slices.Delete(s.entries, i, i+1)
			continue
		}
		i++
	}
	s.mu.Unlock()
	for _, o := range gone {
		_ = s.drop(o.value) // nobody waits for it
	}
}

// Len is how many are kept.
func (s *Shelf[T]) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.entries)
}

// Close drops all. Nothing is in use any more.
func (s *Shelf[T]) Close() (errs []error) {
	s.mu.Lock()
	entries := s.entries
	s.entries = nil
	s.mu.Unlock()
	for _, e := range entries {
		errs = append(errs, s.drop(e.value))
	}
	return errs
}
