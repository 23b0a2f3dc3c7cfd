package adhoc

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
)

func TestShelfKeepsTheLatest(t *testing.T) {
	made, dropped := map[string]int{}, map[string]int{}
	s := New(2, func(_ context.Context, text string) (string, error) {
		made[text]++
		if text == "bad" {
			return "", errors.New("bad")
		}
		return text, nil
	}, func(v string) error { dropped[v]++; return nil })
	use := func(text string) {
		t.Helper()
		v, done, err := s.Take(t.Context(), text)
		if err != nil || v != text {
			t.Fatalf("got %q, %v", v, err)
		}
		done()
		done() // a second time is nothing
	}
	for _, text := range []string{"a", "b", "a", "c", "a"} {
		use(text)
	}
	if made["a"] != 1 || dropped["b"] != 1 || dropped["a"] != 0 {
		t.Errorf("made %v, dropped %v; want a made once and b dropped", made, dropped)
	}
	for range 2 {
		if _, _, err := s.Take(t.Context(), "bad"); err == nil {
			t.Error("the failure was kept from its caller")
		}
	}
	if made["bad"] != 2 || s.Len() != 2 {
		t.Errorf("a failure was made %d times and %d are kept, want 2 and 2", made["bad"], s.Len())
	}
	s.Close()
	if dropped["a"] != 1 || dropped["c"] != 1 {
		t.Errorf("dropped %v at the end", dropped)
	}
}

func TestShelfDropsNothingInUse(t *testing.T) {
	var dropped atomic.Int64
	s := New(1, func(_ context.Context, text string) (*atomic.Bool, error) { return &atomic.Bool{}, nil },
		func(v *atomic.Bool) error { v.Store(true); dropped.Add(1); return nil })
	var all sync.WaitGroup
	for i := range 200 {
		all.Go(func() {
			v, done, err := s.Take(t.Context(), fmt.Sprint(i%7))
			if err != nil || v.Load() {
				t.Errorf("got one that was dropped: %v", err)
			}
			if v.Load() {
				t.Error("dropped in use")
			}
			done()
		})
	}
	all.Wait()
	if s.Len() > 1 {
		t.Errorf("%d are kept, want 1", s.Len())
	}
}
