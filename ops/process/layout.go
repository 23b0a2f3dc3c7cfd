package process

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/burnish-photo/burnish/ops/process/wire"
	"github.com/burnish-photo/burnish/ops/vips"
)

// exchange is how a photo's pixels become those that a program takes, and its
// answer the photo's again.
type exchange struct {
	width, height int
	bands, size   int  // of the photo's pixels: bands, and bytes of a sample
	alpha         bool // the photo's last band is transparency
	sent          wire.Layout
	expanded      bool // gray is sent as RGB
	held          bool // transparency is held back, and joined to the answer
}

// newExchange finds the way for p to a program; an error is the photo's fault.
func newExchange(p *vips.Image, r wire.Ready) (exchange, error) {
	x := exchange{width: p.Width(), height: p.Height(), bands: p.Bands()}
	colour, colours := "", 0
	switch p.Interpretation() {
	case "b-w", "grey16", "multiband":
		colour, colours = "gray", 1
	case "srgb", "rgb", "rgb16":
		colour, colours = "rgb", 3
	case "cmyk":
		colour, colours = "cmyk", 4
	}
	if colours == 0 || p.Coding() != "none" || x.bands < colours || x.bands > colours+1 {
		return x, fmt.Errorf("programs take gray, RGB and CMYK, and the photo is %s of %d bands: put convert before the step", p.Interpretation(), x.bands)
	}
	switch p.Format() {
	case "uchar":
		x.size = 1
	case "ushort":
		x.size = 2
	default:
		return x, fmt.Errorf("programs take samples of 8 or 16 bits, and the photo's are %s: put cast before the step", p.Format())
	}
	x.alpha = x.bands == colours+1
	x.held = x.alpha && !r.Alpha
	if !slices.Contains(r.Bands, colours) {
		if colours != 1 || !slices.Contains(r.Bands, 3) {
			return x, fmt.Errorf("the program takes photos of %v bands, and this one is %s: put convert before the step", r.Bands, colour)
		}
		x.expanded, colour, colours = true, "rgb", 3
	}
	depth, err := x.depth(r.Depths)
	if err != nil {
		return x, err
	}
	x.sent = wire.Layout{Format: r.Formats[0], Width: x.width, Height: x.height, Bands: colours, Depth: depth, Alpha: x.alpha && !x.held, Colour: colour}
	if x.sent.Alpha {
		x.sent.Bands++
	}
	for _, format := range r.Formats { // the first that holds the photo
		if x.sent.Format = format; format != wire.FormatPPM || x.sent.Bands == 1 || x.sent.Bands == 3 {
			return x, nil
		}
	}
	return x, errors.New("PPM holds neither transparency nor CMYK: put flatten or convert before the step")
}

// depth is the bits of a sample that the program is sent.
func (x exchange) depth(takes []int) (int, error) {
	order := []int{16, 32}
	if x.size == 1 {
		order = []int{8, 32, 16}
	}
	for _, depth := range order {
		if slices.Contains(takes, depth) {
			return depth, nil
		}
	}
	return 0, errors.New("the program takes 8 bits a sample, and the photo has 16: put cast, with format uchar and shift true, before the step")
}

// encode makes a row that is sent of one of the photo's.
func (x exchange) encode(dst, src []byte) {
	for i := range x.width {
		for b := range x.sent.Bands {
			from := b
			if x.expanded {
				from = 0
				if b == 3 {
					from = 1
				}
			}
			put(dst, i*x.sent.Bands+b, x.sent.Depth, get(src, i*x.bands+from, 8*x.size))
		}
	}
}

// plain reports whether encode would change nothing.
func (x exchange) plain() bool {
	return x.sent.Bands == x.bands && x.sent.Depth == 8*x.size && !x.expanded
}

// hold keeps the transparency of a row of the photo.
func (x exchange) hold(dst, src []byte) {
	for i := range x.width {
		copy(dst[i*x.size:(i+1)*x.size], src[(i*x.bands+x.bands-1)*x.size:])
	}
}

// answered are the bands of a row that decode makes: without those held back.
func (x exchange) answered() int {
	if x.held {
		return x.bands - 1
	}
	return x.bands
}

// decode makes a row of the photo, without what is held back, of one of the
// answer, which is width pixels wide.
func (x exchange) decode(dst, src []byte, width, depth int) error {
	bands := x.answered()
	for i := range width {
		for b := range bands {
			at := i*bands + b
			if x.expanded && b == 0 {
				mean := 0.0
				for c := range 3 {
					mean += get(src, i*x.sent.Bands+c, depth) / 3
				}
				if !sound(mean) {
					return errNotNumber
				}
				put(dst, at, 8*x.size, mean)
				continue
			}
			from := b
			if x.expanded {
				from = 3
			}
			v := get(src, i*x.sent.Bands+from, depth)
			if !sound(v) {
				return errNotNumber
			}
			put(dst, at, 8*x.size, v)
		}
	}
	return nil
}

var errNotNumber = errors.New("it answered samples that are not finite numbers (NaN or infinity)")

func sound(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// get is a sample as a number from 0 to 1.
func get(row []byte, at, depth int) float64 {
	switch depth {
	case 8:
		return float64(row[at]) / 255
	case 16:
		return float64(binary.LittleEndian.Uint16(row[2*at:])) / 65535
	}
	return float64(math.Float32frombits(binary.LittleEndian.Uint32(row[4*at:])))
}

// put rounds a number from 0 to 1 to a sample.
func put(row []byte, at, depth int, v float64) {
	switch depth {
	case 8:
		row[at] = byte(min(max(v, 0), 1)*255 + 0.5)
	case 16:
		binary.LittleEndian.PutUint16(row[2*at:], uint16(min(max(v, 0), 1)*65535+0.5))
	default:
		binary.LittleEndian.PutUint32(row[4*at:], math.Float32bits(float32(v)))
	}
}
