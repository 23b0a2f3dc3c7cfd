package libvips

import (
	"context"
	"errors"
	"slices"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/ops/vips"
	"gopkg.in/yaml.v3"
)

// Config is a step of one operation: the arguments that it gives.
type Config struct {
	is     *description
	values vips.Args           // by argument, images and files apart
	images map[string][]string // ids of steps
	files  map[string]string   // as written
}

func newConfig(d *description) *Config {
	return &Config{is: d, values: vips.Args{}, images: map[string][]string{}, files: map[string]string{}}
}

// DecodeStrict reads the arguments, each judged by what libvips says of it.
func (c *Config) DecodeStrict(node *yaml.Node) diag.Diagnostics {
	if node.Kind == yaml.ScalarNode && node.Tag == "!!null" {
		return nil
	}
	pairs, faults := diag.Pairs(node)
	for _, p := range pairs {
		a, ok := c.is.arg(p.Key.Value)
		if !ok {
			faults = append(faults, c.unknown(p.Key))
			continue
		}
		faults = append(faults, c.decode(a, p.Value)...)
	}
	return faults
}

func (c *Config) unknown(key *yaml.Node) diag.Diagnostic {
	a, ok := c.is.operation.Arg(key.Value)
	switch {
	case ok && a.Name != key.Value && slices.Contains(c.is.names(), a.Name):
		return diag.At(key, "%s spells its argument %q with underscores: %s", c.is.name, key.Value, a.Name)
	case ok && a.Output:
		return diag.At(key, "%s is a result of %s, not an argument", key.Value, c.is.name)
	case ok:
		return diag.At(key, "%s of %s cannot be given in a step", key.Value, c.is.name)
	case len(c.is.args) == 0:
		return diag.At(key, "%s has no arguments", c.is.name)
	}
	return diag.At(key, "%s has no argument %q%s", c.is.name, key.Value, diag.Suggest(key.Value, c.is.names()))
}

func (c *Config) decode(a vips.Argument, node *yaml.Node) diag.Diagnostics {
	switch {
	case isImage(a):
		ids, faults := decodeIDs(a, node)
		c.images[a.Name] = ids
		return faults
	case fileKinds[a.Name] != "":
		var name string
		faults := diag.Decode(node, &name)
		c.files[a.Name] = name
		return faults
	}
	value, faults := decodeValue(c.is, a, node)
	c.values[a.Name] = value
	return faults
}

// Validate reports arguments that are missing.
func (c *Config) Validate() error {
	var errs []error
	for _, a := range c.is.args {
		_, given := c.values[a.Name]
		if _, file := c.files[a.Name]; !a.Required || isImage(a) || given || file {
			continue
		}
		errs = append(errs, errors.New(c.is.name+" needs "+a.Name+": "+expects(c.is, a)))
	}
	if c.is.writes() {
		errs = append(errs, checkText(c.values))
	}
	return errors.Join(errs...)
}

// Check reports profiles and fonts that are not where they are to be.
func (c *Config) Check(env ops.Env) error {
	_, err := c.resolve(env)
	return err
}

// Build makes the operator; profiles and fonts are read once, to know them.
func (c *Config) Build(_ context.Context, env ops.Env) (ops.Operator, error) {
	files, err := c.resolve(env)
	if err != nil {
		return nil, err
	}
	o := &operator{is: c.is, args: vips.Args{}, ports: c.Ports()}
	for name, value := range c.values {
		o.args[name] = value
	}
	if c.is.writes() {
		o.args = asMarkup(o.args)
	}
	for name, path := range files {
		o.args[name] = path
	}
	o.content, err = contents(files)
	return o, err
}

// Ports are the images that the operation reads, in libvips' order.
func (c *Config) Ports() []ops.Port {
	ports := []ops.Port{}
	for _, a := range c.is.args {
		if isImage(a) {
			ports = append(ports, ops.Port{Name: a.Name, IDs: c.images[a.Name], Many: a.Type == "images", Optional: !a.Required})
		}
	}
	return ports
}

// MarshalYAML gives the arguments in one form, for fingerprints.
func (c *Config) MarshalYAML() (any, error) {
	all := map[string]any{}
	for name, value := range c.values {
		all[name] = value
	}
	for name, value := range c.files {
		all[name] = value
	}
	return all, nil
}

// Params lists the arguments.
func (c *Config) Params() []ops.Param {
	var params []ops.Param
	for _, a := range c.is.args {
		p := ops.Param{
			Name: a.Name, Summary: a.Summary, Type: a.Type, Required: a.Required,
			Min: a.Min, Max: a.Max, Enum: a.Enum, Libvips: true,
		}
		switch {
		case a.Type == "interpolate":
			p.Type = "enum"
		case modes(c.is, a) != nil:
			p.Type, p.Enum = "enums", modes(c.is, a)
		case fileKinds[a.Name] != "":
			p.Summary += " (" + fileKinds[a.Name] + " below the configuration's folder)"
		}
		if !a.Required {
			p.Default = a.Default
		}
		if p.Default == "" {
			p.Default = nil
		}
		params = append(params, p)
	}
	return params
}
