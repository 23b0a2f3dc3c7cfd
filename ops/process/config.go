package process

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/ops/process/wire"
	"gopkg.in/yaml.v3"
)

// stepConfig are the parameters of a step with a declared operator.
type stepConfig struct {
	pool   *pool
	values map[string]any // that the step gives
}

// DecodeStrict reads the parameters, each judged by its declaration.
func (c *stepConfig) DecodeStrict(node *yaml.Node) diag.Diagnostics {
	c.values = map[string]any{}
	if node.Kind == yaml.ScalarNode && node.Tag == "!!null" {
		return c.missing(node)
	}
	pairs, faults := diag.Pairs(node)
	declared := c.pool.declaration.Parameters
	for _, p := range pairs {
		name := p.Key.Value
		parameter, ok := declared[name]
		switch {
		case !ok && len(declared) == 0:
			faults = append(faults, diag.At(p.Key, "%s has no parameters", c.pool.name))
			continue
		case !ok:
			faults = append(faults, diag.At(p.Key, "%s has no parameter %q%s", c.pool.name, name, diag.Suggest(name, slices.Sorted(maps.Keys(declared)))))
			continue
		}
		value, err := parameter.value(p.Value)
		if err != nil {
			faults = append(faults, diag.At(p.Value, "%s: %v", name, err))
		}
		c.values[name] = value
	}
	return append(faults, c.missing(node)...)
}

// missing tells of parameters that the step must give.
func (c *stepConfig) missing(node *yaml.Node) (faults diag.Diagnostics) {
	for _, name := range slices.Sorted(maps.Keys(c.pool.declaration.Parameters)) {
		if _, ok := c.values[name]; !ok && !c.pool.declaration.Parameters[name].given() {
			faults = append(faults, diag.At(node, "%s needs %s, which has no default", c.pool.name, name))
		}
	}
	return faults
}

// all are the parameters with their defaults.
func (c *stepConfig) all() map[string]any {
	all := map[string]any{}
	for name, p := range c.pool.declaration.Parameters {
		if p.given() {
			all[name], _ = p.value(&p.Default) // judged with the declaration
		}
	}
	maps.Copy(all, c.values)
	return all
}

// MarshalYAML gives the parameters in one form, for fingerprints.
func (c *stepConfig) MarshalYAML() (any, error) { return c.all(), nil }

// Resources names the program.
func (c *stepConfig) Resources() []string { return []string{"the program " + c.pool.name} }

// Params lists the parameters.
func (c *stepConfig) Params() (params []ops.Param) {
	for _, name := range slices.Sorted(maps.Keys(c.pool.declaration.Parameters)) {
		d := c.pool.declaration.Parameters[name]
		p := ops.Param{Name: name, Summary: d.Help, Type: types[d.Type], Required: !d.given(), Min: d.Min, Max: d.Max, Enum: d.Values}
		if len(d.Values) > 0 {
			p.Type = "enum"
		}
		if d.given() {
			p.Default, _ = d.value(&d.Default)
		}
		params = append(params, p)
	}
	return params
}

var types = map[string]string{wire.Number: "float", wire.Integer: "int", wire.Boolean: "bool", wire.String: "string"}

// Build makes the operator. The program is started for the first photo.
func (c *stepConfig) Build(_ context.Context, env ops.Env) (ops.Operator, error) {
	if env.Programs == nil {
		return nil, fmt.Errorf("%s is a program, and this host starts none", c.pool.name)
	}
	own, system, err := Digests(c.pool.declaration.Files())
	if err != nil {
		return nil, fmt.Errorf("the program of %s: %w", c.pool.name, err)
	}
	c.pool.open(env, own)
	return &operator{pool: c.pool, values: c.all(), own: own, system: system, inMemory: env.InMemory, scratch: env.Scratch}, nil
}
