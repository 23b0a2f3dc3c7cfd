package graph

import (
	"slices"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/condition"
	"github.com/burnish-photo/burnish/ops/diag"
)

// Choice is which sinks are wanted of a photo. What the photo's first page
// decides holds for all of its pages.
type Choice struct {
	decided map[int]bool
	why     map[int]string // of sinks that are left out
	omitted map[int]bool   // sinks that nobody asks for
	photo   ops.Image      // that it began with; only its facts may still be used
	facts   *condition.Facts
}

// LeftOut reports whether a sink was found not to be wanted, and why.
func (c *Choice) LeftOut(sink int) (why string, yes bool) {
	why, yes = c.why[sink]
	return why, yes
}

// Omit lets runs leave out a sink, and what only it reads, whether or not it is
// wanted.
func (c *Choice) Omit(sink int) {
	if c.omitted == nil {
		c.omitted = map[int]bool{}
	}
	c.omitted[sink] = true
}

// skips reports whether a sink is known to get nothing.
func (c *Choice) skips(sink int) bool {
	_, out := c.why[sink]
	return out || c.omitted[sink]
}

// Choose decides on all sinks whose conditions do not ask which steps ran; on
// the others the run does.
func (g *Graph) Choose(src ops.Image) (Choice, error) {
	c := Choice{photo: src, facts: condition.Of(src)}
	for sink, when := range g.choices {
		if when != nil && when.AsksWhatRan() {
			continue
		}
		if err := c.decide(sink, when, c.facts, nil); err != nil {
			return c, err
		}
	}
	return c, nil
}

// decide settles a sink, once.
func (c *Choice) decide(sink int, when *boundCondition, facts *condition.Facts, ran map[int]bool) error {
	if c.decided[sink] {
		return nil
	}
	if c.decided == nil {
		c.decided, c.why = map[int]bool{}, map[int]string{}
	}
	c.decided[sink] = true
	if when == nil {
		return nil
	}
	holds, err := when.holds(facts, ran)
	if err == nil && !holds {
		c.why[sink] = when.broken(facts)
	}
	return err
}

// of are the photo's facts.
func (c *Choice) of(src ops.Image) *condition.Facts {
	if c.facts != nil && c.photo.Pixels == src.Pixels {
		return c.facts
	}
	return condition.Of(src)
}

// choice compiles what a sink is wanted under, nil for always. It may ask for
// steps that stand before the sink's image.
func (t *Sink) choice(at int, in *scope) (*boundCondition, diag.Diagnostics) {
	if t.When == "" {
		return nil, nil
	}
	before := map[string][]int{}
	for id, steps := range in.steps {
		if slices.Max(steps) <= at {
			before[id] = steps
		}
	}
	g, faults := bind(t.When, t.WhenNode, before)
	return &g, faults
}

// wanted are the sinks that read node i, and how many of the image's readers
// they and those that were found not to be wanted only now are.
func (r *run) wanted(i int) (sinks []int, readers int, err error) {
	for sink, at := range r.graph.sinks {
		if at != i || r.choice.skips(sink) {
			continue
		}
		readers++
		if err := r.choice.decide(sink, r.graph.choices[sink], r.facts, r.ran); err != nil {
			return nil, readers, err
		}
		if _, out := r.choice.LeftOut(sink); !out {
			sinks = append(sinks, sink)
		}
	}
	return sinks, readers, nil
}

// readers counts who reads each node's image, sinks among them, from the end, so
// that what nothing reads counts for nothing either.
func (g *Graph) readers(c *Choice) []int {
	counts := make([]int, len(g.nodes))
	for sink, at := range g.sinks {
		if !c.skips(sink) {
			counts[at]++
		}
	}
	for i := len(g.nodes) - 1; i > 0; i-- {
		if counts[i] == 0 {
			continue
		}
		for _, at := range g.nodes[i].inputs {
			counts[at]++
		}
	}
	return counts
}
