package graph

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/burnish-photo/burnish/ops"
)

// Foreseen is what would become of one step for a photo.
type Foreseen struct {
	Name     string
	Runs     bool
	Why      string // of a decision: the condition with the facts, or what the operator says
	Operator ops.Operator
	In       []ops.Image // not computed; they end with the visit
	Out      ops.Image   // the same
	Whole    bool        // the result would be kept whole, for several readers
	Taps     []int       // that read the result
}

// Foresee goes the way that the photo would take and computes no pixels but
// those that a decision needs. src may be read in any order, and stays the
// caller's; visit gets every step that something reads, in their order.
func (g *Graph) Foresee(ctx context.Context, src ops.Image, visit func(Foreseen) error) error {
	r := newRun(g, src)
	r.foresees = true
	defer r.close()
	for i := range g.nodes {
		n := &g.nodes[i]
		if n.uses == 0 {
			continue
		}
		var notes ops.Notes
		f := Foreseen{Name: n.label, Operator: n.operator, Whole: n.uses > 1}
		for _, at := range n.inputs {
			f.In = append(f.In, r.images[at].Image)
			r.images[at].left++ // held until the visit is over
		}
		err := r.compute(ops.WithNotes(ctx, &notes), i, src)
		if err == nil {
			f.Out, f.Runs, f.Why = r.images[i].Image, r.runs(n), r.why(n, &notes)
			for t, at := range g.taps {
				if at == i {
					f.Taps = append(f.Taps, t)
				}
			}
			err = visit(f)
		}
		for _, at := range append(slices.Clone(n.inputs), repeated(i, len(f.Taps))...) {
			r.release(at)
		}
		if err != nil {
			return fmt.Errorf("step %s: %w", n.label, err)
		}
	}
	return nil
}

func repeated(i, times int) []int {
	all := make([]int, times)
	for n := range all {
		all[n] = i
	}
	return all
}

// runs reports whether the operator of n, just visited, had something to do.
func (r *run) runs(n *node) bool {
	return n.operator == nil || n.step < 0 || r.ran[n.step]
}

// why explains the decision on n.
func (r *run) why(n *node, notes *ops.Notes) string {
	if r.broken != nil {
		why := "not (" + r.broken.String() + ")"
		if facts := r.broken.Told(r.facts); facts != "" {
			why += ": " + facts
		}
		return why
	}
	var all []string
	for _, g := range n.guards {
		why := g.String()
		if facts := g.Told(r.facts); facts != "" {
			why += ": " + facts
		}
		all = append(all, why)
	}
	if left := notes.All()["left_alone"]; left != "" {
		all = append(all, left)
	}
	return strings.Join(all, "; ")
}
