package builtin

import (
	"context"
	"errors"
	"math"
	"slices"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/vips"
)

// resizeConfig are the parameters of resize: a box in pixels of the photo as
// seen, and how the photo is to meet it.
type resizeConfig struct {
	Width   int    `yaml:"width" help:"width of the box in pixels; without it, the height alone limits" range:"0|1,65535"`
	Height  int    `yaml:"height" help:"height of the box in pixels; without it, the width alone limits" range:"0|1,65535"`
	Mode    string `yaml:"mode" help:"fit inside the box, fill the box and crop the rest, or take the exact size" enum:"fit,fill,exact"`
	Focus   string `yaml:"focus" help:"which part fill keeps" enum:"centre,attention,entropy"`
	Enlarge bool   `yaml:"enlarge" help:"also enlarge smaller photos; exact always does"`
}

// resizeSpec describes an operator that brings a photo to the size of a box; it never enlarges unless told to.
func resizeSpec() ops.Spec {
	return ops.Spec{
		Name:       "resize",
		Summary:    "fit inside a box, fill a box, or take an exact size; enlarges only with enlarge or exact",
		Example:    "resize: {width: 2048, height: 2048}",
		Version:    1,
		Grid:       ops.MovesGrid,
		Sequential: true,
		Config:     func() ops.Config { return &resizeConfig{Mode: "fit", Focus: "centre"} },
	}
}

// Validate reports sides that are missing, and a focus where nothing is cut off.
func (c *resizeConfig) Validate() error {
	var sides error
	if c.Mode == "fit" {
		sides = box(c.Width, c.Height)
	} else if c.Width == 0 || c.Height == 0 {
		sides = ops.Invalid("mode", "%s needs both a width and a height", c.Mode)
	}
	return errors.Join(sides, c.checkFocus())
}

func (c *resizeConfig) checkFocus() error {
	if c.Focus != "centre" && c.Mode != "fill" {
		return ops.Invalid("focus", "only mode: fill cuts anything off")
	}
	return nil
}

// Traits of a step: to look for what matters, it has to have the whole photo.
func (c *resizeConfig) Traits() (ops.Grid, bool) { return ops.MovesGrid, c.Focus == "centre" }

// Build makes the operator.
func (c *resizeConfig) Build(context.Context, ops.Env) (ops.Operator, error) {
	return resize(*c), nil
}

type resize resizeConfig

// Apply resizes with Lanczos 3.
func (r resize) Apply(_ context.Context, in []ops.Image) (ops.Image, error) {
	p := in[0].Pixels
	width, height := r.size(p.Width(), p.Height())
	if width == p.Width() && height == p.Height() && r.Mode != "fill" {
		return in[0].With(p.Ref()), nil
	}
	scaled, err := scale(p, width, height)
	if err != nil {
		return ops.Image{}, err
	}
	if r.Mode != "fill" {
		return in[0].With(scaled).At(in[0].Frame), nil
	}
	defer scaled.Close()
	cut, err := cut(scaled, min(r.Width, width), min(r.Height, height), r.Focus)
	if err != nil {
		return ops.Image{}, err
	}
	return in[0].With(cut).At(cutFrame(in[0].Frame, scaled, cut)), nil
}

// size is that of a w×h photo once it is scaled, at least one pixel a side.
func (r resize) size(w, h int) (int, int) {
	if r.Mode == "exact" {
		return r.Width, r.Height
	}
	var factors []float64
	if r.Width > 0 {
		factors = append(factors, float64(r.Width)/float64(w))
	}
	if r.Height > 0 {
		factors = append(factors, float64(r.Height)/float64(h))
	}
	factor := slices.Min(factors)
	if r.Mode == "fill" {
		factor = slices.Max(factors)
	}
	if factor >= 1 && !r.Enlarge {
		return w, h
	}
	side := func(n int) int { return max(1, int(math.Round(float64(n)*factor))) }
	return side(w), side(h)
}

// cut takes a box out of p, where focus finds it.
func cut(p *vips.Image, width, height int, focus string) (*vips.Image, error) {
	if focus != "centre" {
		return p.Do("smartcrop", vips.Args{"width": width, "height": height, "interesting": focus})
	}
	return p.Do("extract_area", vips.Args{
		"left": (p.Width() - width) / 2, "top": (p.Height() - height) / 2, "width": width, "height": height,
	})
}

// cutFrame is a frame after cut was cut out of p; libvips keeps where, and an
// offset that cannot be is none.
func cutFrame(f ops.Frame, p, cut *vips.Image) ops.Frame {
	x, told := cut.Int("xoffset")
	y, _ := cut.Int("yoffset")
	left, top, width, height := -x, -y, cut.Width(), cut.Height()
	if !told || left < 0 || top < 0 || left+width > p.Width() || top+height > p.Height() {
		return ops.Frame{}
	}
	return f.Cut(left, top, width, height, p.Width(), p.Height())
}

// scale resizes p to exactly width×height, with alpha weighing the colours.
func scale(p *vips.Image, width, height int) (*vips.Image, error) {
	args := vips.Args{
		"scale":  float64(width) / float64(p.Width()),
		"vscale": float64(height) / float64(p.Height()),
	}
	if !p.HasAlpha() {
		return p.Do("resize", args)
	}
	return vips.Chain(p,
		vips.Op("premultiply", withFullAlpha(p, vips.Args{})),
		vips.Op("resize", args),
		vips.Op("unpremultiply", withFullAlpha(p, vips.Args{})),
		vips.Op("cast", vips.Args{"format": p.Format()}))
}

// withFullAlpha adds the transparency of p that hides all, where libvips would
// not know it: of 16 bits in other spaces than RGB and gray.
func withFullAlpha(p *vips.Image, args vips.Args) vips.Args {
	if p.Format() == "ushort" {
		args["max_alpha"] = 65535.0
	}
	return args
}
