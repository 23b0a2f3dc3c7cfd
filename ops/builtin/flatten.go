package builtin

import (
	"context"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/colour"
	"github.com/burnish-photo/burnish/ops/vips"
)

// flattenConfig are the parameters of flatten.
type flattenConfig struct {
	Background rgb `yaml:"background" help:"background colour"`
}

// flattenSpec describes an operator that lays a photo with transparency on a background.
func flattenSpec() ops.Spec {
	return ops.Spec{
		Name:       "flatten",
		Summary:    "replace transparency by a background",
		Example:    `flatten: {background: "#ffffff"}`,
		Version:    1,
		Grid:       ops.KeepsGrid,
		Sequential: true,
		Config:     func() ops.Config { return &flattenConfig{Background: rgb{255, 255, 255}} },
	}
}

// Build makes the operator.
func (c *flattenConfig) Build(context.Context, ops.Env) (ops.Operator, error) {
	return flatten(*c), nil
}

type flatten flattenConfig

func (f flatten) Apply(_ context.Context, in []ops.Image) (ops.Image, error) {
	p := in[0].Pixels
	if !p.HasAlpha() {
		return in[0].Same(), nil
	}
	ink, err := colour.Ink(p, f.Background[0], f.Background[1], f.Background[2])
	if err != nil {
		return ops.Image{}, err
	}
	flat, err := p.Do("flatten", withFullAlpha(p, vips.Args{"background": ink}))
	if err != nil {
		return ops.Image{}, err
	}
	return in[0].With(flat), nil
}
