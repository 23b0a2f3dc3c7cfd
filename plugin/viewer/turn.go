package viewer

import (
	"github.com/burnish-photo/burnish/ops/colour"
	"github.com/burnish-photo/burnish/ops/vips"
)

// rectangle is a part of a picture, in pixels.
type rectangle struct{ left, top, width, height int }

// stored is where a part of a picture that was turned upright lies in it as it
// is stored, w×h, for an EXIF orientation.
func (r rectangle) stored(orientation, w, h int) rectangle {
	s := r
	if orientation >= 5 {
		s = rectangle{r.top, r.left, r.height, r.width}
	}
	switch orientation {
	case 2, 3, 7, 8:
		s.left = w - s.left - s.width
	}
	switch orientation {
	case 3, 4, 6, 7:
		s.top = h - s.top - s.height
	}
	return s
}

// turned is p turned upright.
func turned(p *vips.Image, orientation int) (*vips.Image, error) {
	if orientation <= 1 {
		return p.Ref(), nil
	}
	tagged, err := p.WithInt(vips.FieldOrientation, orientation)
	if err != nil {
		return nil, err
	}
	defer tagged.Close()
	return tagged.Do("autorot", nil)
}

// forScreen is p in sRGB, of 8 bits, on white.
func forScreen(p *vips.Image) (*vips.Image, error) {
	out, err := inSRGB(p)
	if err != nil {
		return nil, err
	}
	defer func() { out.Close() }()
	steps := []vips.Step{}
	if out.HasAlpha() {
		steps = append(steps, vips.Op("flatten", vips.Args{"background": []float64{255}}))
	}
	if out.Format() != "uchar" {
		steps = append(steps, vips.Op("cast", vips.Args{"format": "uchar"}))
	}
	if len(steps) == 0 {
		return out.Ref(), nil
	}
	return vips.Chain(out, steps...)
}

func inSRGB(p *vips.Image) (*vips.Image, error) {
	if _, tagged := p.Blob(vips.FieldICC); tagged || p.Interpretation() == "cmyk" {
		if out, err := colour.Through(p, "srgb"); err == nil {
			if out.Format() == "uchar" {
				return out, nil
			}
			defer out.Close()
			return out.Do("colourspace", vips.Args{"space": "srgb"})
		}
	}
	// A profile that does not fit the pixels says nothing of them.
	return p.Do("colourspace", vips.Args{"space": "srgb"})
}
