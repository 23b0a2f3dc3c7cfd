package graph

import (
	"slices"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/condition"
	"github.com/burnish-photo/burnish/ops/diag"
)

// Choice is which taps are wanted of a photo. What the photo's first page
// decides holds for all of its pages.
type Choice struct {
	decided map[int]bool
	why     map[int]string // of taps that are left out
	photo   ops.Image      // that it began with; only its facts may still be used
	facts   *condition.Facts
}

// LeftOut reports whether a tap was found not to be wanted, and why.
func (c *Choice) LeftOut(tap int) (why string, yes bool) {
	why, yes = c.why[tap]
	return why, yes
}

// Choose decides on all taps whose conditions do not ask which steps ran; on
// the others the run does.
func (g *Graph) Choose(src ops.Image) (Choice, error) {
	c := Choice{photo: src, facts: condition.Of(src)}
	for tap, when := range g.choices {
		if when != nil && when.AsksWhatRan() {
			continue
		}
		if err := c.decide(tap, when, c.facts, nil); err != nil {
			return c, err
		}
	}
	return c, nil
}

// decide settles a tap, once.
func (c *Choice) decide(tap int, when *guard, facts *condition.Facts, ran map[int]bool) error {
	if c.decided[tap] {
		return nil
	}
	if c.decided == nil {
		c.decided, c.why = map[int]bool{}, map[int]string{}
	}
	c.decided[tap] = true
	if when == nil {
		return nil
	}
	holds, err := when.holds(facts, ran)
	if err == nil && !holds {
		c.why[tap] = when.broken(facts)
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

// choice compiles what a tap is wanted under, nil for always. It may ask for
// steps that stand before the tap's image.
func (t *Tap) choice(at int, in *scope) (*guard, diag.Diagnostics) {
	if t.When == "" {
		return nil, nil
	}
	before := map[string][]int{}
	for id, steps := range in.steps {
		if slices.Max(steps) <= at {
			before[id] = steps
		}
	}
	g, faults := newGuard(t.When, t.WhenNode, before)
	return &g, faults
}

// wanted are the taps that read node i, and how many of the image's readers
// they and those that were found not to be wanted only now are.
func (r *run) wanted(i int) (taps []int, readers int, err error) {
	for tap, at := range r.graph.taps {
		if _, out := r.choice.LeftOut(tap); at != i || out {
			continue
		}
		readers++
		if err := r.choice.decide(tap, r.graph.choices[tap], r.facts, r.ran); err != nil {
			return nil, readers, err
		}
		if _, out := r.choice.LeftOut(tap); !out {
			taps = append(taps, tap)
		}
	}
	return taps, readers, nil
}

// readers counts who reads each node's image, taps among them, from the end, so
// that what nothing reads counts for nothing either.
func (g *Graph) readers(c *Choice) []int {
	counts := make([]int, len(g.nodes))
	for tap, at := range g.taps {
		if _, out := c.LeftOut(tap); !out {
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
