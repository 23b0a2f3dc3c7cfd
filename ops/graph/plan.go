package graph

import (
	"maps"
	"slices"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/diag"
	"gopkg.in/yaml.v3"
)

// planned is a step whose names are resolved: inputs are indices into the
// plan, where -1 is the source.
type planned struct {
	spec       ops.Spec
	config     ops.Config
	grid       ops.Grid
	sequential bool
	inputs     []int
	conditions []boundCondition // the step runs where all hold
	label      string
	step       *Step
}

const source = -1

// blueprint is a pipeline with its fragments written out.
type blueprint struct {
	steps   []planned
	sinks   []int
	choices []*boundCondition // by sink; nil: always wanted
}

// planner writes a pipeline out as a blueprint.
type planner struct {
	blueprint
	fragments map[string]Fragment
	reg       *ops.Registry
	faults    diag.Diagnostics
	outermost *yaml.Node // the pipeline's use that is written out
	written   int        // steps, and uses of fragments
}

// maxSteps bounds the steps of a pipeline with its fragments written out: a few
// fragments that use each other several times come to billions.
const maxSteps = 2000

// full reports whether the pipeline has too many steps, which it tells of once.
func (p *planner) full() bool {
	if p.written++; p.written == maxSteps+1 {
		p.fault(diag.At(p.outermost, "with fragments expanded the pipeline has more than %d steps; nest fewer fragments", maxSteps))
	}
	return p.written > maxSteps
}

// scope is where ids are known: a pipeline, or one use of a fragment.
type scope struct {
	ids        map[string]int   // the step whose image an id means
	steps      map[string][]int // all steps that an id stands for
	before     int              // the step before
	later      map[string]bool  // ids of steps further down, and of the step itself
	conditions []boundCondition // of the uses around
	name       string           // of the fragment, with a slash; "" in a pipeline
	within     []string         // the fragments around
}

func newScope(before int) *scope {
	return &scope{ids: map[string]int{Source: source}, steps: map[string][]int{}, before: before}
}

// plan resolves names and parameters. Its blueprint is usable only where no
// fault but warnings came back.
func plan(c Config, reg *ops.Registry) (blueprint, diag.Diagnostics) {
	p := &planner{fragments: c.Fragments, reg: reg}
	top := newScope(source)
	p.add(c.Steps, top)
	for _, t := range c.Sinks {
		at, fs := top.lookup(t.From, t.Node)
		p.faults = append(p.faults, fs...)
		for i := range t.Through {
			through := newScope(at)
			p.operator(&t.Through[i], through)
			at = through.before
		}
		p.sinks = append(p.sinks, at)
		when, fs := t.choice(at, top)
		p.choices, p.faults = append(p.choices, when), append(p.faults, fs...)
	}
	return p.blueprint, append(p.faults, p.warnings()...)
}

// add plans steps one after the other.
func (p *planner) add(steps []Step, in *scope) {
	in.later = map[string]bool{}
	for _, s := range steps {
		in.later[s.ID] = true
	}
	for i := range steps {
		s := &steps[i]
		first := len(p.steps)
		if len(in.within) == 0 {
			p.outermost = s.node
		}
		if p.full() {
			return
		}
		if s.Use != "" {
			p.use(s, in)
		} else {
			p.operator(s, in)
		}
		if s.ID == "" {
			continue
		}
		if _, taken := in.ids[s.ID]; taken {
			p.faults = append(p.faults, diag.At(s.id, "the id %q is already taken", s.ID))
			continue
		}
		in.ids[s.ID] = in.before
		for at := first; at < len(p.steps); at++ {
			in.steps[s.ID] = append(in.steps[s.ID], at)
		}
	}
}

// operator plans one step with an operator.
func (p *planner) operator(s *Step, in *scope) {
	step, faults := planStep(s, p.reg)
	step.label = in.name + step.label
	var fs diag.Diagnostics
	step.inputs, fs = resolve(s, step, in)
	faults = append(faults, fs...)
	step.conditions, fs = s.conditions(step, in)
	p.faults = append(p.faults, append(faults, fs...)...)
	in.before = len(p.steps)
	p.steps = append(p.steps, step)
}

// planStep resolves all of a step but what it reads.
func planStep(s *Step, reg *ops.Registry) (planned, diag.Diagnostics) {
	p := planned{step: s, label: s.Operator}
	if s.ID != "" {
		p.label = s.ID + " (" + s.Operator + ")"
	}
	spec, ok := reg.Lookup(s.Operator)
	if why := reg.Refuse(s.Operator); !ok && why != "" {
		return p, diag.Diagnostics{diag.At(s.key, "%s is not an operator: %s", s.Operator, why)}
	}
	if !ok {
		return p, diag.Diagnostics{diag.At(s.key, "unknown operator %q%s", s.Operator, diag.Suggest(s.Operator, reg.Names()))}
	}
	p.spec = spec
	config, faults := s.parameters(spec)
	p.config = config
	p.grid, p.sequential = spec.Grid, spec.Sequential
	if v, ok := config.(ops.TraitsByConfig); ok {
		p.grid, p.sequential = v.Traits()
	}
	return p, faults
}

// lookup is the step that an id means; "" means the step before.
func (in *scope) lookup(name string, node *yaml.Node) (int, diag.Diagnostics) {
	if name == "" {
		return in.before, nil
	}
	if at, ok := in.ids[name]; ok {
		return at, nil
	}
	if in.later[name] {
		return source, diag.Diagnostics{diag.At(node, "no step above has the id %q; a step can only read steps above it", name)}
	}
	known := slices.Sorted(maps.Keys(in.ids))
	return source, diag.Diagnostics{diag.At(node, "no step above has the id %q%s", name, diag.Suggest(name, known))}
}
