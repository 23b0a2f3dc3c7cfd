package colour

import (
	"encoding/binary"
	"testing"

	"github.com/burnish-photo/burnish/ops/vips"
)

// The note names all that was done to the numbers, and nothing else; what is on
// a scale of 16 bits stays on it.
func TestDisplayOfNumbers(t *testing.T) {
	for _, test := range []struct {
		name, format, interpretation, note string
		bands                              int
		value                              float64 // that comes out of 200, or of 51400 on 16 bits
	}{
		{"8 bits, no meaning", "uchar", "multiband", "", 3, 200},
		{"16 bits, no meaning", "ushort", "multiband", "", 3, 51400},
		{"8 bits, two more", "uchar", "srgb", "2 bands beside the colours left out", 5, 200},
		{"float", "float", "srgb", "float numbers (srgb) converted to 8 bits", 3, 200},
		{"float, two more", "float", "srgb", "float numbers (srgb) converted to 8 bits; 2 bands beside the colours left out", 5, 200},
	} {
		t.Run(test.name, func(t *testing.T) {
			pixels, format := make([]byte, test.bands), "uchar"
			for i := range pixels {
				pixels[i] = 200
			}
			if test.format == "ushort" {
				pixels, format = nil, "ushort"
				for range test.bands {
					pixels = binary.NativeEndian.AppendUint16(pixels, 51400)
				}
			}
			raw, err := vips.FromMemory(pixels, 1, 1, test.bands, format)
			if err != nil {
				t.Fatal(err)
			}
			defer raw.Close()
			p, err := vips.Chain(raw, vips.Op("cast", vips.Args{"format": test.format}), vips.Op("copy", vips.Args{"interpretation": test.interpretation}))
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			out, note, err := Display(p)
			if err != nil {
				t.Fatal(err)
			}
			defer out.Close()
			point, err := vips.Call("getpoint", vips.Args{"in": out, "x": 0, "y": 0})
			if err != nil {
				t.Fatal(err)
			}
			if got := point["out_array"].([]float64)[0]; got != test.value || note != test.note || !Displayable(out) {
				t.Errorf("%g of %s (%s), noted %q; want %g, %q", got, out.Format(), out.Interpretation(), note, test.value, test.note)
			}
		})
	}
}
