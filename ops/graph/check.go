package graph

import (
	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/diag"
)

// Check finds every fault of c, warnings among them. It builds no operator and
// loads no model.
func Check(c Config, reg *ops.Registry, env ops.Env) diag.Diagnostics {
	b, faults := plan(c, reg)
	for _, p := range b.steps {
		if checker, ok := p.config.(ops.Checker); ok {
			faults = append(faults, diag.Locate(p.step.params, checker.Check(env))...)
		}
	}
	return faults
}

// warnings finds steps that work, but not to their purpose.
func (b blueprint) warnings() (faults diag.Diagnostics) {
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
			faults = append(faults, diag.Warn(p.step.key, "%s sees the JPEG's block grid no more once %q has moved the pixels; put %s first", p.step.Operator, moved[i], p.step.Operator))
		case p.grid == ops.MovesGrid && moved[i] == "":
			moved[i] = p.step.Operator
		}
	}
	for _, at := range b.sinks {
		mark(at)
	}
	for i, p := range b.steps {
		if !read[i] && p.spec.Name != "" {
			faults = append(faults, diag.Warn(p.step.key, "nothing reads the result of %s; it will not run", p.label))
		}
	}
	return faults
}

// Resources names what the steps of c open or run beside the photo: files and
// programs, each with its step. It builds no operator. Steps with faults are left
// out.
func (c Config) Resources(reg *ops.Registry) (all []string) {
	b, _ := plan(c, reg)
	for _, p := range b.steps {
		if p.config == nil {
			continue
		}
		for _, name := range resources(p.config) {
			all = append(all, p.label+": "+name)
		}
	}
	return all
}

// resources are those that parameters tell of by themselves, or else the paths
// among them.
func resources(c ops.Config) []string {
	if u, ok := c.(ops.ResourceUser); ok {
		return u.Resources()
	}
	return diag.Paths(c)
}
