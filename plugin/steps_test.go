package plugin_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/ops/icc"
	"github.com/burnish-photo/burnish/ops/vips"
)

// What steps make of numbers, bands and spaces comes out in every format with
// a profile that fits its pixels, or the photo fails (libvips#730).
func TestWhatStepsMake(t *testing.T) {
	for _, test := range []struct {
		name, steps, refused string
		gray                 bool
	}{
		{"float", "[{linear: {a: [1.0], b: [0.0]}}]", "", false},
		{"signed", "[{cast: {format: short}}]", "", false},
		{"16 bits without a shift", "[{cast: {format: ushort}}]", "", false},
		{"lab", "[{colourspace: {space: lab}}]", "", false},
		{"labq", "[{colourspace: {space: labq}}]", "", false},
		{"scrgb", "[{colourspace: {space: scrgb}}]", "", false},
		{"xyz and a watermark", "[{colourspace: {space: xyz}}, {watermark: {text: a, opacity: 0}}]", "", false},
		{"gray", "[{colourspace: {space: b-w}}]", "", true},
		{"one band", "[{extract_band: {band: 1}}]", "", true},
		{"complex", "[{fwfft: {}}]", "no picture", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newFixture(t, strings.Replace(everyFormat, "\n      - autorotate: {}", " "+test.steps, 1))
			plain, err := os.ReadFile(b.photo("plain.jpg", 64, 48, 3))
			if err != nil {
				t.Fatal(err)
			}
			p3 := made(t, icc.P3Primaries)
			r, err := b.process(b.write("in/a.jpg", segmented(plain, 0xe2, chunked(p3, [2]byte{1, 1})...)))
			if test.refused != "" {
				if err == nil || !strings.Contains(err.Error(), test.refused) {
					t.Fatalf("got %v, want it refused: %s", err, test.refused)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			want := mean8(t, b.path("in/a.jpg"))
			for _, o := range r.Outputs {
				p, err := vips.Open(o.Path, vips.Random)
				if err != nil {
					t.Fatal(err)
				}
				profile, has := p.Blob(vips.FieldICC)
				p.Close()
				switch {
				case o.Format == "jxl" || o.Format == "gif":
				case has == test.gray || has && !bytes.Equal(profile, p3):
					t.Errorf("%s: a profile of %d bytes", o.Format, len(profile))
				}
			}
			if !test.gray {
				meansOf(t, r.Outputs[:4], want, 3)
			}
		})
	}
}
