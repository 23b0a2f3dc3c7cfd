package graph

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"

	"github.com/burnish-photo/burnish/ops"
	"gopkg.in/yaml.v3"
)

// Graph is a compiled pipeline. It may run on several photos at a time.
type Graph struct {
	nodes       []node
	sinks       []int             // per Config.Sinks, an index into nodes
	choices     []*boundCondition // the same; nil: always wanted
	env         ops.Env
	fingerprint string
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
	digest := sha256.New()
	l := newLayout(b, g)
	for i, p := range b.steps {
		operator, err := p.config.Build(ctx, env)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("step %s: %w", p.label, err), g.Close())
		}
		l.add(i, node{label: p.label, operator: operator, sequential: p.sequential, step: i, conditions: p.conditions})
		if err := writeFingerprint(digest, p, operator); err != nil {
			return nil, errors.Join(fmt.Errorf("step %s: %w", p.label, err), g.Close())
		}
	}
	for _, at := range b.sinks {
		g.sinks = append(g.sinks, l.autorotated(at))
	}
	g.choices = b.choices
	if err := writeSinks(digest, b); err != nil {
		return nil, errors.Join(err, g.Close())
	}
	g.fingerprint = hex.EncodeToString(digest.Sum(nil))
	return g, nil
}

// writeSinks covers what the sinks read, and when.
func writeSinks(w io.Writer, b blueprint) error {
	err := json.NewEncoder(w).Encode(b.sinks)
	for sink, when := range b.choices {
		if when == nil {
			continue
		}
		err = errors.Join(err, json.NewEncoder(w).Encode([]any{sink, when.parts()}))
	}
	return err
}

// writeFingerprint covers all that decides the step's pixels.
func writeFingerprint(w io.Writer, p planned, operator ops.Operator) error {
	params, err := chosen(p)
	if err != nil {
		return err
	}
	content := ""
	if f, ok := operator.(ops.Fingerprinter); ok {
		content = f.Fingerprint()
	}
	parts := []any{p.spec.Name, p.spec.Version, params, content, p.inputs}
	for _, g := range p.conditions {
		parts = append(parts, g.parts()...)
	}
	return json.NewEncoder(w).Encode(parts)
}

// chosen are the step's parameters that are not the operator's defaults, so that
// a parameter which a later release adds changes no fingerprint.
func chosen(p planned) (any, error) {
	now, err := plainly(p.config)
	if err != nil || p.spec.Config == nil { // a step of the graph's own
		return now, err
	}
	usual, err := plainly(p.spec.Config())
	if err != nil {
		return nil, err
	}
	values, ok := now.(map[string]any)
	defaults, all := usual.(map[string]any)
	if !ok || !all {
		return now, nil
	}
	for name, value := range values {
		if other, same := defaults[name]; same && reflect.DeepEqual(value, other) {
			delete(values, name)
		}
	}
	return values, nil
}

// plainly is a configuration as maps, lists and scalars.
func plainly(c ops.Config) (plain any, err error) {
	text, err := yaml.Marshal(c)
	if err == nil {
		err = yaml.Unmarshal(text, &plain)
	}
	return plain, err
}

// parts are what decides with the condition.
func (g *boundCondition) parts() []any {
	if g.AsksWhatRan() {
		return []any{g.String(), g.steps}
	}
	return []any{g.String()}
}

// Fingerprint changes whenever the graph's pixels may change: operators, their
// parameters and versions, their models, and how they are wired.
func (g *Graph) Fingerprint() string { return g.fingerprint }

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
