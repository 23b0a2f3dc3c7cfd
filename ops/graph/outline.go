package graph

import (
	"bytes"
	"strings"

	"github.com/burnish-photo/burnish/ops"
	"gopkg.in/yaml.v3"
)

// Box is one step of a pipeline as it will run: fragments written out, and the
// turning upright in its place.
type Box struct {
	Name   string // of the operator, with its id where it has one
	Params string // as the configuration gives them, in a line; "" for none
	When   string // the conditions that it runs under; "" for none
	Inputs []int  // boxes that it reads; box 0 is the photo
	Runs   bool   // something reads it in the end
}

// Outline lists the boxes of c, and for every sink the box that it reads. It
// builds no operator.
func Outline(c Config, reg *ops.Registry) (boxes []Box, sinks []int, err error) {
	b, faults := plan(c, reg)
	if errs, _ := faults.Split(); len(errs) > 0 {
		return nil, nil, errs
	}
	g := &Graph{nodes: []node{{label: Source}}}
	l := newLayout(b, g)
	for i, p := range b.steps {
		l.add(i, node{label: p.label, step: i, conditions: p.conditions})
	}
	for _, at := range b.sinks {
		rotated := l.autorotated(at)
		g.sinks = append(g.sinks, rotated)
	}
	readers := g.readers(&Choice{})
	for i, n := range g.nodes {
		box := Box{Name: n.label, Inputs: n.inputs, Runs: readers[i] > 0}
		if i > 0 && n.step >= 0 {
			box.Params = inLine(b.steps[n.step].step.params)
		}
		var conditions []string
		for _, condition := range n.conditions {
			conditions = append(conditions, condition.String())
		}
		box.When = strings.Join(conditions, " and ")
		boxes = append(boxes, box)
	}
	return boxes, g.sinks, nil
}

// inLine writes parameters as they stand in the file, in YAML's flow form.
func inLine(params *yaml.Node) string {
	if params == nil || params.Kind != yaml.MappingNode || len(params.Content) == 0 {
		return ""
	}
	flow := *params
	flow.Style = yaml.FlowStyle
	var text bytes.Buffer
	enc := yaml.NewEncoder(&text)
	if err := enc.Encode(&flow); err != nil {
		return ""
	}
	return strings.Join(strings.Fields(strings.Trim(text.String(), "{}\n")), " ")
}
