package colour

import (
	"slices"

	"github.com/burnish-photo/burnish/ops/vips"
)

// Within lets work, which knows gray, RGB and CMYK of 8 or 16 bits, make a
// picture of one in any space. What it makes of a picture in Lab, XYZ, scRGB or
// another space that is defined by itself comes back in that space. The caller
// closes the image.
func Within(p *vips.Image, work func(*vips.Image) (*vips.Image, error)) (*vips.Image, error) {
	if Displayable(p) {
		return work(p)
	}
	shown, _, err := Display(p)
	if err != nil {
		return nil, err
	}
	defer shown.Close()
	out, err := work(shown)
	space, coding := p.Interpretation(), p.Coding()
	if err != nil || coding == "rad" || !slices.Contains(coloured, space) {
		return out, err
	}
	defer out.Close()
	back := []vips.Step{vips.Op("colourspace", vips.Args{"space": space})}
	if coding == "none" {
		back = append(back, vips.Op("cast", vips.Args{"format": p.Format()}))
	}
	return vips.Chain(out, back...)
}

// Ink is what the colour of red, green and blue, 0 to 255, is in the numbers of
// p, without its transparency: through its profile for CMYK, by the definition
// of spaces such as Lab, and in its own encoding for RGB.
func Ink(p *vips.Image, red, green, blue float64) ([]float64, error) {
	scale := 1.0
	if p.Format() == "ushort" {
		scale = 65535.0 / 255
	}
	switch space := p.Interpretation(); {
	case space == "cmyk":
		return press(p, red, green, blue)
	case slices.Contains(coloured, space) && p.Coding() == "none":
		return converted(red, green, blue, vips.Op("colourspace", vips.Args{"space": space}))
	case p.Bands() < 3:
		return []float64{(0.299*red + 0.587*green + 0.114*blue) * scale}, nil
	}
	return []float64{red * scale, green * scale, blue * scale}, nil
}

// press is a colour as the inks of a CMYK image.
func press(p *vips.Image, red, green, blue float64) ([]float64, error) {
	depth := 8
	if p.Format() == "ushort" {
		depth = 16
	}
	into := []vips.Step{vips.Op("icc_import", vips.Args{"input_profile": "srgb", "pcs": "lab"})}
	export := vips.Args{"pcs": "lab", "depth": depth, "black_point_compensation": true}
	if profile, ok := p.Blob(vips.FieldICC); ok {
		into = append(into, vips.SetBlob(vips.FieldICC, profile))
	} else {
		export["output_profile"] = "cmyk"
	}
	return converted(red, green, blue, append(into, vips.Op("icc_export", export))...)
}

func converted(red, green, blue float64, calls ...vips.Step) ([]float64, error) {
	dot, err := vips.FromMemory([]byte{byte(red + 0.5), byte(green + 0.5), byte(blue + 0.5)}, 1, 1, 3, "uchar")
	if err != nil {
		return nil, err
	}
	defer dot.Close()
	out, err := vips.Chain(dot, calls...)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	values, err := vips.Call("getpoint", vips.Args{"in": out, "x": 0, "y": 0})
	if err != nil {
		return nil, err
	}
	point, ok := values["out_array"].([]float64)
	if !ok {
		return nil, refuse("no colour came of %g, %g, %g", red, green, blue)
	}
	return point, nil
}
