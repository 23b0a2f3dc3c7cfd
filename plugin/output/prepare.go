package output

import (
	"strings"

	"github.com/burnish-photo/burnish/ops/colour"
	"github.com/burnish-photo/burnish/ops/icc"
	"github.com/burnish-photo/burnish/ops/vips"
)

// stripMetadata is the image with no metadata but what belongs to its pixels: the
// profile, and the pages of a joined image. The caller closes it.
func stripMetadata(p *vips.Image) (*vips.Image, error) {
	var gone []string
	for _, name := range p.Fields() {
		switch {
		case strings.HasPrefix(name, "exif-"), strings.HasPrefix(name, "jpeg-"), strings.HasPrefix(name, "heif-"), strings.HasPrefix(name, "png-"),
			strings.HasPrefix(name, "photoshop-"), strings.HasPrefix(name, "tiff-"), strings.HasPrefix(name, "magick-"):
			gone = append(gone, name)
		}
	}
	return p.Without(append(gone, vips.FieldXMP, vips.FieldIPTC, vips.FieldOrientation, "image-description", "gif-comment")...)
}

// prepare fits an image to what the format can hold: no CMYK and no gray where
// it has none, no profile that is not to stay, and no transparency where it has
// none, which becomes white. Colours are converted to sRGB through their
// profile. The caller closes it.
func prepare(p *vips.Image, e Encoder, keepICC bool) (*vips.Image, error) {
	f := formatNamed(e.Format)
	keepICC = keepICC && f.name != "gif"
	profile, tagged := p.Blob(vips.FieldICC)
	cmyk := p.Interpretation() == "cmyk"
	gray := p.Interpretation() == "b-w" || p.Interpretation() == "grey16"
	current := p.Ref()
	next := func(out *vips.Image, err error) error {
		if err == nil {
			current.Close()
			current = out
		}
		return err
	}
	var err error
	if current.HasAlpha() && !f.alpha {
		err = next(flatten(current))
	}
	if err == nil && (cmyk && !(f.cmyk && keepICC) || tagged && (gray && !f.gray || !keepICC || f.name == "jxl" && !isMatrixProfile(profile))) {
		err = next(toSRGB(current))
	} else if err == nil && f.name == "jxl" && tagged && !gray && e.Options["lossless"] != true && !hasJXLPrimaries(profile) {
		err = next(colour.Through(current, "p3"))
	}
	if err == nil && !f.deep && current.Format() == "ushort" && current.Interpretation() == "cmyk" {
		err = next(current.Do("cast", vips.Args{"format": "uchar", "shift": true})) // savers take its values for those of 8 bits
	}
	if err == nil && !keepICC {
		err = next(current.Without(vips.FieldICC))
	}
	if err != nil {
		current.Close()
		return nil, err
	}
	return current, nil
}

// isMatrixProfile reports whether a profile describes its colours by primaries and
// curves. libjxl keeps no others: it writes wrong colours for tables.
func isMatrixProfile(profile []byte) bool {
	p, err := icc.Parse(profile)
	return err == nil && p.Matrix()
}

// hasJXLPrimaries reports whether JPEG XL has a code for a profile's colours. Decoders of
// lossy files clip those of other profiles to sRGB.
func hasJXLPrimaries(profile []byte) bool {
	p, err := icc.Parse(profile)
	return err == nil && (p.Has(icc.SRGBPrimaries) || p.Has(icc.P3Primaries))
}

// toSRGB converts through the embedded profile, or that of a common press for
// CMYK without one.
func toSRGB(p *vips.Image) (*vips.Image, error) {
	out, err := colour.Through(p, "srgb")
	if err == nil || p.Interpretation() == "cmyk" {
		return out, err
	}
	// A profile that does not fit the pixels says nothing of them.
	plain, err := p.Without(vips.FieldICC)
	if err != nil {
		return nil, err
	}
	defer plain.Close()
	return plain.Do("colourspace", vips.Args{"space": "srgb"})
}

// flatten lays an image on white: no ink in CMYK.
func flatten(p *vips.Image) (*vips.Image, error) {
	white, full := 255.0, 255.0
	if p.Format() == "ushort" {
		white, full = 65535, 65535
	}
	if p.Interpretation() == "cmyk" {
		white = 0
	}
	return p.Do("flatten", vips.Args{"background": []float64{white}, "max_alpha": full})
}
