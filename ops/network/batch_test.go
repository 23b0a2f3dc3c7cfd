package network

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"
)

// counting is a device that counts the batches that it runs, and adds 1 to what it is given. The
// first run waits until the gate opens, so that others gather behind it.
type counting struct {
	mu      sync.Mutex
	batches []int
	gate    chan struct{}
	fail    func(in []float32, n int) error
}

func (d *counting) run(_ context.Context, in []float32, n, _, _ int, out []float32) error {
	<-d.gate
	d.mu.Lock()
	d.batches = append(d.batches, n)
	d.mu.Unlock()
	if d.fail != nil {
		if err := d.fail(in, n); err != nil {
			return err
		}
	}
	for i, v := range in {
		out[i] = v + 1
	}
	return nil
}

// gather sends n tiles of the values 0 to n-1 at once, all but the first
// while that one runs, and returns their errors.
func gather(t *testing.T, b *batcher, d *counting, n int, ctx func(i int) context.Context) []error {
	t.Helper()
	d.gate = make(chan struct{})
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			in, out := []float32{float32(i), 0, 0}, make([]float32, 3)
			errs[i] = b.restore(ctx(i), in, 1, 1, out)
			if errs[i] == nil && out[0] != float32(i)+1 {
				t.Errorf("tile %d got the answer %v", i, out[0])
			}
		})
		for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
			b.mu.Lock()
			there := b.busy && len(b.queue) == max(i, 0) || !b.busy
			b.mu.Unlock()
			if there && (i > 0 || b.started()) {
				break
			}
			if time.Now().After(deadline) {
				t.Fatal("the tiles did not gather")
			}
		}
	}
	close(d.gate)
	wg.Wait()
	return errs
}

// started reports whether the first tile has left the queue.
func (b *batcher) started() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.busy && len(b.queue) == 0
}

func plain(int) context.Context { return context.Background() }

func TestBatches(t *testing.T) {
	d := &counting{}
	b := &batcher{run: d.run, most: 4}
	if err := errors.Join(gather(t, b, d, 8, plain)...); err != nil {
		t.Error(err)
	}
	// One alone, then seven that had gathered: four, two, one.
	if !slices.Equal(d.batches, []int{1, 4, 2, 1}) {
		t.Errorf("batches of %v", d.batches)
	}
	if b.busy || len(b.queue) > 0 {
		t.Error("it is busy at the end")
	}
}

func TestBatchesShrinkForMemory(t *testing.T) {
	d := &counting{fail: func(_ []float32, n int) error {
		if n > 2 {
			return errors.New("CUDA failure 2: out of memory")
		}
		return nil
	}}
	b := &batcher{run: d.run, most: 8}
	for range 2 {
		if err := errors.Join(gather(t, b, d, 9, plain)...); err != nil {
			t.Error(err)
		}
	}
	// The size that worked is remembered.
	if b.most != 2 || !slices.Equal(d.batches, []int{1, 8, 4, 2, 2, 4, 2, 2, 1, 2, 2, 2, 2}) {
		t.Errorf("at most %d, batches of %v", b.most, d.batches)
	}
}

func TestAnErrorStaysWithItsTile(t *testing.T) {
	broken := errors.New("not finite")
	d := &counting{fail: func(in []float32, _ int) error {
		if slices.Contains(in, 3) {
			return broken
		}
		return nil
	}}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	b := &batcher{run: d.run, most: 4}
	errs := gather(t, b, d, 5, func(i int) context.Context {
		if i == 2 {
			return ended
		}
		return context.Background()
	})
	for i, err := range errs {
		want := map[int]error{2: context.Canceled, 3: broken}[i]
		if i == 2 && err == nil { // it ran alone, and the device knows no contexts
			continue
		}
		if !errors.Is(err, want) {
			t.Errorf("tile %d: %v", i, err)
		}
	}
	if b.most != 4 {
		t.Errorf("batches shrank to %d", b.most)
	}
}

// A real network must answer in a batch as it does alone.
func TestBatchOnANetwork(t *testing.T) {
	model, err := opening(t, "identity")()
	if err != nil {
		t.Fatal(err)
	}
	defer model.release()
	b := newBatcher(model.Model, 4)
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			in, out := pairOf(64+16*(i%2), 32)
			if err := b.restore(t.Context(), in.Pix, in.Rect.H, in.Rect.W, out.Pix); err != nil {
				t.Error(err)
			}
			for j, v := range in.Pix {
				if d := v - out.Pix[j]; d > 1e-6 || d < -1e-6 {
					t.Errorf("tile %d: value %d is %v, was %v", i, j, out.Pix[j], v)
					return
				}
			}
		})
	}
	wg.Wait()
}
