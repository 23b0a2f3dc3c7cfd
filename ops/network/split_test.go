package network

import (
	"context"
	"errors"
	"testing"
)

func TestSplit(t *testing.T) {
	for _, c := range []struct {
		threads    int
		parameters int64
		runs, each int
	}{
		{1, 0, 1, 1}, {2, 2e6, 2, 1}, {3, 2e6, 3, 1}, {4, 2e6, 4, 1}, {5, 2e6, 4, 2},
		{8, 2e6, 4, 5}, {16, 2e6, 4, 13}, {8, 35e6, 1, 8},
	} {
		if runs, each := split(c.threads, c.parameters); runs != c.runs || each != c.each {
			t.Errorf("%d threads, %d parameters: %d runs of %d, want %d of %d", c.threads, c.parameters, runs, each, c.runs, c.each)
		}
	}
	if runs, each := split(0, 0); runs < 1 || each < 1 {
		t.Errorf("default: %d runs of %d", runs, each)
	}
}

// A photo that waits for others' tiles stops waiting when it is given up.
func TestWaitsForASlot(t *testing.T) {
	m := &session{slots: make(chan struct{}, 1)}
	m.slots <- struct{}{}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := m.restore(ctx, nil, 0, 0, nil, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if len(m.slots) != 1 {
		t.Error("it took a slot that it did not have")
	}
}
