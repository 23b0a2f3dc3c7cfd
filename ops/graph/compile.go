package graph

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/burnish-photo/burnish/ops"
)

// Graph is a compiled pipeline. It may run on several photos at a time.
type Graph struct {
	nodes                        []node
	sinks                        []int             // per Config.Sinks, an index into nodes
	choices                      []*boundCondition // the same; nil: always wanted
	env                          ops.Env
	fingerprint, settings, build string

	steps   []Part // by step of the plan
	outputs []Part // by sink
}

// node is one image of the graph. Node 0 is the source; the inputs of a node
// stand before it.
type node struct {
	label      string
	operator   ops.Operator
	sequential bool
	inputs     []int
	step       int              // in the plan; -1 for a turning upright
	conditions []boundCondition // it runs where all hold
}

// Compile checks c and builds its operators. The caller closes the graph.
func Compile(ctx context.Context, c Config, reg *ops.Registry, env ops.Env) (*Graph, error) {
	b, faults := plan(c, reg)
	if errs, _ := faults.Split(); len(errs) > 0 {
		return nil, errs
	}
	g := &Graph{env: env, nodes: []node{{label: Source}}}
	prints, parts := newFingerprints(), &parts{}
	l := newLayout(b, g)
	for i, p := range b.steps {
		operator, err := p.config.Build(ctx, env)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("step %s: %w", p.label, err), g.Close())
		}
		l.add(i, node{label: p.label, operator: operator, sequential: p.sequential, step: i, conditions: p.conditions})
		if err := errors.Join(prints.step(p, operator), parts.step(p, operator, l.stored[i])); err != nil {
			return nil, errors.Join(fmt.Errorf("step %s: %w", p.label, err), g.Close())
		}
	}
	for _, at := range b.sinks {
		g.sinks = append(g.sinks, l.autorotated(at))
	}
	g.choices = b.choices
	g.steps, g.outputs = parts.steps, parts.sinks(b)
	if err := prints.sinks(b); err != nil {
		return nil, errors.Join(err, g.Close())
	}
	g.fingerprint, g.settings, g.build = sum(prints.all), sum(prints.settings), sum(prints.build)
	return g, nil
}

// DependsOnPath reports whether a photo's folder, name or date decides what becomes of
// it, so that a copy of it elsewhere may come out otherwise.
func (g *Graph) DependsOnPath() bool {
	if slices.ContainsFunc(g.choices, func(when *boundCondition) bool { return when != nil && when.DependsOnPath() }) {
		return true
	}
	return slices.ContainsFunc(g.nodes, func(n node) bool {
		return slices.ContainsFunc(n.conditions, func(g boundCondition) bool { return g.DependsOnPath() })
	})
}

// Describe lists what the operators say of themselves, in the steps' order.
func (g *Graph) Describe() []string {
	var lines []string
	for _, n := range g.nodes {
		if d, ok := n.operator.(ops.Describer); ok {
			lines = append(lines, d.Describe())
		}
	}
	return lines
}

// Close gives back what the operators hold.
func (g *Graph) Close() error {
	var errs []error
	for _, n := range g.nodes {
		if c, ok := n.operator.(io.Closer); ok {
			errs = append(errs, c.Close())
		}
	}
	return errors.Join(errs...)
}

// EstimateCost adds up what the operators say that a photo will take, as far as they
// can tell. Steps that a condition may leave out count.
func (g *Graph) EstimateCost(width, height, pixel int) (all ops.Cost) {
	for _, n := range g.nodes {
		if o, ok := n.operator.(ops.CostEstimator); ok {
			w := o.EstimateCost(width, height, pixel)
			all.Bytes += w.Bytes
			all.Pixels += w.Pixels
			all.MACs += w.MACs
		}
	}
	return all
}
