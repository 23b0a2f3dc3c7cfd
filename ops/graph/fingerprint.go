package graph

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"hash"
	"io"
	"reflect"

	"github.com/burnish-photo/burnish/ops"
	"gopkg.in/yaml.v3"
)

// fingerprints are being taken of a graph.
type fingerprints struct{ all, settings, build hash.Hash }

func newFingerprints() fingerprints {
	return fingerprints{sha256.New(), sha256.New(), sha256.New()}
}

func sum(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)) }

// step covers all that decides a step's pixels.
func (f fingerprints) step(p planned, operator ops.Operator) error {
	params, err := chosen(p)
	if err != nil {
		return err
	}
	content, build := madeOf(operator)
	var conditions []any
	for _, c := range p.conditions {
		conditions = append(conditions, c.parts()...)
	}
	encode := func(w io.Writer, parts ...any) error { return json.NewEncoder(w).Encode(parts) }
	return errors.Join(
		encode(f.all, append([]any{p.spec.Name, p.spec.Version, params, content + build, p.inputs}, conditions...)...),
		encode(f.settings, append([]any{p.spec.Name, params, content, p.inputs}, conditions...)...),
		encode(f.build, p.spec.Name, p.spec.Version, build),
	)
}

// madeOf tells of the files that an operator works with, by its parameters and by
// its release.
func madeOf(operator ops.Operator) (content, build string) {
	if o, ok := operator.(ops.Fingerprinter); ok {
		content = o.Fingerprint()
	}
	if o, ok := operator.(ops.BuildFingerprinter); ok {
		build = o.BuildFingerprint()
	}
	return content, build
}

// sinks covers what the sinks read, and when.
func (f fingerprints) sinks(b blueprint) error {
	return errors.Join(writeSinks(f.all, b), writeSinks(f.settings, b))
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

// Settings is the part of Fingerprint that whoever wrote the configuration
// decides: operators, their parameters, files that these name, and how they are
// wired.
func (g *Graph) Settings() string { return g.settings }

// Build is the other part, which a release or a new training changes: versions of
// operators and weights of models.
func (g *Graph) Build() string { return g.build }
