package output

import (
	"strings"

	"github.com/burnish-photo/burnish/ops/vips"
)

// bare is the image with no metadata but what belongs to its pixels: the
// profile, and the pages of a joined image. The caller closes it.
func bare(p *vips.Image) (*vips.Image, error) {
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
func prepare(p *vips.Image, format string, keepICC bool) (*vips.Image, error) {
	f := formatNamed(format)
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
		err = next(current.Do("flatten", vips.Args{"background": []float64{white(p.Format())}}))
	}
	if err == nil && (cmyk && !(f.cmyk && keepICC) || tagged && (gray && !f.gray || !keepICC || f.name == "jxl" && !matrix(profile))) {
		err = next(toSRGB(current))
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

// profileTags are the names in a profile's table of tags (ICC.1, 7.3).
func profileTags(profile []byte) map[string]bool {
	const head, entry, most = 132, 12, 100
	tags := map[string]bool{}
	for at := head; at+entry <= len(profile) && at < head+entry*most; at += entry {
		tags[string(profile[at:at+4])] = true
	}
	return tags
}

// matrix reports whether a profile describes its colours by primaries and
// curves. libjxl keeps no others: it writes wrong colours for tables.
func matrix(profile []byte) bool {
	tags := profileTags(profile)
	return !tags["A2B0"] && (tags["rXYZ"] || tags["kTRC"])
}

// intent is the rendering intent to read a profile with. libvips passes over a
// profile that has a table for the perceptual intent alone, when asked for
// another.
func intent(p *vips.Image) string {
	profile, _ := p.Blob(vips.FieldICC)
	if tags := profileTags(profile); tags["A2B0"] && !tags["A2B1"] {
		return "perceptual"
	}
	return "relative"
}

// toSRGB converts through the embedded profile, or that of a common press for
// CMYK without one.
func toSRGB(p *vips.Image) (*vips.Image, error) {
	args := vips.Args{"output_profile": "srgb", "embedded": true, "intent": intent(p)}
	if p.Interpretation() == "cmyk" {
		args["input_profile"], args["black_point_compensation"] = "cmyk", true
	}
	if p.Format() == "ushort" {
		args["depth"] = 16
	}
	out, err := p.Do("icc_transform", args)
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

// white is full scale in a sample format.
func white(format string) float64 {
	if format == "ushort" {
		return 65535
	}
	return 255
}
