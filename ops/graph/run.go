package graph

import (
	"context"
	"fmt"
	"slices"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/condition"
)

// Emit receives the image that the sinks with the given indices read. It must
// be done with the image when it returns.
type Emit func(sinks []int, img ops.Image) error

// Run takes one photo through the graph and hands emit every image that a sink reads.
// src may be a stream that can be read only once; it stays the caller's.
// A result with several readers is computed once. Sinks that are not wanted are
// left out, and what only they read; choice is as [Graph.Choose] made it, and
// tells of all of them afterwards.
func (g *Graph) Run(ctx context.Context, src ops.Image, choice *Choice, emit Emit) error {
	r := newRun(g, src, choice)
	defer r.close()
	for i := range g.nodes {
		if r.readers[i] == 0 {
			continue
		}
		if err := r.compute(ctx, i, src); err != nil {
			return fmt.Errorf("step %s: %w", g.nodes[i].label, err)
		}
		if err := r.emit(i, emit); err != nil {
			return err
		}
	}
	return nil
}

// Reduction is by how much each side of a photo may be reduced as it is decoded,
// because one step alone reads it and says so. Size and orientation are those of
// the photo as stored.
func (g *Graph) Reduction(width, height, orientation int) float64 {
	var reader *node
	for i := range g.nodes {
		if !slices.Contains(g.nodes[i].inputs, 0) {
			continue
		}
		if reader != nil {
			return 1
		}
		reader = &g.nodes[i]
	}
	if reader == nil || len(reader.conditions) > 0 || slices.Contains(g.sinks, 0) {
		return 1
	}
	if r, ok := reader.operator.(ops.Reducer); ok {
		return r.Reduction(width, height, orientation)
	}
	return 1
}

// held is one node's image while it still has readers.
type held struct {
	ops.Image
	materialised bool // kept in memory or in a file: readable in any order, any number of times
	left         int  // readers to come
}

type run struct {
	graph   *Graph
	source  *ops.Source
	choice  *Choice
	readers []int // by node
	images  []held
	facts   *condition.Facts
	ran     map[int]bool // steps that changed the photo, by their place in the plan
	leftOut []string
	broken  *boundCondition // that left the last step out; nil where it ran
	// dryRun says that nothing is evaluated.
	dryRun bool
}

func newRun(g *Graph, src ops.Image, choice *Choice) *run {
	return &run{graph: g, source: src.Source, choice: choice, readers: g.readers(choice), images: make([]held, len(g.nodes)), facts: choice.of(src), ran: map[int]bool{}}
}

func (r *run) compute(ctx context.Context, i int, src ops.Image) error {
	n := &r.graph.nodes[i]
	out := held{left: r.readers[i]}
	if n.operator == nil {
		out.Image = src.Same()
	} else if err := r.apply(ctx, n, &out); err != nil {
		return err
	}
	if out.Source == nil { // made from no photo
		out.Source = src.Source
	}
	r.images[i] = out
	if r.readers[i] > 1 {
		return r.materialise(ctx, i)
	}
	return nil
}

func (r *run) apply(ctx context.Context, n *node, out *held) error {
	if holds, err := r.decide(ctx, n); err != nil {
		return err
	} else if !holds {
		r.pass(n, out)
		return nil
	}
	in := make([]ops.Image, len(n.inputs))
	for j, at := range n.inputs {
		if !r.streams(n, r.images[at].Image) {
			if err := r.materialise(ctx, at); err != nil {
				return err
			}
		}
		in[j] = r.images[at].Image
	}
	img, err := n.operator.Apply(r.keyed(ctx, n), in)
	if err != nil {
		return err
	}
	out.Image = img
	r.ran[n.step] = !img.Unchanged
	for _, at := range n.inputs {
		r.release(at)
	}
	return nil
}

func (r *run) streams(n *node, in ops.Image) bool {
	if turn, ok := n.operator.(autorotate); ok {
		return turn.lazy(in)
	}
	return n.sequential
}

// materialise evaluates the image of node i once, so that it can be read again.
func (r *run) materialise(ctx context.Context, i int) error {
	h := &r.images[i]
	if h.materialised || r.dryRun {
		return nil
	}
	whole, err := h.Pixels.Materialise(ctx, r.graph.env.InMemory, r.graph.env.Scratch)
	if err != nil {
		return err
	}
	h.Close()
	h.Pixels, h.materialised = whole, true
	return nil
}

func (r *run) emit(i int, emit Emit) error {
	sinks, readers, err := r.wanted(i)
	if err != nil {
		return err
	}
	if len(sinks) > 0 {
		if err := emit(sinks, r.images[i].Image); err != nil {
			return err
		}
	}
	for range readers {
		r.release(i)
	}
	return nil
}

func (r *run) release(i int) {
	if r.images[i].left--; r.images[i].left == 0 {
		r.images[i].Close()
	}
}

func (r *run) close() {
	for _, h := range r.images {
		h.Close()
	}
}
