package onnx

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/burnish-photo/burnish/ops/device"
)

// stuck is whether ONNX Runtime was left at work on a model that did not open:
// it cannot be stopped, so it is not taken down under it either.
var stuck atomic.Bool

// longestOpening is how long a model may take to open. The runtime computes what
// it can of the graph then, and a known input runs through it: seconds on the
// CPU, where a graph with an endless Loop takes for ever. TensorRT and its like
// compile it for many minutes.
func longestOpening(d device.Device) time.Duration {
	switch d.Kind {
	case "", "cpu", "auto", "cuda":
		return 5 * time.Minute
	}
	return time.Hour
}

// bounded is open, or an error once limit has passed. What open comes to after
// that is dropped; the process is of no use for other models then.
func bounded(name string, limit time.Duration, open func() (*Model, error)) (*Model, error) {
	type opened struct {
		model *Model
		err   error
	}
	done := make(chan opened, 1)
	go func() {
		m, err := open()
		done <- opened{m, err}
	}()
	late := time.NewTimer(limit)
	defer late.Stop()
	select {
	case o := <-done:
		return o.model, o.err
	case <-late.C:
		stuck.Store(true)
		return nil, fmt.Errorf("open model %s: not open after %s: its graph may hold a loop that never ends; export it again, or name another model", name, limit)
	}
}
