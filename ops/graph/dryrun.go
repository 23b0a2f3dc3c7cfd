package graph

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/burnish-photo/burnish/ops"
)

// Preview is what would become of one step for a photo.
type Preview struct {
	Name         string
	Runs         bool
	Why          string // of a decision: the condition with the facts, or what the operator says
	Operator     ops.Operator
	In           []ops.Image // not computed; they end with the visit
	Out          ops.Image   // the same
	Materialised bool        // the result would be materialised, for several readers
	Sinks        []int       // that read the result and are wanted
}

// DryRun goes the way that the photo would take and computes no pixels but
// those that a decision needs. src may be read in any order, and stays the
// caller's; visit gets every step that something reads, in their order. choice
// is as for [Graph.Run].
func (g *Graph) DryRun(ctx context.Context, src ops.Image, choice *Choice, visit func(Preview) error) error {
	r := newRun(g, src, choice)
	r.dryRun = true
	defer r.close()
	for i := range g.nodes {
		n := &g.nodes[i]
		if r.readers[i] == 0 {
			continue
		}
		var notes ops.Notes
		f := Preview{Name: n.label, Operator: n.operator, Materialised: r.readers[i] > 1}
		for _, at := range n.inputs {
			f.In = append(f.In, r.images[at].Image)
			r.images[at].left++ // held until the visit is over
		}
		done := slices.Clone(n.inputs)
		err := r.compute(ops.WithDry(ops.WithNotes(ctx, &notes)), i, src)
		if err == nil {
			f.Out, f.Runs, f.Why = r.images[i].Image, r.runs(n), r.why(n, &notes)
			var readers int
			f.Sinks, readers, err = r.wanted(i)
			done = append(done, slices.Repeat([]int{i}, readers)...)
		}
		if err == nil {
			err = visit(f)
		}
		for _, at := range done {
			r.release(at)
		}
		if err != nil {
			return fmt.Errorf("step %s: %w", n.label, err)
		}
	}
	return nil
}

// runs reports whether the operator of n, just visited, had something to do.
func (r *run) runs(n *node) bool {
	return n.operator == nil || n.step < 0 || r.ran[n.step]
}

// why explains the decision on n.
func (r *run) why(n *node, notes *ops.Notes) string {
	if r.broken != nil {
		return r.broken.broken(r.facts)
	}
	var all []string
	for _, g := range n.conditions {
		why := g.String()
		if facts := g.Told(r.facts); facts != "" {
			why += ": " + facts
		}
		all = append(all, why)
	}
	for _, key := range []string{"left_alone", "evidence"} {
		if said := notes.All()[key]; said != "" {
			all = append(all, said)
		}
	}
	return strings.Join(all, "; ")
}
