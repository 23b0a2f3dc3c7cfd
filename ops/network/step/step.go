// Package step is the operator network: any image-to-image network in an ONNX file,
// with the contract that people or its file declare, or that running it shows. Package
// network runs it, and probe finds the contract.
package step

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/condition"
	"github.com/burnish-photo/burnish/ops/network"
	"github.com/burnish-photo/burnish/ops/network/manifest"
	"github.com/burnish-photo/burnish/ops/network/probe"
)

const operator = "network"

// Values of [Config.Grid].
const (
	stored  = "stored"
	upright = "upright"
)

// usualDrift is how far restoration may move the mean of a block.
const usualDrift = 0.12

// Spec describes the operator.
func Spec() ops.Spec {
	return ops.Spec{
		Name:       operator,
		Summary:    "restore, denoise or enlarge with any image-to-image network in an ONNX file",
		Example:    "network: {model: ./fbcnn.onnx, values: {qf: 1 - jpeg.quality / 100}}",
		Version:    1,
		Grid:       ops.NeedsGrid,
		Sequential: true,
		Config:     func() ops.Config { return &Config{Strength: 1, Grid: stored, Drift: usualDrift} },
	}
}

// Config are the operator's parameters: a model, how it is used, and what its manifest
// does not say, or says wrongly.
type Config struct {
	Model    network.Reference `yaml:"model" help:"the path of an .onnx file, or a name in restore.models; {name: NAME, sha256: DIGEST} refuses another file"`
	Strength float64           `yaml:"strength" help:"how much of the change is applied" range:"0,1"`
	Grid     string            `yaml:"grid" help:"stored: the network sees the photo as it was stored, before steps that move pixels; upright: it may follow them" enum:"stored,upright"`
	Drift    float64           `yaml:"drift" help:"how far, as a part of full scale, the mean colour of a block of 32 pixels may move before the answer is rejected" range:">0,1"`

	manifest.Keys `yaml:",inline"`
}

// Traits are those of restoration, unless the photo may be moved before, or grows.
func (c *Config) Traits() (grid ops.Grid, sequential bool) {
	if c.Grid == upright {
		return ops.MovesGrid, true
	}
	return ops.NeedsGrid, true
}

// Validate reports parameters that do not go together.
func (c *Config) Validate() error {
	errs := []error{c.Keys.Validate()}
	if strings.TrimSpace(c.Model.Name()) == "" {
		errs = append(errs, ops.Invalid("model", "must be the path of an .onnx file, or a name in restore.models"))
	}
	for _, name := range c.Values.Names() {
		if _, err := condition.CompileNumber(c.Values[name]); err != nil {
			errs = append(errs, ops.Invalid("values."+name, "%v", err))
		}
	}
	return errors.Join(errs...)
}

// Check reports a model that cannot be found, and a manifest that cannot be read.
func (c *Config) Check(env ops.Env) error {
	if err := models.Check(c.Model.Name(), env); err != nil {
		return ops.Invalid("model", "%v", err)
	}
	return nil
}

// models has none that are bundled: those have an operator of their own.
var models network.Catalogue

// Build finds the model and what is not said of it, and opens it.
func (c *Config) Build(ctx context.Context, env ops.Env) (ops.Operator, error) {
	model, err := c.Model.Find(models, env)
	if err != nil {
		return nil, err
	}
	said, name, err := c.said(model)
	if err != nil {
		return nil, err
	}
	all := manifest.Keys{}
	for _, s := range said {
		all = all.Over(s.Keys)
	}
	expressions, tests, err := compile(all.Values)
	if err != nil {
		return nil, fmt.Errorf("model %s: %w", model.Name, err)
	}
	if env.Networks != nil {
		if err := env.Networks(); err != nil {
			return nil, err
		}
	}
	found, err := probe.Resolve(ctx, model.Name, model.Data, said, probe.Options{Threads: env.Threads, Values: tests})
	if err != nil {
		return nil, err
	}
	if len(found.Missing) > 0 {
		return nil, fmt.Errorf("model %s: needs a number for its input %s: set it as values: {%s: NUMBER}, in the step or in %s", model.Name, strings.Join(found.Missing, ", "), found.Missing[0], model.Name+manifest.Suffix)
	}
	if env.Log != nil {
		for _, f := range found.Facts {
			env.Log.Debug("model", "model", model.Name, "key", f.Key, "value", f.Value, "from", f.From, "why", f.Why)
		}
	}
	found.Contract.Name = cmp.Or(name, found.Contract.Name)
	model.Contract = &found.Contract
	o := network.Options{
		Name: operator, Models: []network.Model{model}, Strength: c.Strength, Drift: c.Drift,
		Tiling: network.Tiling{Size: found.Contract.Tile},
	}
	if len(found.Contract.Form.Values) > 0 {
		o.Values = values{found.Contract.Form.Values, expressions}.of
	}
	op, err := network.New(o, env)
	if err != nil {
		return nil, err
	}
	return op, nil
}

// said is what the step and the manifest say of the model, the step first, and the
// name that the manifest gives it.
func (c *Config) said(model network.Model) (all []probe.Said, name string, err error) {
	all = []probe.Said{{From: probe.FromStep, Keys: c.Keys}}
	if model.Path == "" {
		return all, "", nil
	}
	m, ok, err := manifest.Beside(model.Path)
	if err != nil || !ok {
		return all, "", err
	}
	if m.SHA256 != "" {
		if got := model.SHA256(); !strings.EqualFold(got, m.SHA256) {
			return nil, "", fmt.Errorf("model %s: has the SHA-256 %s, and its manifest is of %s: put the file back, or write a manifest for the new one with burnish models inspect --manifest", model.Name, got, m.SHA256)
		}
	}
	return append(all, probe.Said{From: probe.FromManifest, Keys: m.Keys}), m.Name, nil
}

// compile reads expressions; tests are their values where those depend on no photo.
func compile(texts manifest.Values) (expressions map[string]*condition.Number, tests map[string]float64, err error) {
	expressions, tests = map[string]*condition.Number{}, map[string]float64{}
	var errs []error
	for _, name := range texts.Names() {
		n, err := condition.CompileNumber(texts[name])
		if err != nil {
			errs = append(errs, fmt.Errorf("values.%s: %w", name, err))
			continue
		}
		expressions[name] = n
		if value, ok := n.Constant(); ok {
			tests[name] = value
		}
	}
	return expressions, tests, errors.Join(errs...)
}
