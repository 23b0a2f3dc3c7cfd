package builtin

import (
	"context"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/colour"
	"github.com/burnish-photo/burnish/ops/vips"
)

// convertConfig are the parameters of convert.
type convertConfig struct {
	To     string `yaml:"to" help:"target colour space" enum:"srgb,p3,gray,cmyk"`
	Intent string `yaml:"intent" help:"rendering intent: what to do with colours out of gamut" enum:"perceptual,relative,saturation,absolute"`
}

// convertSpec describes an operator that brings a photo into another colour space, through its profile.
func convertSpec() ops.Spec {
	return ops.Spec{
		Name:       "convert",
		Summary:    "convert to sRGB, Display P3, gray or CMYK through the photo's profile",
		Example:    "convert: {to: srgb}",
		Version:    1,
		Grid:       ops.KeepsGrid,
		Sequential: true,
		Config:     func() ops.Config { return &convertConfig{To: "srgb", Intent: "perceptual"} },
	}
}

// Build makes the operator.
func (c *convertConfig) Build(context.Context, ops.Env) (ops.Operator, error) {
	return convert(*c), nil
}

type convert convertConfig

// Apply converts. A photo without a profile is taken for sRGB, a CMYK one for
// libvips' own CMYK.
func (c convert) Apply(_ context.Context, in []ops.Image) (ops.Image, error) {
	known, _, err := colour.Display(in[0].Pixels)
	if err != nil {
		return ops.Image{}, err
	}
	defer known.Close()
	out, err := c.convert(known)
	if err != nil {
		return ops.Image{}, err
	}
	return in[0].With(out), nil
}

func (c convert) convert(p *vips.Image) (*vips.Image, error) {
	_, profiled := p.Blob(vips.FieldICC)
	deep := p.Format() == "ushort"
	rgb, gray := "srgb", "b-w"
	if deep {
		rgb, gray = "rgb16", "grey16"
	}
	switch {
	case c.To == "gray" && (profiled || p.Interpretation() == "cmyk"):
		return c.through(p, profiled, "srgb", deep, vips.Op("colourspace", vips.Args{"space": gray}))
	case c.To == "gray":
		return p.Do("colourspace", vips.Args{"space": gray})
	case profiled || p.Interpretation() == "cmyk":
		return c.through(p, profiled, c.To, deep)
	case c.To == "srgb":
		return p.Do("colourspace", vips.Args{"space": rgb})
	}
	plain, err := p.Do("colourspace", vips.Args{"space": rgb})
	if err != nil {
		return nil, err
	}
	defer plain.Close()
	return c.through(plain, false, c.To, deep)
}

// through converts by profiles, and goes on with further operations. Gray has
// no profile of its own here: the photo's would no longer fit.
func (c convert) through(p *vips.Image, profiled bool, to string, deep bool, then ...vips.Step) (*vips.Image, error) {
	profile, _ := p.Blob(vips.FieldICC)
	args := vips.Args{"output_profile": to, "intent": colour.Intent(profile, c.Intent), "embedded": profiled}
	switch {
	case p.Interpretation() == "cmyk":
		args["input_profile"] = "cmyk"
	case p.Bands() >= 3:
		args["input_profile"] = "srgb"
	}
	if deep {
		args["depth"] = 16
	}
	out, err := vips.Chain(p, append([]vips.Step{vips.Op("icc_transform", args)}, then...)...)
	if err != nil || len(then) == 0 {
		return out, err
	}
	defer out.Close()
	return out.Without(vips.FieldICC)
}
