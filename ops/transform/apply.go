package transform

import (
	"context"
	"fmt"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/colour"
	"github.com/burnish-photo/burnish/ops/vips"
)

type operator struct {
	operations []Operation
	inMemory   int64
	scratch    string
}

// Reduction is that of the first operation that scales.
func (t *operator) Reduction(width, height, orientation int) float64 {
	return reduction(t.operations, size{width, height}, orientation)
}

// EstimateCost is that of the largest image that may be kept whole.
func (t *operator) EstimateCost(width, height, pixel int) ops.Cost {
	largest := float64(width) * float64(height)
	at := size{width, height}
	for i := range t.operations {
		if g, err := t.operations[i].plan(at); err == nil {
			largest, at = max(largest, g.result.pixels()), g.result
		}
	}
	return ops.Cost{Bytes: min(int64(largest)*int64(max(pixel, 4)), t.inMemory)}
}

// Apply applies the operations one after the other.
func (t *operator) Apply(ctx context.Context, in []ops.Image) (ops.Image, error) {
	s := state{operator: t, context: ctx, pixels: in[0].Pixels.Ref(), size: size{in[0].Pixels.Width(), in[0].Pixels.Height()}}
	if in[0].Reduced > 1 {
		s.size = size{in[0].Source.Width, in[0].Source.Height}
	}
	for i := range t.operations {
		o := &t.operations[i]
		before := s
		before.pixels = s.pixels.Ref()
		err := s.apply(o)
		if err != nil && o.Optional && ctx.Err() == nil {
			s.pixels.Close()
			s = before
			continue
		}
		before.pixels.Close()
		if err != nil {
			s.pixels.Close()
			return ops.Image{}, fmt.Errorf("operation %d: %w", i+1, err)
		}
	}
	if err := s.restoreSize(); err != nil {
		s.pixels.Close()
		return ops.Image{}, err
	}
	out := in[0].With(s.pixels)
	out.Frame = ops.Frame{}
	return out, nil
}

// state is an image between operations.
type state struct {
	*operator
	context context.Context
	pixels  *vips.Image
	size    size // that the pixels stand for; more than there are where a decoder has reduced them
	whole   bool // they can be read in any order
}

// do replaces the pixels by what an operation of libvips makes of them.
func (s *state) do(op string, args vips.Args) error {
	return s.become(s.pixels.Do(op, args))
}

func (s *state) become(p *vips.Image, err error) error {
	if err != nil {
		return err
	}
	s.pixels.Close()
	s.pixels = p
	return nil
}

// keep makes the pixels readable in any order.
func (s *state) keep() error {
	if s.whole {
		return nil
	}
	err := s.become(s.pixels.Materialise(s.context, s.inMemory, s.scratch))
	s.whole = err == nil
	return err
}

// apply applies one operation. Scaling and turning commute: an image is scaled
// first, since what is scaled can be read as a stream and what is turned can not.
func (s *state) apply(o *Operation) error {
	t, left := o.turn(s.pixels.Orientation())
	upright := s.size
	if t.swaps() {
		upright = upright.swapped()
	}
	g, err := o.plan(upright)
	if err != nil {
		return err
	}
	scaled := g.scaled
	if t.swaps() {
		scaled = scaled.swapped()
	}
	if o.Zoom > 0 {
		if err := s.zoom(o.Zoom + 1); err != nil {
			return err
		}
	}
	if scaled != s.size {
		if err := s.scale(scaled); err != nil {
			return err
		}
	}
	if err := s.turn(t, left); err != nil {
		return err
	}
	if err := s.colours(o); err != nil {
		return err
	}
	if err := s.cut(o, g); err != nil {
		return err
	}
	return s.finish(o)
}

// zoom repeats every pixel n times each way.
func (s *state) zoom(n int) error {
	if err := s.restoreSize(); err != nil {
		return err
	}
	if err := s.keep(); err != nil {
		return err
	}
	s.size = size{s.size.width * n, s.size.height * n}
	s.whole = false
	return s.do("zoom", vips.Args{"xfac": n, "yfac": n})
}

// restoreSize scales what a decoder has reduced to the size that it stands for.
// That is so only where a plan has failed that Reduction knew nothing of.
func (s *state) restoreSize() error {
	if (size{s.pixels.Width(), s.pixels.Height()}) == s.size {
		return nil
	}
	return s.scale(s.size)
}

// scale brings the pixels to a size, with transparency weighing the colours.
func (s *state) scale(to size) error {
	p := s.pixels
	args := vips.Args{
		"scale":  float64(to.width) / float64(p.Width()),
		"vscale": float64(to.height) / float64(p.Height()),
	}
	s.size = to
	if !p.HasAlpha() {
		return s.do("resize", args)
	}
	alpha := vips.Args{}
	if p.Format() == "ushort" {
		alpha["max_alpha"] = 65535.0
	}
	return s.become(vips.Chain(p,
		vips.Op("premultiply", alpha),
		vips.Op("resize", args),
		vips.Op("unpremultiply", alpha),
		vips.Op("cast", vips.Args{"format": p.Format()})))
}

// turn turns the pixels and notes the orientation that is left.
func (s *state) turn(t turn, left int) error {
	if t.any() {
		if err := s.restoreSize(); err != nil {
			return err
		}
		if err := s.keep(); err != nil {
			return err
		}
		s.whole = false
	}
	if t.degrees != 0 {
		if err := s.do("rot", vips.Args{"angle": fmt.Sprintf("d%d", t.degrees)}); err != nil {
			return err
		}
	}
	if t.swaps() {
		s.size = s.size.swapped()
	}
	if t.horizontal {
		if err := s.do("flip", vips.Args{"direction": "horizontal"}); err != nil {
			return err
		}
	}
	if t.vertical {
		if err := s.do("flip", vips.Args{"direction": "vertical"}); err != nil {
			return err
		}
	}
	if s.pixels.Orientation() == left {
		return nil
	}
	return s.become(s.pixels.WithInt(vips.FieldOrientation, left))
}

// colours brings the pixels to 8-bit sRGB or gray, as what follows needs them.
func (s *state) colours(o *Operation) error {
	space := s.pixels.Interpretation()
	gray := space == "b-w" || space == "grey16"
	coloured := o.Text.Text != "" || len(o.Background) > 0
	switch {
	case space == "cmyk":
		return s.become(colour.Through(s.pixels, "srgb"))
	case gray && coloured, space == "rgb16":
		return s.do("colourspace", vips.Args{"space": "srgb"})
	case space == "grey16":
		return s.do("colourspace", vips.Args{"space": "b-w"})
	case space != "srgb" && space != "b-w":
		return s.do("colourspace", vips.Args{"space": "srgb"})
	}
	return nil
}

// cut crops the pixels, extends them, or cuts an area out.
func (s *state) cut(o *Operation, g geometry) error {
	if g.how == cutNothing {
		return nil
	}
	if err := s.restoreSize(); err != nil {
		return err
	}
	box := vips.Args{"width": g.result.width, "height": g.result.height}
	s.size = g.result
	switch g.how {
	case cutSmart:
		if err := s.keep(); err != nil {
			return err
		}
		return s.do("smartcrop", box)
	case cutCrop:
		box["left"], box["top"] = o.place(g.scaled, g.result)
		return s.do("extract_area", box)
	case cutEmbed:
		if err := s.keep(); err != nil {
			return err
		}
		return s.extend(o, g, box)
	}
	if o.Left+g.result.width > g.scaled.width || o.Top+g.result.height > g.scaled.height {
		return fmt.Errorf("the area of %d×%d pixels at %d, %d leaves the image, which is %d×%d", g.result.width, g.result.height, o.Left, o.Top, g.scaled.width, g.scaled.height)
	}
	box["left"], box["top"] = o.Left, o.Top
	return s.do("extract_area", box)
}

// extend lays the pixels into the middle of a larger box.
func (s *state) extend(o *Operation, g geometry, box vips.Args) error {
	box["x"], box["y"] = (g.result.width-g.scaled.width)/2, (g.result.height-g.scaled.height)/2
	box["extend"] = o.Extend
	if o.Extend == "" {
		box["extend"] = "copy"
	}
	if o.Extend == "background" {
		background := o.background()
		if s.pixels.Bands() < 3 {
			background = background[:1]
		}
		if s.pixels.HasAlpha() {
			background = append(background, 0)
		}
		box["background"] = background
	}
	s.whole = false
	return s.do("embed", box)
}

// background is its colour, black by default.
func (o *Operation) background() []float64 {
	c := []float64{0, 0, 0}
	for i, v := range o.Background {
		c[i] = float64(v)
	}
	return c
}

// finish blurs, writes, flattens, and brings to the colour space asked for.
func (s *state) finish(o *Operation) error {
	if o.Blur > 0 {
		if err := s.restoreSize(); err != nil {
			return err
		}
		if err := s.do("gaussblur", vips.Args{"sigma": o.Blur, "min_ampl": o.minAmplitude()}); err != nil {
			return err
		}
	}
	if o.Text.Text != "" {
		if err := s.restoreSize(); err != nil {
			return err
		}
		if err := s.write(&o.Text); err != nil {
			return fmt.Errorf("text: %w", err)
		}
	}
	if o.Flatten && s.pixels.HasAlpha() {
		if err := s.do("flatten", vips.Args{"background": o.background()[:min(3, s.pixels.Bands()-1)]}); err != nil {
			return err
		}
	}
	if o.Space == "" || o.Space == s.pixels.Interpretation() {
		return nil
	}
	if o.Space == "srgb" { // which gray is as well
		return nil
	}
	return s.do("colourspace", vips.Args{"space": o.Space})
}
