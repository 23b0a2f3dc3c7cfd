package plugin

import (
	"fmt"
	"math"

	"github.com/burnish-photo/burnish/ops/vips"
)

// PSNR is the peak signal-to-noise ratio in dB of an image file against a
// reference, from one mean squared error over 8-bit sRGB pixels, both turned
// upright and without alpha; infinite where they are equal. Both must have the
// same size in pixels.
func PSNR(reference, image string) (float64, error) {
	a, err := openRGB(reference)
	if err != nil {
		return 0, err
	}
	defer a.Close()
	b, err := openRGB(image)
	if err != nil {
		return 0, err
	}
	defer b.Close()
	if a.Width() != b.Width() || a.Height() != b.Height() {
		return 0, fmt.Errorf("%s is %d×%d pixels, the reference %s %d×%d; PSNR wants equal sizes", image, b.Width(), b.Height(), reference, a.Width(), a.Height())
	}
	mse, err := meanSquaredError(a, b)
	if err != nil {
		return 0, err
	}
	return 10 * math.Log10(255*255/mse), nil
}

// openRGB is the file as three 8-bit sRGB bands. The caller closes it.
func openRGB(path string) (*vips.Image, error) {
	p, err := vips.Open(path, vips.Random)
	if err != nil {
		return nil, err
	}
	for _, s := range []struct {
		operation string
		args      vips.Args
	}{
		{"autorot", nil},
		{"colourspace", vips.Args{"space": "srgb"}},
		{"extract_band", vips.Args{"band": 0, "n": 3}},
		{"cast", vips.Args{"format": "uchar"}},
	} {
		next, err := p.Do(s.operation, s.args)
		p.Close()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		p = next
	}
	return p, nil
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
	out, err := vips.Call("avg", vips.Args{"in": square})
	if err != nil {
		return 0, err
	}
	mean, ok := out["out"].(float64)
	if !ok {
		return 0, fmt.Errorf("avg returned %v", out)
	}
	return mean, nil
}
