package tools

import (
	"errors"
	"fmt"
	"math"

	"github.com/burnish-photo/burnish/ops/vips"
)

// PSNR is the peak signal-to-noise ratio in dB of an image file against a
// reference, from one mean squared error over 8-bit sRGB pixels, both turned
// upright and without alpha; infinite where they are equal. Both must have the
// same size in pixels.
func PSNR(reference, image string) (float64, error) {
	mse, err := compared(reference, image, asRGB, meanSquaredError)
	if err != nil {
		return 0, err
	}
	return 10 * math.Log10(255*255/mse), nil
}

// DeltaE is the mean CIEDE2000 difference of an image file from a reference,
// both as seen through their profiles, turned upright and on white. Both must
// have the same size in pixels.
func DeltaE(reference, image string) (float64, error) {
	return compared(reference, image, asLab, func(a, b *vips.Image) (float64, error) {
		difference, err := a.Do("dE00", vips.Args{"right": b})
		if err != nil {
			return 0, err
		}
		defer difference.Close()
		return mean(difference)
	})
}

// asRGB leads to three 8-bit sRGB bands.
func asRGB(*vips.Image) []vips.Step {
	return []vips.Step{
		vips.Op("autorot", nil),
		vips.Op("colourspace", vips.Args{"space": "srgb"}),
		vips.Op("extract_band", vips.Args{"band": 0, "n": 3}),
		vips.Op("cast", vips.Args{"format": "uchar"}),
	}
}

// asLab leads to colours as seen through the picture's profile.
func asLab(p *vips.Image) []vips.Step {
	steps := []vips.Step{vips.Op("autorot", nil)}
	if p.HasAlpha() {
		steps = append(steps, vips.Op("flatten", vips.Args{"background": 255.0}))
	}
	if _, profiled := p.Blob(vips.FieldICC); profiled {
		steps = append(steps, vips.Op("icc_import", vips.Args{"embedded": true, "pcs": "lab"}))
	}
	return append(steps, vips.Op("colourspace", vips.Args{"space": "lab"}))
}

// compared measures two files in the form that they are brought to.
func compared(reference, image string, form func(*vips.Image) []vips.Step, measure func(a, b *vips.Image) (float64, error)) (float64, error) {
	if err := errors.Join(unfolds(reference), unfolds(image)); err != nil {
		return 0, err
	}
	a, err := openAs(reference, form)
	if err != nil {
		return 0, err
	}
	defer a.Close()
	b, err := openAs(image, form)
	if err != nil {
		return 0, err
	}
	defer b.Close()
	if a.Width() != b.Width() || a.Height() != b.Height() {
		return 0, fmt.Errorf("%s is %d×%d pixels, the reference %s %d×%d; only equal sizes compare", image, b.Width(), b.Height(), reference, a.Width(), a.Height())
	}
	return measure(a, b)
}

// openAs opens a file and transforms it. The caller closes the image.
func openAs(path string, form func(*vips.Image) []vips.Step) (*vips.Image, error) {
	p, err := vips.Open(path, vips.Random)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	out, err := vips.Chain(p, form(p)...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return out, nil
}

func meanSquaredError(a, b *vips.Image) (float64, error) {
	difference, err := a.Do("subtract", vips.Args{"right": b})
	if err != nil {
		return 0, err
	}
	defer difference.Close()
	square, err := difference.Do("multiply", vips.Args{"right": difference})
	if err != nil {
		return 0, err
	}
	defer square.Close()
	return mean(square)
}

// mean is the average of all values of all bands.
func mean(p *vips.Image) (float64, error) {
	out, err := vips.Call("avg", vips.Args{"in": p})
	if err != nil {
		return 0, err
	}
	value, ok := out["out"].(float64)
	if !ok {
		return 0, fmt.Errorf("avg returned %v", out)
	}
	return value, nil
}
