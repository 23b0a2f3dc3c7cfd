package builtin

import (
	"context"

	"github.com/burnish-photo/burnish/ops"
)

// cropConfig are the parameters of crop, in pixels of the photo as seen.
type cropConfig struct {
	Width  int    `yaml:"width" help:"in pixels; at most, and by default, the photo's" range:"0|1,65535"`
	Height int    `yaml:"height" help:"in pixels; at most, and by default, the photo's" range:"0|1,65535"`
	Focus  string `yaml:"focus" help:"where the box is placed" enum:"centre,attention,entropy"`
}

// cropSpec describes an operator that cuts a box out of a photo.
func cropSpec() ops.Spec {
	return ops.Spec{
		Name:    "crop",
		Summary: "cut out a box at the centre, or where attention or entropy is highest",
		Example: "crop: {width: 1080, height: 1080, focus: attention}",
		Version: 1,
		Grid:    ops.MovesGrid,
		Config:  func() ops.Config { return &cropConfig{Focus: "centre"} },
	}
}

// Validate reports a box without sides.
func (c *cropConfig) Validate() error { return box(c.Width, c.Height) }

// Traits of a step: to look for what matters, it has to have the whole photo.
func (c *cropConfig) Traits() (ops.Grid, bool) { return ops.MovesGrid, c.Focus == "centre" }

// Build makes the operator.
func (c *cropConfig) Build(context.Context, ops.Env) (ops.Operator, error) { return crop(*c), nil }

type crop cropConfig

// Apply cuts the box out; a side longer than the photo's, or missing, is the photo's.
func (c crop) Apply(_ context.Context, in []ops.Image) (ops.Image, error) {
	p := in[0].Pixels
	width, height := p.Width(), p.Height()
	if c.Width > 0 {
		width = min(width, c.Width)
	}
	if c.Height > 0 {
		height = min(height, c.Height)
	}
	cut, err := cut(p, width, height, c.Focus)
	if err != nil {
		return ops.Image{}, err
	}
	return in[0].With(cut).At(cutFrame(in[0].Frame, p, cut)), nil
}
