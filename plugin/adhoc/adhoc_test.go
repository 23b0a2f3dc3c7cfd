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

// Who waits for what another makes goes when its context ends, and is not left
// behind where that fails for good.
func TestWhoWaitsMayGo(t *testing.T) {
	began, hold := make(chan bool), make(chan bool)
	s := New(1, func(_ context.Context, text string) (string, error) {
		began <- true
		if !<-hold {
			panic("a fault")
		}
		return text, nil
	}, func(string) error { return nil })
	take := func(ctx context.Context) chan error {
		c := make(chan error, 1)
		go func() {
			defer func() {
				if p := recover(); p != nil {
					c <- fmt.Errorf("panic: %v", p)
				}
			}()
			_, done, err := s.Take(ctx, "a")
			done()
			c <- err
		}()
		return c
	}
	first := take(t.Context())
	<-began
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := <-take(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("who went got %v", err)
	}
	second := take(t.Context())
	hold <- false
	if err := <-first; err == nil {
		t.Error("the panic was swallowed")
	}
	select {
	case err := <-second:
		if err == nil {
			t.Error("what was not made was handed out")
		}
	case <-began:
		hold <- true
		<-second
	}
	third := take(t.Context())
	select {
	case <-began:
		hold <- true
	case err := <-third:
		third <- err
	}
	if err := <-third; err != nil {
		t.Errorf("after a panic: %v", err)
	}
}
