package promptcir

import (
	"context"
	"sync"

	"github.com/burnish-photo/burnish/ops/network/onnx"
)

// opened are the models in use, so that several pipelines share one session.
var opened = struct {
	sync.Mutex
	models map[modelKey]*shared
}{models: map[modelKey]*shared{}}

// modelKey tells sessions apart: the same file on the same device.
type modelKey struct {
	digest, device string
	require        bool
	full           bool // in full precision
	plain          bool // no blocks in one piece
	threads        int
	runs           int
}

// shared is a model and the number of its users.
type shared struct {
	*onnx.Model
	batches *batcher      // nil: windows run as they come
	room    chan struct{} // has a place for every window under way, of whatever photos; nil: any number
	key     modelKey
	users   int // guarded by opened
}

// acquire returns the model of that digest, opening it for its first user. On
// the CPU it runs so many windows at a time. Each user gives it back with
// release.
func acquire(s source, digest string, runs int, o onnx.Options) (*shared, error) {
	key := modelKey{digest, o.Device.WithOptions(), o.Require, o.FullPrecision, o.Plain, o.Threads, runs}
	opened.Lock()
	defer opened.Unlock()
	if m := opened.models[key]; m != nil {
		m.users++
		return m, nil
	}
	model, err := openModel(s, o)
	if err != nil {
		return nil, err
	}
	m := &shared{Model: model, key: key, users: 1}
	if most := batchOn(model); most > 1 {
		m.batches = &batcher{run: model.Run, most: most}
	}
	if model.Device().Kind == "cpu" {
		m.room = make(chan struct{}, runs)
	}
	opened.models[key] = m
	return m, nil
}

// batchOn is how many windows a device takes at a time: on a GPU that any shape
// suits. TensorRT builds an engine, for minutes, for every new shape.
func batchOn(m *onnx.Model) int {
	switch kind := m.Device().Kind; {
	case kind != "cuda" && kind != "migraphx" && kind != "webgpu":
		return 1
	case m.Contract().Parameters > largeNetwork:
		return gpuBatch / 4
	}
	return gpuBatch
}

// restore runs the network on one window, perhaps together with others.
func (m *shared) restore(ctx context.Context, in []float32, h, w int, out []float32) error {
	if m.batches != nil {
		return m.batches.restore(ctx, in, h, w, out)
	}
	if m.room != nil {
		select {
		case m.room <- struct{}{}:
			defer func() { <-m.room }()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return m.Run(ctx, in, 1, h, w, out)
}

func openModel(s source, o onnx.Options) (*onnx.Model, error) {
	if s.path != "" {
		return onnx.Open(s.path, o)
	}
	return onnx.OpenBytes(s.name, s.data, o)
}

// retain takes one more use of a model in use.
func (m *shared) retain() {
	opened.Lock()
	defer opened.Unlock()
	m.users++
}

// release gives up one use; the last closes the model.
func (m *shared) release() error {
	opened.Lock()
	defer opened.Unlock()
	if m.users--; m.users > 0 {
		return nil
	}
	delete(opened.models, m.key)
	return m.Close()
}
