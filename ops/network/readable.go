package network

import (
	"fmt"

	"github.com/burnish-photo/burnish/ops/colour"
	"github.com/burnish-photo/burnish/ops/vips"
)

// readable returns p, or what p is converted to, as gray or RGB of 8 or 16 bits
// with or without transparency. The caller closes it.
func readable(p *vips.Image) (*vips.Image, error) {
	switch format, space := p.Format(), p.Interpretation(); {
	case space == "cmyk":
		rgb, err := colour.Through(p, "srgb")
		if err != nil {
			return nil, fmt.Errorf("convert cmyk to srgb: %w", err)
		}
		return rgb, nil
	case p.Coding() != "none":
		return converted(p, "srgb")
	case format == "complex" || format == "dpcomplex":
		return nil, fmt.Errorf("networks restore photos, and this image holds %s numbers (%s)", format, space)
	case (format == "float" || format == "double") && scales[space] > 0:
		return scaled(p, scales[space])
	case !direct(p):
		if format == "uchar" {
			return converted(p, "srgb")
		}
		return converted(p, "rgb16")
	}
	return p.Ref(), nil
}

// scales are what floating-point numbers of 16 bits' full scale are made of, for
// the interpretations that encode as the network's photos do. scRGB, which is
// linear, and spaces such as Lab have conversions of their own in libvips.
var scales = map[string]float64{"srgb": 257, "rgb": 257, "b-w": 257, "rgb16": 1, "grey16": 1}

// scaled makes floating-point pixels 16-bit ones: rounded, and clipped to the
// scale that their interpretation has.
func scaled(p *vips.Image, scale float64) (*vips.Image, error) {
	space := "rgb16"
	if p.Bands() < 3 {
		space = "grey16"
	}
	out, err := vips.Chain(p,
		vips.Op("linear", vips.Args{"a": []float64{scale}, "b": []float64{0.5}}),
		vips.Op("cast", vips.Args{"format": "ushort"}),
		vips.Op("copy", vips.Args{"interpretation": space}))
	if err != nil {
		return nil, fmt.Errorf("convert %s numbers (%s) to 16 bits: %w", p.Format(), p.Interpretation(), err)
	}
	if !direct(out) {
		defer out.Close()
		return nil, fmt.Errorf("networks know gray and RGB photos with or without transparency, not %s of %d bands", p.Interpretation(), p.Bands())
	}
	return out, nil
}

// direct reports whether the network can be shown the bands of p as they are.
func direct(p *vips.Image) bool {
	if f := p.Format(); f != "uchar" && f != "ushort" {
		return false
	}
	switch p.Interpretation() {
	case "srgb", "rgb", "rgb16":
		return p.Bands() >= 3
	case "b-w", "grey16":
		return p.Bands() <= 2
	case "multiband":
		return p.Bands() == 1
	}
	return false
}

func converted(p *vips.Image, space string) (*vips.Image, error) {
	out, err := p.Do("colourspace", vips.Args{"space": space})
	if err != nil {
		return nil, fmt.Errorf("convert %s of %d bands to %s: %w", p.Interpretation(), p.Bands(), space, err)
	}
	if !direct(out) {
		defer out.Close()
		return nil, fmt.Errorf("networks know gray and RGB photos with or without transparency, not %s of %d bands", p.Interpretation(), p.Bands())
	}
	return out, nil
}
