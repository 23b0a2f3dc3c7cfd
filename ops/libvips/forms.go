package libvips

import (
	"context"
	"slices"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/diag"
	"gopkg.in/yaml.v3"
)

// WithLibvipsForm gives an operator that bears a libvips name that operation's own
// arguments as a second form. A step keeps to one form; parameters that both
// have leave it the operator's.
func WithLibvipsForm(s ops.Spec) ops.Spec {
	own := s.Config
	grid, sequential := s.Grid, s.Sequential
	s.Config = func() ops.Config {
		d, ok := describe(s.Name)
		if !ok { // this libvips lacks it, or does not run
			return own()
		}
		return &twoForms{Config: own(), libvips: newConfig(d), grid: grid, sequential: sequential}
	}
	return s
}

// twoForms is the operator's own Config until a step gives a libvips argument.
type twoForms struct {
	ops.Config
	libvips    *Config
	chosen     bool // the libvips form
	grid       ops.Grid
	sequential bool
}

// DecodeStrict chooses the form by the parameters that only one has.
func (e *twoForms) DecodeStrict(node *yaml.Node) diag.Diagnostics {
	if node.Kind != yaml.MappingNode {
		return diag.Decode(node, e.Config)
	}
	pairs, _ := diag.Pairs(node)
	own := e.own()
	var ours, theirs *yaml.Node
	for _, p := range pairs {
		_, native := e.libvips.is.arg(p.Key.Value)
		switch friendly := slices.Contains(own, p.Key.Value); {
		case friendly && !native && ours == nil:
			ours = p.Key
		case native && !friendly && theirs == nil:
			theirs = p.Key
		}
	}
	name := e.libvips.is.name
	switch {
	case ours != nil && theirs != nil:
		return diag.Diagnostics{diag.At(theirs, "%q is an argument of libvips' %s and does not mix with %q of Burnish's %s; keep to one form", theirs.Value, name, ours.Value, name)}
	case theirs != nil:
		e.chosen = true
		return diag.Decode(node, e.libvips)
	}
	if faults := e.unknown(pairs, own); len(faults) > 0 {
		return faults
	}
	return diag.Decode(node, e.Config)
}

// unknown finds parameters that neither form has.
func (e *twoForms) unknown(pairs []diag.Pair, own []string) (faults diag.Diagnostics) {
	for _, p := range pairs {
		if !slices.Contains(own, p.Key.Value) {
			names := append(slices.Clone(own), e.libvips.is.names()...)
			slices.Sort(names)
			faults = append(faults, diag.At(p.Key, "unknown key %q%s", p.Key.Value, diag.Suggest(p.Key.Value, slices.Compact(names))))
		}
	}
	return faults
}

func (e *twoForms) own() (names []string) {
	for _, p := range e.params() {
		names = append(names, p.Name)
	}
	return names
}

func (e *twoForms) params() []ops.Param {
	return ops.Spec{Config: func() ops.Config { return e.Config }}.Params()
}

// Params lists both forms.
func (e *twoForms) Params() []ops.Param { return append(e.params(), e.libvips.Params()...) }

func (e *twoForms) form() ops.Config {
	if e.chosen {
		return e.libvips
	}
	return e.Config
}

func (e *twoForms) Validate() error { return diag.Check(e.form()) }

func (e *twoForms) Check(env ops.Env) error {
	if c, ok := e.form().(ops.Checker); ok {
		return c.Check(env)
	}
	return nil
}

func (e *twoForms) Build(ctx context.Context, env ops.Env) (ops.Operator, error) {
	return e.form().Build(ctx, env)
}

func (e *twoForms) Ports() []ops.Port {
	if r, ok := e.form().(ops.InputDeclarer); ok {
		return r.Ports()
	}
	return ops.OneImage()
}

func (e *twoForms) Traits() (ops.Grid, bool) {
	if e.chosen {
		return e.libvips.is.traits()
	}
	if v, ok := e.Config.(ops.TraitsByConfig); ok {
		return v.Traits()
	}
	return e.grid, e.sequential
}

// MarshalYAML tells the forms apart in fingerprints.
func (e *twoForms) MarshalYAML() (any, error) {
	if e.chosen {
		return map[string]any{"libvips": e.libvips}, nil
	}
	return e.Config, nil
}

// Resources are those of the form that was chosen.
func (e *twoForms) Resources() []string {
	if e.chosen {
		return e.libvips.Resources()
	}
	return diag.Paths(e.Config)
}
