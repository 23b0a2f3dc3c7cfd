package network

import (
	"context"
	"fmt"
	"sync"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/network/onnx"
)

// opened are the models in use, so that several pipelines share one session.
var opened = struct {
	sync.Mutex
	sessions map[sessionKey]*session
}{sessions: map[sessionKey]*session{}}

// sessionKey tells sessions apart: the same file on the same device.
type sessionKey struct {
	digest, device string
	contract       string // that was declared
	require        bool
	full           bool // in full precision
	unfused        bool // without fused kernels
	threads        int
	slots          int
}

// session is an opened model and the number of its users.
type session struct {
	*onnx.Model
	batches *batcher      // nil: tiles run as they come
	slots   chan struct{} // one for every tile under way, of whatever photos; nil: any number
	key     sessionKey
	users   int // guarded by opened
}

// acquire returns the model of that digest, opening it for its first user unless
// onlyOpen. On the CPU it runs so many tiles at a time. Each user gives it back
// with release.
func acquire(m Model, digest string, slots int, o onnx.Options, onlyOpen bool) (*session, error) {
	key := sessionKey{
		digest: digest, device: o.Device.WithOptions(), require: o.Require, full: o.FullPrecision, unfused: o.Unfused, threads: o.Threads, slots: slots,
	}
	if o.Contract = m.Contract; o.Contract != nil {
		key.contract = fmt.Sprintf("%+v", *o.Contract)
	}
	opened.Lock()
	defer opened.Unlock()
	if s := opened.sessions[key]; s != nil {
		s.users++
		return s, nil
	}
	if onlyOpen {
		return nil, fmt.Errorf("model %s: %w", m.Name, ops.ErrNotOpen)
	}
	model, err := m.open(o)
	if err != nil {
		return nil, err
	}
	s := &session{Model: model, key: key, users: 1}
	if most := batchOn(model); most > 1 {
		s.batches = newBatcher(model, most)
	}
	if model.Device().Kind == "cpu" {
		s.slots = make(chan struct{}, slots)
	}
	opened.sessions[key] = s
	return s, nil
}

// batchOn is how many tiles a device takes at a time: on a GPU that any shape
// suits, and of networks that take several. TensorRT builds an engine, for minutes, for every new shape.
func batchOn(m *onnx.Model) int {
	switch kind := m.Device().Kind; {
	case m.Contract().Alone || len(m.Contract().Form.Values) > 0:
		return 1
	case kind != "cuda" && kind != "migraphx" && kind != "webgpu":
		return 1
	case m.Contract().Parameters > largeNetwork:
		return gpuBatch / 4
	}
	return gpuBatch
}

// restore runs the network on one tile, perhaps together with others.
func (s *session) restore(ctx context.Context, in []float32, h, w int, out []float32, values []float64) error {
	if s.batches != nil {
		return s.batches.restore(ctx, in, h, w, out)
	}
	if s.slots != nil {
		select {
		case s.slots <- struct{}{}:
			defer func() { <-s.slots }()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return s.Run(ctx, in, 1, h, w, out, values...)
}

// retain takes one more use of a session.
func (s *session) retain() {
	opened.Lock()
	defer opened.Unlock()
	s.users++
}

// release gives up one use; the last closes the model.
func (s *session) release() error {
	opened.Lock()
	defer opened.Unlock()
	if s.users--; s.users > 0 {
		return nil
	}
	delete(opened.sessions, s.key)
	return s.Close()
}
