package onnx

import (
	"context"
	"errors"
	"fmt"

	"github.com/burnish-photo/burnish/ops/device"
	ort "github.com/yalue/onnxruntime_go"
)

// Trial is a model that is opened on the CPU to find out how it behaves: it takes any
// contract that agrees on the inputs and the output, and makes no self-test.
type Trial struct {
	name    string
	graph   graph
	session *ort.DynamicAdvancedSession
}

// OpenTrial opens a model, whose contract needs no more than the names of the inputs
// and the output. The caller closes it.
func OpenTrial(name string, data []byte, c Contract, threads int) (*Trial, error) {
	if started() == nil {
		return nil, fmt.Errorf("open model %s: %w", name, ErrNotStarted)
	}
	g, err := readGraph(data)
	if err != nil {
		return nil, err
	}
	bound, err := g.names(c.Form)
	if err != nil {
		return nil, err
	}
	if err := allocations(data); err != nil {
		return nil, err
	}
	b := builder{name: name, data: data, codec: codec{c, bound}, graph: g, options: Options{Threads: threads}}
	s, err := b.session(device.CPU)
	if err != nil {
		return nil, errors.New(explainModel(err))
	}
	return &Trial{name, g, s}, nil
}

// Answer runs the network as a contract has it on one image of w × h pixels, from 0 to
// 1 in three planes. The error is the network's, or ctx's.
func (t *Trial) Answer(ctx context.Context, c Contract, in []float32, w, h int) ([]float32, error) {
	bound, err := t.graph.bind(c)
	if err != nil {
		return nil, err
	}
	out := make([]float32, len(in)*c.scale()*c.scale())
	var values []float64
	for _, v := range c.Form.Values {
		values = append(values, v.Test)
	}
	err = codec{c, bound}.run(ctx, t.session, in, 1, h, w, out, values)
	return out, err
}

// Close gives the session back.
func (t *Trial) Close() error { return t.session.Destroy() }
