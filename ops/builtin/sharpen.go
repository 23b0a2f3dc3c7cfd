package builtin

import (
	"context"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/colour"
	"github.com/burnish-photo/burnish/ops/vips"
)

// sharpenConfig are the parameters of sharpen.
type sharpenConfig struct {
	Sigma  float64 `yaml:"sigma" help:"radius of the blur that is subtracted, in pixels" range:">0,10"`
	Amount float64 `yaml:"amount" help:"strength in textured areas; 0 changes nothing" range:"0,100"`
}

// sharpenSpec describes an operator that is an unsharp mask on lightness that leaves flat areas alone.
func sharpenSpec() ops.Spec {
	return ops.Spec{
		Name:       "sharpen",
		Summary:    "apply an unsharp mask to lightness; flat areas do not change",
		Example:    "sharpen: {sigma: 0.5}",
		Version:    2,
		Grid:       ops.KeepsGrid,
		Sequential: true,
		Config:     func() ops.Config { return &sharpenConfig{Sigma: 0.5, Amount: 3} },
	}
}

// Build makes the operator.
func (c *sharpenConfig) Build(context.Context, ops.Env) (ops.Operator, error) {
	return sharpen(*c), nil
}

type sharpen sharpenConfig

// Apply sharpens on lightness, or CMYK ink by ink: its way to lightness and
// back would change what is flat.
func (s sharpen) Apply(_ context.Context, in []ops.Image) (ops.Image, error) {
	work := s.lightness
	if in[0].Pixels.Interpretation() == "cmyk" {
		work = s.inks
	}
	out, err := colour.Within(in[0].Pixels, work)
	if err != nil {
		return ops.Image{}, err
	}
	return in[0].With(out), nil
}

func (s sharpen) lightness(p *vips.Image) (*vips.Image, error) {
	// libvips sharpens in a Lab space of its own and may come back wider.
	return vips.Chain(p, vips.Op("sharpen", vips.Args{"sigma": s.Sigma, "m2": s.Amount}), vips.Op("cast", vips.Args{"format": p.Format()}))
}

func (s sharpen) inks(p *vips.Image) (*vips.Image, error) {
	gray := "b-w"
	if p.Format() == "ushort" {
		gray = "grey16"
	}
	bands := make([]*vips.Image, p.Bands())
	for i := range bands {
		steps := []vips.Step{vips.Op("extract_band", vips.Args{"band": i}), vips.Op("copy", vips.Args{"interpretation": gray})}
		if i < 4 { // further ones are transparency
			steps = append(steps, vips.Op("sharpen", vips.Args{"sigma": s.Sigma, "m2": s.Amount}), vips.Op("cast", vips.Args{"format": p.Format()}))
		}
		band, err := vips.Chain(p, steps...)
		if err != nil {
			return nil, err
		}
		defer band.Close()
		bands[i] = band
	}
	joined, err := vips.Call("bandjoin", vips.Args{"in": bands})
	if err != nil {
		return nil, err
	}
	defer joined.Close()
	return joined["out"].(*vips.Image).Do("copy", vips.Args{"interpretation": "cmyk"})
}
