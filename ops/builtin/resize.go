package builtin

import (
	"context"
	"math"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/vips"
)

// ResizeConfig are the parameters of resize: the box, in pixels of the photo
// as seen, that the photo is fitted into with its proportions kept. A missing
// side does not bound.
type ResizeConfig struct {
	Width   int  `yaml:"width"`
	Height  int  `yaml:"height"`
	Enlarge bool `yaml:"enlarge"` // also make a smaller photo larger
}

// Resize fits a photo into a box; it never enlarges unless told to.
func Resize() ops.Spec {
	return ops.Spec{
		Name:       "resize",
		Summary:    "fit inside a box, proportions kept; never enlarges unless told to",
		Example:    "resize: {width: 2048, height: 2048}",
		Version:    1,
		Grid:       ops.MovesGrid,
		Sequential: true,
		Config:     func() ops.Config { return &ResizeConfig{} },
	}
}

// Validate reports sides out of range and a box without sides.
func (c *ResizeConfig) Validate() error { return box(c.Width, c.Height) }

// Build makes the operator.
func (c *ResizeConfig) Build(context.Context, ops.Env) (ops.Operator, error) {
	return resize(*c), nil
}

type resize ResizeConfig

// Apply resizes with Lanczos 3.
func (r resize) Apply(_ context.Context, in []ops.Image) (ops.Image, error) {
	p := in[0].Pixels
	width, height := r.fit(p.Width(), p.Height())
	if width == p.Width() && height == p.Height() {
		return in[0].With(p.Ref()), nil
	}
	scaled, err := scale(p, width, height)
	if err != nil {
		return ops.Image{}, err
	}
	return in[0].With(scaled), nil
}

// fit is the size of a w×h photo in the box, at least one pixel a side.
func (r resize) fit(w, h int) (int, int) {
	factor := math.Inf(1)
	if r.Width > 0 {
		factor = float64(r.Width) / float64(w)
	}
	if r.Height > 0 {
		factor = min(factor, float64(r.Height)/float64(h))
	}
	if factor >= 1 && !r.Enlarge {
		return w, h
	}
	side := func(n int) int { return max(1, int(math.Round(float64(n)*factor))) }
	return side(w), side(h)
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
	return chain(p,
		step{"premultiply", nil},
		step{"resize", args},
		step{"unpremultiply", nil},
		step{"cast", vips.Args{"format": p.Format()}})
}

type step struct {
	operation string
	args      vips.Args
}

// chain applies libvips operations one after the other.
func chain(p *vips.Image, steps ...step) (*vips.Image, error) {
	current := p.Ref()
	for _, s := range steps {
		next, err := current.Do(s.operation, s.args)
		current.Close()
		if err != nil {
			return nil, err
		}
		current = next
	}
	return current, nil
}
