package graph

import (
	"slices"

	"github.com/burnish-photo/burnish/config/strict"
	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/condition"
	"gopkg.in/yaml.v3"
)

// Check finds every fault of c, warnings among them. It builds no operator and
// loads no model.
func Check(c Config, reg *ops.Registry, env ops.Env) strict.Faults {
	b, faults := plan(c, reg)
	for _, p := range b.steps {
		if checker, ok := p.config.(ops.Checker); ok {
			faults = append(faults, strict.Place(p.step.params, checker.Check(env))...)
		}
	}
	return faults
}

// planned is a step whose names are resolved: inputs are indices into the
// plan, where -1 is the source.
type planned struct {
	spec       ops.Spec
	config     ops.Config
	grid       ops.Grid
	sequential bool
	inputs     []int
	when       *condition.Condition // nil: always
	label      string
	step       *Step
}

const source = -1

type blueprint struct {
	steps []planned
	taps  []int
}

// plan resolves names and parameters. Its blueprint is usable only where no
// fault but warnings came back.
func plan(c Config, reg *ops.Registry) (blueprint, strict.Faults) {
	var faults strict.Faults
	var b blueprint
	ids := map[string]int{Source: source}
	for i := range c.Steps {
		s := &c.Steps[i]
		p, fs := planStep(s, reg)
		faults = append(faults, fs...)
		p.inputs, fs = resolve(s, p, i-1, ids)
		faults = append(faults, fs...)
		p.when, fs = s.condition(p, ids)
		faults = append(faults, fs...)
		b.steps = append(b.steps, p)
		if s.ID == "" {
			continue
		}
		if _, taken := ids[s.ID]; taken {
			faults = append(faults, strict.At(s.id, "the id %q is already taken", s.ID))
			continue
		}
		ids[s.ID] = i
	}
	for _, t := range c.Taps {
		at, fs := lookup(t.From, t.Node, len(c.Steps)-1, ids)
		faults = append(faults, fs...)
		for i := range t.Through {
			p, fs := planStep(&t.Through[i], reg)
			faults = append(faults, fs...)
			p.inputs = []int{at}
			at = len(b.steps)
			b.steps = append(b.steps, p)
		}
		b.taps = append(b.taps, at)
	}
	return b, append(faults, b.warnings()...)
}

// planStep resolves all of a step but what it reads.
func planStep(s *Step, reg *ops.Registry) (planned, strict.Faults) {
	var faults strict.Faults
	p := planned{step: s, label: s.Operator}
	if s.ID != "" {
		p.label = s.ID + " (" + s.Operator + ")"
	}
	spec, ok := reg.Lookup(s.Operator)
	if why := reg.Refuse(s.Operator); !ok && why != "" {
		return p, append(faults, strict.At(s.key, "%s is no step: %s", s.Operator, why))
	}
	if !ok {
		return p, append(faults, strict.At(s.key, "unknown operator %q%s", s.Operator, strict.Suggest(s.Operator, reg.Names())))
	}
	p.spec = spec
	config, fs := s.parameters(spec)
	p.config = config
	p.grid, p.sequential = spec.Grid, spec.Sequential
	if v, ok := config.(ops.Varied); ok {
		p.grid, p.sequential = v.Traits()
	}
	return p, append(faults, fs...)
}

func lookup(name string, node *yaml.Node, before int, ids map[string]int) (int, strict.Faults) {
	if name == "" {
		return before, nil
	}
	if at, ok := ids[name]; ok {
		return at, nil
	}
	known := make([]string, 0, len(ids))
	for id := range ids {
		known = append(known, id)
	}
	slices.Sort(known)
	return source, strict.Faults{strict.At(node, "no step before has the id %q%s", name, strict.Suggest(name, known))}
}

// warnings finds steps that work, but not to their purpose.
func (b blueprint) warnings() (faults strict.Faults) {
	read := make([]bool, len(b.steps))
	mark := func(at int) {
		if at != source {
			read[at] = true
		}
	}
	moved := make([]string, len(b.steps))
	for i, p := range b.steps {
		for _, at := range p.inputs {
			mark(at)
			if at != source && moved[i] == "" {
				moved[i] = moved[at]
			}
		}
		switch {
		case p.grid == ops.NeedsGrid && moved[i] != "":
			faults = append(faults, strict.Warn(p.step.key, "%s sees the JPEG's block grid no more once %q has moved the pixels; put %s first", p.step.Operator, moved[i], p.step.Operator))
		case p.grid == ops.MovesGrid && moved[i] == "":
			moved[i] = p.step.Operator
		}
	}
	for _, at := range b.taps {
		mark(at)
	}
	for i, p := range b.steps {
		if !read[i] && p.spec.Name != "" {
			faults = append(faults, strict.Warn(p.step.key, "nothing reads the result of %s; it will not run", p.label))
		}
	}
	return faults
}
