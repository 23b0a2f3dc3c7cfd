package colour

import (
	"fmt"
	"slices"

	"github.com/burnish-photo/burnish/ops/icc"
	"github.com/burnish-photo/burnish/ops/vips"
)

// Displayable reports whether p has one of the forms that Burnish works in:
// 8-bit gray, RGB or CMYK, or 16-bit, with or without transparency, and tagged
// as such.
func Displayable(p *vips.Image) bool {
	if p.Coding() != "none" {
		return false
	}
	bands := p.Bands()
	switch p.Format() + " " + p.Interpretation() {
	case "uchar b-w", "ushort grey16":
		return bands <= 2
	case "uchar srgb", "ushort rgb16":
		return bands == 3 || bands == 4
	case "uchar cmyk", "ushort cmyk":
		return bands == 4 || bands == 5
	}
	return false
}

// NoPictureError is an image whose numbers are no colours that can be shown.
type NoPictureError struct{ Reason string }

func (e *NoPictureError) Error() string { return e.Reason }

func refuse(format string, args ...any) error {
	return &NoPictureError{fmt.Sprintf(format, args...)}
}

// coloured are the spaces that libvips converts to RGB by their definition.
var coloured = []string{"lab", "labs", "labq", "lch", "cmc", "xyz", "yxy", "hsv", "scrgb"}

// Display brings an image that a step made to a form that is Displayable, by
// the range that its interpretation gives its numbers: 0 to 255, of 16-bit
// spaces 0 to 65535, or that of a space of its own, such as Lab. What lies
// outside is clipped. A profile of another space than the pixels have come to
// is left out. The note is empty where nothing was done. The caller closes the
// image.
func Display(p *vips.Image) (out *vips.Image, note string, err error) {
	shown, note, err := display(p)
	if err != nil {
		return nil, "", err
	}
	data, tagged := shown.Blob(vips.FieldICC)
	if !tagged {
		return shown, note, nil
	}
	profile, unfit := icc.Parse(data)
	if unfit == nil {
		unfit = profile.Fits(space(shown))
	}
	if unfit == nil {
		return shown, note, nil
	}
	defer shown.Close()
	if note != "" {
		note += "; "
	}
	out, err = shown.Without(vips.FieldICC)
	return out, note + "colour profile left out: " + unfit.Error(), err
}

func display(p *vips.Image) (out *vips.Image, note string, err error) {
	if Displayable(p) {
		return p.Ref(), "", nil
	}
	format, space := p.Format(), p.Interpretation()
	note = fmt.Sprintf("%s numbers (%s) converted to 8 bits", format, space)
	switch {
	case p.Coding() == "rad":
		out, err = vips.Chain(p, vips.Op("rad2float", nil), vips.Op("copy", vips.Args{"interpretation": "scrgb"}), vips.Op("colourspace", vips.Args{"space": "rgb16"}))
		note = "high dynamic range clipped to 16 bits"
	case p.Coding() == "labq", slices.Contains(coloured, space):
		out, err = toRGB16(p)
		note = fmt.Sprintf("%s converted to RGB of 16 bits", space)
	case format == "complex" || format == "dpcomplex" || slices.Contains([]string{"histogram", "matrix", "fourier"}, space):
		return nil, "", refuse("it is no picture: it holds %s numbers (%s) of %d bands", format, space, p.Bands())
	case space == "rgb16" || space == "grey16":
		if format == "uchar" { // cast without a shift: the scale is still that of 16 bits
			out, err = p.Do("cast", vips.Args{"format": "ushort"})
		} else {
			out, err = rounded(p, "ushort")
		}
		note = fmt.Sprintf("%s numbers (%s) converted to 16 bits", format, space)
	case format == "uchar", format == "ushort" && (space == "cmyk" || space == "multiband"):
		out, note = p.Ref(), ""
	default:
		out, err = rounded(p, "uchar")
	}
	if err != nil {
		return nil, "", err
	}
	defer out.Close()
	fitted, dropped, err := fitBands(out)
	if err != nil {
		return nil, "", err
	}
	if note != "" && dropped != "" {
		note += "; "
	}
	return fitted, note + dropped, nil
}

// toRGB16 converts by the definition of p's space, without transparency where
// the space has no scale for it.
func toRGB16(p *vips.Image) (*vips.Image, error) {
	if p.Coding() != "none" || p.Bands() == 3 {
		return p.Do("colourspace", vips.Args{"space": "rgb16"})
	}
	if p.Bands() < 3 {
		return nil, refuse("%s must have three bands, got %d", p.Interpretation(), p.Bands())
	}
	if p.Interpretation() == "scrgb" {
		return withAlpha(p, 65535, vips.Op("colourspace", vips.Args{"space": "rgb16"}))
	}
	return vips.Chain(p, vips.Op("extract_band", vips.Args{"band": 0, "n": 3}), vips.Op("colourspace", vips.Args{"space": "rgb16"}))
}

// rounded casts to whole numbers, the nearest.
func rounded(p *vips.Image, format string) (*vips.Image, error) {
	if f := p.Format(); f == "float" || f == "double" {
		return vips.Chain(p, vips.Op("linear", vips.Args{"a": []float64{1}, "b": []float64{0.5}}), vips.Op("cast", vips.Args{"format": format}))
	}
	return p.Do("cast", vips.Args{"format": format})
}

// fitBands gives an image of 8 or 16 bits the interpretation that its bands and
// format have, without bands of no meaning. The caller closes it.
func fitBands(p *vips.Image) (out *vips.Image, dropped string, err error) {
	gray, rgb := "b-w", "srgb"
	if p.Format() == "ushort" {
		gray, rgb = "grey16", "rgb16"
	}
	bands, meaning, most := p.Bands(), "", 0
	switch space := p.Interpretation(); {
	case space == "cmyk" && bands >= 4:
		meaning, most = "cmyk", 4
	case slices.Contains([]string{"srgb", "rgb", "rgb16"}, space) && bands >= 3, space == "multiband" && (bands == 3 || bands == 4):
		meaning, most = rgb, 3
	case bands <= 2:
		meaning, most = gray, 1
	default:
		return nil, "", refuse("it has %d bands (%s), whose meaning the file does not say; gray has 1, RGB 3, CMYK 4, each with one more for transparency", bands, space)
	}
	calls := []vips.Step{vips.Op("copy", vips.Args{"interpretation": meaning})}
	if bands > most+1 {
		calls = append(calls, vips.Op("extract_band", vips.Args{"band": 0, "n": most}))
		dropped = fmt.Sprintf("%d bands beside the colours left out", bands-most)
	}
	out, err = vips.Chain(p, calls...)
	return out, dropped, err
}

// withAlpha makes the calls on the colours alone, and scales what is left, the
// transparency of 0 to 1, to full, as a 16-bit band. Further bands are left out.
func withAlpha(p *vips.Image, full float64, calls ...vips.Step) (*vips.Image, error) {
	n := p.Bands() - 1
	if p.Bands() > 4 {
		n = 3
	}
	colours, err := vips.Chain(p, append([]vips.Step{vips.Op("extract_band", vips.Args{"band": 0, "n": n})}, calls...)...)
	if err != nil {
		return nil, err
	}
	defer colours.Close()
	alpha, err := vips.Chain(p, vips.Op("extract_band", vips.Args{"band": n}),
		vips.Op("linear", vips.Args{"a": []float64{full}, "b": []float64{0.5}}), vips.Op("cast", vips.Args{"format": "ushort"}))
	if err != nil {
		return nil, err
	}
	defer alpha.Close()
	joined, err := vips.Call("bandjoin", vips.Args{"in": []*vips.Image{colours, alpha}})
	if err != nil {
		return nil, err
	}
	out := joined["out"].(*vips.Image)
	return out, nil
}
