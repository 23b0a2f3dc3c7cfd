package network

import (
	"context"
	"sync"

	"github.com/burnish-photo/burnish/ops/network/onnx"
)

// batcher gathers the tiles, of whatever photos, that come while the device
// is busy, and runs them together. It has no goroutine: whoever comes first
// runs a batch, and hands on to one that waits. It is safe for concurrent use.
type batcher struct {
	run func(ctx context.Context, in []float32, n, h, w int, out []float32) error

	mu    sync.Mutex
	most  int // tiles of a batch, a power of two; halved where memory did not do
	busy  bool
	queue []*request

	in, out []float32 // of a batch; the leader's
}

// newBatcher runs at most so many tiles at a time on a model without other inputs
// than the image.
func newBatcher(m *onnx.Model, most int) *batcher {
	return &batcher{most: most, run: func(ctx context.Context, in []float32, n, h, w int, out []float32) error {
		return m.Run(ctx, in, n, h, w, out)
	}}
}

// request is one tile that waits for its answer.
type request struct {
	ctx     context.Context
	in, out []float32
	h, w    int
	err     error
	turn    chan bool // true: lead the next batch; false: the answer is there
}

// restore runs the network on one tile: in and out are as [onnx.Model.Run]
// has them, for one image.
func (b *batcher) restore(ctx context.Context, in []float32, h, w int, out []float32) error {
	r := &request{ctx: ctx, in: in, out: out, h: h, w: w, turn: make(chan bool, 1)}
	b.mu.Lock()
	b.queue = append(b.queue, r)
	lead := !b.busy
	b.busy = true
	b.mu.Unlock()
	if !lead && !<-r.turn {
		return r.err
	}
	batch := b.take()
	b.answer(batch)
	for _, other := range batch[1:] {
		other.turn <- false
	}
	b.handOn()
	return r.err
}

// take removes the first request, the leader's, and as many others of its shape
// as make a power of two, so that the device meets few shapes.
func (b *batcher) take() []*request {
	b.mu.Lock()
	defer b.mu.Unlock()
	first := b.queue[0]
	var batch, rest []*request
	for _, r := range b.queue {
		if r.h == first.h && r.w == first.w && len(batch) < b.most {
			batch = append(batch, r)
		} else {
			rest = append(rest, r)
		}
	}
	n := 1
	for 2*n <= len(batch) {
		n *= 2
	}
	b.queue = append(append([]*request{}, batch[n:]...), rest...)
	return batch[:n]
}

// handOn lets the next in line lead.
func (b *batcher) handOn() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.queue) == 0 {
		b.busy = false
		return
	}
	b.queue[0].turn <- true
}

// answer fills the requests' answers or errors. A batch that fails is divided,
// so that a tile's error is its own; one that ran out of memory makes those
// to come smaller.
func (b *batcher) answer(batch []*request) {
	if len(batch) == 1 {
		r := batch[0]
		r.err = b.run(r.ctx, r.in, 1, r.h, r.w, r.out)
		return
	}
	n, size, answer := len(batch), len(batch[0].in), len(batch[0].out)
	if cap(b.in) < n*size {
		b.in, b.out = make([]float32, n*size), make([]float32, n*answer)
	}
	in, out := b.in[:n*size], b.out[:n*answer]
	for i, r := range batch {
		copy(in[i*size:], r.in)
	}
	// One photo's end must not end the others': they share a few milliseconds.
	err := b.run(context.WithoutCancel(batch[0].ctx), in, n, batch[0].h, batch[0].w, out)
	if err != nil {
		if onnx.OutOfMemory(err) {
			b.mu.Lock()
			b.most = min(b.most, n/2)
			b.mu.Unlock()
		}
		b.answer(batch[:n/2])
		b.answer(batch[n/2:])
		return
	}
	for i, r := range batch {
		copy(r.out, out[i*answer:][:answer])
		r.err = r.ctx.Err()
	}
}
