package colour

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/burnish-photo/burnish/ops/vips"
)

// numbersOf says where pixels come from.
type numbersOf struct {
	path, format string
	page         int
	profiled     bool // a profile is used, so numbers are a device's
}

// readNumbers brings pixels as decoded to a form that is Displayable. What the
// interpretation of libvips does not tell of a file's numbers, above all the
// range of floating-point ones, their values do: the file is read once more.
func readNumbers(p *vips.Image, of numbersOf) (*vips.Image, string, error) {
	format, space := p.Format(), p.Interpretation()
	floating := format == "float" || format == "double"
	switch {
	case Displayable(p):
		return p.Ref(), "", nil
	case space == "labs" && format == "short", space == "lab" && floating, p.Coding() != "none":
		return Display(p)
	case format == "char" || format == "short" || format == "int":
		return nil, "", refuse("its pixels are signed numbers (%s), of which the file does not say where black and white lie; save it with unsigned 8 or 16 bits", format)
	case format == "uint" && space != "cmyk" && space != "lab":
		return wide(p, of)
	case floating && (space == "scrgb" || space == "b-w" || space == "srgb" || space == "rgb16" || space == "grey16" || space == "multiband"):
		return floats(p, of)
	case format == "uchar" || format == "ushort":
		out, dropped, err := fitBands(p)
		return out, dropped, err
	}
	return nil, "", refuse("its pixels are %s numbers in %s, which cannot be shown; save it with 8 or 16 bits", format, space)
}

// wide takes 32-bit numbers to 16: their range is that of the type.
func wide(p *vips.Image, of numbersOf) (*vips.Image, string, error) {
	s, err := of.measured(p)
	if err != nil {
		return nil, "", err
	}
	if s.max < 65536 {
		return nil, "", refuse("its 32-bit numbers end at %.0f, so that the photo would be black; save it with 8 or 16 bits", s.max)
	}
	out, err := scaled(p, 1.0/65537)
	return out, "32-bit numbers converted to 16 bits", err
}

// Ranges of floating-point numbers. Light of 0 to 1 may go beyond 1 where it is
// brighter than white, which is rare enough that the mean stays low.
const (
	unitMean  = 2.0
	byteTop   = 255.5
	shortTop  = 65535.5
	brightest = 1.001 // what is above it is clipped, with a note
)

// floats takes floating-point pixels to 16 bits.
func floats(p *vips.Image, of numbersOf) (*vips.Image, string, error) {
	s, err := of.measured(p)
	if err != nil {
		return nil, "", err
	}
	unit := s.mean <= unitMean || of.format == "exr" || of.format == "hdr" || of.format == "ppm"
	text := "floating-point numbers of %s converted to 16 bits"
	switch {
	case !s.finite():
		return nil, "", refuse("some of its pixels hold numbers that are no colours (NaN or infinite); save it with 8 or 16 bits")
	case unit && of.profiled:
		out, err := scaled(p, 65535)
		return out, clipping(fmt.Sprintf(text, "0 to 1"), s), err
	case unit:
		out, err := linearLight(p)
		return out, clipping(fmt.Sprintf(text, "0 to 1, taken as linear light,"), s), err
	case s.max <= byteTop:
		out, err := scaled(p, 257)
		return out, fmt.Sprintf(text, "0 to 255"), err
	case s.max <= shortTop:
		out, err := scaled(p, 1)
		return out, fmt.Sprintf(text, "0 to 65535"), err
	}
	return nil, "", refuse("its floating-point numbers reach from %g to %g, which is no range of colours that is known (0 to 1, 255 or 65535); save it with 8 or 16 bits", s.min, s.max)
}

func clipping(note string, s statistics) string {
	if s.max > brightest || s.min < -0.001 {
		return note + fmt.Sprintf("; what lies outside, from %.3g up to %.3g, was clipped", s.min, s.max)
	}
	return note
}

// scaled makes 16-bit pixels, rounded and clipped; transparency is on the same
// scale.
func scaled(p *vips.Image, factor float64) (*vips.Image, error) {
	deep := "rgb16"
	if p.Bands() < 3 {
		deep = "grey16"
	}
	out, err := vips.Chain(p,
		vips.Op("linear", vips.Args{"a": []float64{factor}, "b": []float64{0.5}}),
		vips.Op("cast", vips.Args{"format": "ushort"}),
		vips.Op("copy", vips.Args{"interpretation": deep}))
	if err != nil {
		return nil, err
	}
	defer out.Close()
	fitted, _, err := fitBands(out)
	return fitted, err
}

// linearLight encodes light of 0 to 1 as sRGB of 16 bits, or gray.
func linearLight(p *vips.Image) (*vips.Image, error) {
	typed := vips.Op("copy", vips.Args{"interpretation": "scrgb"})
	switch bands := p.Bands(); {
	case bands == 3:
		return vips.Chain(p, typed, vips.Op("colourspace", vips.Args{"space": "rgb16"}))
	case bands > 3:
		return withAlpha(p, 65535, typed, vips.Op("colourspace", vips.Args{"space": "rgb16"}))
	case bands == 1:
		return grayLight(p)
	}
	colours, err := p.Do("extract_band", vips.Args{"band": 0})
	if err != nil {
		return nil, err
	}
	defer colours.Close()
	gray, err := grayLight(colours)
	if err != nil {
		return nil, err
	}
	defer gray.Close()
	alpha, err := p.Do("extract_band", vips.Args{"band": 1})
	if err != nil {
		return nil, err
	}
	defer alpha.Close()
	scaledAlpha, err := scaled(alpha, 65535)
	if err != nil {
		return nil, err
	}
	defer scaledAlpha.Close()
	joined, err := vips.Call("bandjoin", vips.Args{"in": []*vips.Image{gray, scaledAlpha}})
	if err != nil {
		return nil, err
	}
	return joined["out"].(*vips.Image), nil
}

// grayLight is one band of light as 16-bit gray.
func grayLight(p *vips.Image) (*vips.Image, error) {
	three, err := vips.Call("bandjoin", vips.Args{"in": []*vips.Image{p, p, p}})
	if err != nil {
		return nil, err
	}
	defer three.Close()
	return vips.Chain(three["out"].(*vips.Image),
		vips.Op("copy", vips.Args{"interpretation": "scrgb"}), vips.Op("colourspace", vips.Args{"space": "rgb16"}),
		vips.Op("extract_band", vips.Args{"band": 0}), vips.Op("copy", vips.Args{"interpretation": "grey16"}))
}

// statistics are of all values of the colours.
type statistics struct{ min, max, mean float64 }

func (s statistics) finite() bool {
	for _, x := range []float64{s.min, s.max, s.mean} {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return false
		}
	}
	return true
}

// measured reads the file's page once more: the pixels of a stream can be
// asked for once only.
func (of numbersOf) measured(p *vips.Image) (statistics, error) {
	open := vips.Open // loaders of one page know no page
	if of.page > 0 {
		open = func(path string, a vips.Access) (*vips.Image, error) { return vips.OpenPage(path, of.page, a) }
	}
	again, err := open(of.path, vips.Sequential)
	if err != nil {
		return statistics{}, err
	}
	defer again.Close()
	colours := p.Bands()
	if p.HasAlpha() || colours > 4 {
		colours = min(3, colours-1)
	}
	first, err := again.Do("extract_band", vips.Args{"band": 0, "n": colours})
	if err != nil {
		return statistics{}, err
	}
	defer first.Close()
	return measure(first)
}

// measure evaluates p.
func measure(p *vips.Image) (statistics, error) {
	table, err := p.Do("stats", nil)
	if err != nil {
		return statistics{}, err
	}
	defer table.Close()
	pixels, err := table.Pixels()
	if err != nil {
		return statistics{}, err
	}
	at := func(i int) float64 { return math.Float64frombits(binary.NativeEndian.Uint64(pixels[8*i:])) }
	return statistics{min: at(0), max: at(1), mean: at(4)}, nil
}
