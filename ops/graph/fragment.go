package graph

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/diag"
)

// Fragment is a chain of steps that pipelines share. Its first step reads what
// the step that uses it reads, which its steps may also name "input"; ids in it
// are its own. What it gives is its last step's image.
type Fragment struct {
	Steps []Step `yaml:"steps" help:"the first reads what the fragment is used on"`
}

// Input is the id, within a fragment, of what the fragment is used on.
const Input = "input"

// CheckFragment finds the faults of a fragment by itself, for one that no
// pipeline uses.
func CheckFragment(name string, fragments map[string]Fragment, reg *ops.Registry, env ops.Env) diag.Diagnostics {
	s := Step{Use: name}
	return Check(Config{Steps: []Step{s}, Fragments: fragments, Sinks: []Sink{{}}}, reg, env)
}

// Uses lists the fragments that steps name, those that these name among them.
func Uses(steps []Step, fragments map[string]Fragment) map[string]bool {
	used := map[string]bool{}
	var look func(steps []Step)
	look = func(steps []Step) {
		for _, s := range steps {
			if s.Use != "" && !used[s.Use] {
				used[s.Use] = true
				look(fragments[s.Use].Steps)
			}
		}
	}
	look(steps)
	return used
}

// use writes a fragment out in place of the step that names it.
func (p *planner) use(s *Step, outer *scope) {
	f, ok := p.fragments[s.Use]
	switch {
	case !ok:
		p.fault(diag.At(s.use, "there is no fragment %q%s", s.Use, diag.Suggest(s.Use, slices.Sorted(maps.Keys(p.fragments)))))
		return
	case slices.Contains(outer.within, s.Use):
		p.fault(diag.At(s.use, "the fragment %q uses itself: %s", s.Use, strings.Join(append(outer.within, s.Use), " → ")))
		return
	case len(f.Steps) == 0:
		p.fault(diag.At(s.use, "the fragment %q has no steps", s.Use))
		return
	}
	if p.outermost == nil { // a fragment by itself
		p.outermost = f.Steps[0].node
	}
	read, faults := s.given(ops.OneImage(), outer)
	if len(faults) > 0 {
		p.faults = append(p.faults, faults...)
		return
	}
	conditions, faults := s.conditions(planned{inputs: read}, outer)
	p.faults = append(p.faults, faults...)
	inner := newScope(read[0])
	inner.ids[Input] = read[0]
	inner.conditions = conditions
	inner.name = outer.name + s.Use + "/"
	inner.within = append(slices.Clone(outer.within), s.Use)
	p.add(f.Steps, inner)
	outer.before = inner.before
	if len(conditions) > len(outer.conditions) && !p.passes(inner.before, read[0]) {
		outer.before = p.choose(s, inner.before, read[0], conditions)
	}
}

func (p *planner) fault(f diag.Diagnostic) { p.faults = append(p.faults, f) }

// passes reports whether steps that are left out hand on from by themselves, all
// the way to step at: each the first image that it reads.
func (p *planner) passes(at, from int) bool {
	for at != from {
		if at == source || len(p.steps[at].inputs) == 0 {
			return false
		}
		at = p.steps[at].inputs[0]
	}
	return true
}

// choose adds a step that gives made where the conditions hold, and input else.
func (p *planner) choose(s *Step, made, input int, conditions []boundCondition) int {
	p.steps = append(p.steps, planned{
		spec: ops.Spec{Name: "use", Version: 1}, config: chooser{}, grid: ops.KeepsGrid, sequential: true,
		inputs: []int{input, made}, conditions: conditions, label: "use " + s.Use, step: s,
	})
	return len(p.steps) - 1
}

// chooser gives its second image; left out, it passes the first on.
type chooser struct{}

func (chooser) Build(context.Context, ops.Env) (ops.Operator, error) { return chooser{}, nil }

func (chooser) Apply(_ context.Context, in []ops.Image) (ops.Image, error) {
	second := in[1].Same()
	second.Unchanged = false
	return second, nil
}
