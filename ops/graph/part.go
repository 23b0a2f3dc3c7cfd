package graph

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/burnish-photo/burnish/ops"
)

// Part is a step, or what a sink reads, together with all that it depends on. Its
// fingerprints stay the same whatever the other steps are, and whatever steps are
// called: only an id, the order of steps that do not read each other, and the
// spelling of a condition may be another.
type Part struct {
	Name     string // of the step, for people; "" of a sink
	Settings string // what the configuration says
	Build    string // versions of operators and weights of models
	Network  bool   // the step itself runs a neural network
	Steps    []int  // that it depends on and, of a step, itself; ascending

	place bool // the photo's folder, name or date decides what it reads
}

// Steps are the steps of the graph, those of fragments and sinks among them, in
// the order in which they were written.
func (g *Graph) Steps() []Part { return g.steps }

// Outputs are what the sinks read, and under which conditions.
func (g *Graph) Outputs() []Part { return g.outputs }

// parts are those of the steps so far.
type parts struct {
	steps      []Part
	conditions [][]boundCondition // of the steps
}

// placed reports whether a photo's place decides what comes out of the part.
func (p Part) placed(conditions [][]boundCondition) bool {
	return p.place || slices.ContainsFunc(p.Steps, func(step int) bool {
		return slices.ContainsFunc(conditions[step], func(c boundCondition) bool { return c.DependsOnPath() })
	})
}

// step adds the part that ends in p. stored says that p runs on the photo as it
// is stored, before it is turned upright.
func (s *parts) step(p planned, operator ops.Operator, stored bool) error {
	params, err := chosen(p)
	if err != nil {
		return err
	}
	content, build := madeOf(operator)
	part := Part{Name: p.label, Network: runsNetwork(operator), Steps: []int{len(s.steps)}}
	settings := []any{p.spec.Name, params, content, stored}
	builds := []any{p.spec.Name, p.spec.Version, build}
	if r, ok := p.config.(ops.InputDeclarer); ok {
		for _, port := range r.Ports() {
			settings = append(settings, len(port.IDs))
		}
	}
	for _, at := range p.inputs {
		settings, builds = s.read(&part, at, settings, builds)
		part.place = part.place || at != source && s.steps[at].placed(s.conditions)
	}
	s.conditions = append(s.conditions, p.conditions)
	for i := range p.conditions {
		settings, builds = s.when(&part, &p.conditions[i], settings, builds)
	}
	return s.end(&part, settings, builds)
}

// sinks are the parts that the sinks read.
func (s *parts) sinks(b blueprint) (all []Part) {
	ends := parts{steps: slices.Clone(s.steps)}
	for i, at := range b.sinks {
		part := Part{}
		settings, builds := s.read(&part, at, nil, nil)
		if when := b.choices[i]; when != nil {
			settings, builds = s.when(&part, when, append(settings, "when"), builds)
		}
		if err := ends.end(&part, settings, builds); err != nil {
			panic(err) // texts
		}
		all = append(all, part)
	}
	return all
}

// read adds what the step at a place depends on.
func (s *parts) read(part *Part, at int, settings, builds []any) (_, _ []any) {
	if at == source {
		return append(settings, Source), append(builds, Source)
	}
	part.Steps = append(part.Steps, s.steps[at].Steps...)
	return append(settings, s.steps[at].Settings), append(builds, s.steps[at].Build)
}

// when adds a condition, and the steps that it asks about.
func (s *parts) when(part *Part, c *boundCondition, settings, builds []any) (_, _ []any) {
	var asked []int
	text := c.Canonical(func(id string) string {
		asked = append(asked, c.steps[id]...)
		return fmt.Sprint(len(asked))
	})
	settings = append(settings, text)
	for _, at := range asked {
		settings, builds = s.read(part, at, settings, builds)
	}
	return settings, builds
}

// end takes the fingerprints of a part and adds it.
func (s *parts) end(part *Part, settings, builds []any) (err error) {
	slices.Sort(part.Steps)
	part.Steps = slices.Compact(part.Steps)
	if part.Settings, err = brief(settings); err != nil {
		return err
	}
	part.Build, err = brief(builds)
	s.steps = append(s.steps, *part)
	return err
}

// brief is a fingerprint of 64 bits: enough to tell a user's own settings apart.
func brief(of []any) (string, error) {
	text, err := json.Marshal(of)
	if err != nil {
		return "", err
	}
	digest := sha256.Sum256(text)
	return hex.EncodeToString(digest[:8]), nil
}

// runsNetwork reports whether an operator computes pixels by a neural network.
func runsNetwork(o ops.Operator) bool {
	e, ok := o.(ops.CostEstimator)
	return ok && e.EstimateCost(64, 64, 3).Pixels > 0
}

// keyed names what step n makes of the photo, where that takes long and may be kept.
func (r *run) keyed(ctx context.Context, n *node) context.Context {
	if n.step < 0 || r.dryRun || r.graph.env.Cache == nil {
		return ctx
	}
	part, src := r.graph.steps[n.step], r.source
	if !part.Network || part.place || src == nil || src.Hash == "" {
		return ctx
	}
	digest := sha256.Sum256(fmt.Appendf(nil, "%s %s %s %d", part.Settings, part.Build, src.Hash, src.Page))
	return ops.WithStep(ctx, hex.EncodeToString(digest[:]))
}
