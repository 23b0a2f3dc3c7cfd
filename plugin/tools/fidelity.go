package tools

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/burnish-photo/burnish/ops/fidelity"
	dct "github.com/burnish-photo/burnish/ops/jpeg/coefficients"
	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin/admission"
)

// Agreement is how an image agrees with the JPEG that it was restored from.
type Agreement struct {
	Components []fidelity.Count // luma and two of chroma; red, green and blue; or gray
	Total      fidelity.Count
	Tolerance  float64 // that is allowed beyond an interval, in steps of 8-bit samples
	Rows       int     // of pixels that were looked at
	Height     int     // of the JPEG; below Rows its data is damaged
}

// Agrees reports whether every coefficient lies within its interval, or as near to
// it as pixels that are whole numbers can tell.
func (a Agreement) Agrees() bool { return a.Total.Beyond == 0 && a.Rows > 0 }

// Fidelity holds an image file of any format against the JPEG that it was restored
// from: every DCT coefficient against its quantization interval. Both are of one
// size; the image may have been turned upright.
func Fidelity(source, image string) (Agreement, error) {
	file, err := dct.Open(source, "")
	if err != nil {
		return Agreement{}, fmt.Errorf("%s: %w", source, err)
	}
	defer file.Close()
	p, err := asStored(source, image)
	if err != nil {
		return Agreement{}, err
	}
	defer p.Close()
	r, err := fidelity.Judge(p, file)
	if errors.Is(err, fidelity.ErrOther) {
		return Agreement{}, fmt.Errorf("%s: %s %w", source, image, err)
	}
	if err != nil { // of either file
		return Agreement{}, fmt.Errorf("hold %s against %s: %w", image, source, err)
	}
	return Agreement{Components: r.Before, Total: fidelity.Total(r.Before), Tolerance: fidelity.Tolerance, Rows: r.Rows, Height: r.Height}, nil
}

// asStored opens an image as its source was stored: without transparency, in 8
// bits, and lying as that lies. The caller closes it.
func asStored(source, image string) (*vips.Image, error) {
	of, err := vips.Open(source, vips.Sequential)
	if err != nil {
		return nil, err
	}
	defer of.Close()
	p, err := vips.Open(image, vips.Sequential)
	if err != nil {
		return nil, err
	}
	if err := sameProfile(of, p); err != nil {
		p.Close()
		return nil, fmt.Errorf("%s: %s cannot be held against the file: %w", source, image, err)
	}
	for _, step := range []func(*vips.Image) (*vips.Image, error){
		plainSamples, func(p *vips.Image) (*vips.Image, error) { return lyingAs(p, of.Orientation()) },
	} {
		next, err := step(p)
		p.Close()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", image, err)
		}
		p = next
	}
	return p, nil
}

func sameProfile(of, p *vips.Image) error {
	a, _ := of.Blob(vips.FieldICC)
	b, had := p.Blob(vips.FieldICC)
	if had && !bytes.Equal(a, b) {
		return errors.New("its colours were converted to another profile")
	}
	return nil
}

// plainSamples are gray or RGB of 8 bits.
func plainSamples(p *vips.Image) (*vips.Image, error) {
	space, bands := "srgb", 3
	if p.Bands() < 3 {
		space, bands = "b-w", 1
	}
	out, err := p.Do("colourspace", vips.Args{"space": space})
	if err != nil {
		return nil, err
	}
	defer out.Close()
	return out.Do("extract_band", vips.Args{"band": 0, "n": bands})
}

// lyingAs turns p as an image lies that has that EXIF orientation.
func lyingAs(p *vips.Image, orientation int) (*vips.Image, error) {
	now := p.Orientation()
	if now == orientation {
		return p.Ref(), nil
	}
	upright, err := broughtUpright(p, now)
	if err != nil {
		return nil, err
	}
	defer upright.Close()
	back := orientation
	switch orientation { // the others undo themselves
	case 6:
		back = 8
	case 8:
		back = 6
	}
	return broughtUpright(upright, back)
}

// broughtUpright is p turned upright, as if it had that orientation.
func broughtUpright(p *vips.Image, orientation int) (*vips.Image, error) {
	if orientation == 1 {
		return p.Ref(), nil
	}
	whole, err := p.Materialise(context.Background(), admission.InMemory, "")
	if err != nil {
		return nil, err
	}
	defer whole.Close()
	tagged, err := whole.WithInt("orientation", orientation)
	if err != nil {
		return nil, err
	}
	defer tagged.Close()
	return tagged.Do("autorot", nil)
}
