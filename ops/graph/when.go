package graph

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/condition"
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/ops/expression"
	"gopkg.in/yaml.v3"
)

// boundCondition is a condition with the steps that its ids mean.
type boundCondition struct {
	*condition.Condition
	steps map[string][]int
}

// conditions are the conditions that the step runs under: its own "when", and
// those of the uses around.
func (s *Step) conditions(p planned, in *scope) ([]boundCondition, diag.Diagnostics) {
	if s.When == "" {
		if len(p.inputs) == 0 {
			return nil, nil // made, if anybody asks for it
		}
		return in.conditions, nil
	}
	if p.config != nil && len(p.inputs) == 0 {
		return nil, diag.Diagnostics{diag.At(s.when, "%s makes an image and passes none on, so it cannot be left out; put \"when\" at the step that reads it", s.Operator)}
	}
	g, faults := bind(s.When, s.when, in.steps)
	if len(faults) > 0 {
		return nil, faults
	}
	return append(slices.Clone(in.conditions), g), nil
}

// bind compiles an expression that stands at node; steps are those that its
// ids mean.
func bind(text string, node *yaml.Node, steps map[string][]int) (boundCondition, diag.Diagnostics) {
	c, err := condition.Compile(text, slices.Sorted(maps.Keys(steps)))
	if err == nil {
		return boundCondition{c, steps}, nil
	}
	f := diag.At(node, "when: %s", err)
	var at *expression.Error
	if errors.As(err, &at) {
		f.Line, f.Column = within(node, at)
	}
	return boundCondition{}, diag.Diagnostics{f}
}

// holds decides; ran are the steps that changed the photo.
func (g *boundCondition) holds(facts *condition.Facts, ran map[int]bool) (bool, error) {
	return g.Holds(facts, func(id string) bool {
		return slices.ContainsFunc(g.steps[id], func(step int) bool { return ran[step] })
	})
}

// broken tells why it does not hold.
func (g *boundCondition) broken(facts *condition.Facts) string {
	why := "not (" + g.String() + ")"
	if told := g.Told(facts); told != "" {
		why += ": " + told
	}
	return why
}

// within is where a fault of an expression stands in the file.
func within(node *yaml.Node, f *expression.Error) (line, column int) {
	switch node.Style &^ yaml.TaggedStyle {
	case yaml.LiteralStyle, yaml.FoldedStyle: // begins on the next line, at an indent that YAML does not tell
		return node.Line + f.Line, f.Column
	case yaml.SingleQuotedStyle, yaml.DoubleQuotedStyle:
		f.Column++
	}
	if f.Line > 1 {
		return node.Line + f.Line - 1, f.Column
	}
	return node.Line, node.Column + f.Column - 1
}

// decide reports whether node n is to run on the photo.
func (r *run) decide(ctx context.Context, n *node) (bool, error) {
	r.broken = nil
	for i := range n.conditions {
		holds, err := n.conditions[i].holds(r.facts, r.ran)
		if damage, ok := r.facts.Measured(); ok {
			ops.Recording(ctx).Damaged(damage)
		}
		if err != nil {
			return false, err
		}
		if !holds {
			r.broken = &n.conditions[i]
			r.leftOut = append(r.leftOut, n.label)
			ops.Note(ctx, "left_out", strings.Join(r.leftOut, ", "))
			return false, nil
		}
	}
	return true, nil
}

// pass hands the first input of n on as it is.
func (r *run) pass(n *node, out *held) {
	out.Image = r.images[n.inputs[0]].Same()
	out.materialised = r.images[n.inputs[0]].materialised
	for _, at := range n.inputs {
		r.release(at)
	}
}
