package plugin_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/ops/icc"
	"github.com/burnish-photo/burnish/ops/vips"
)

// everyFormat writes a photo as it is in every format.
const everyFormat = `
version: 1
pipelines:
  small:
    steps:
      - autorotate: {}
    outputs:
      - {path: "{stem}.jpg", provenance: false, strip: [makernote]}
      - path: "{stem}.png"
      - path: "{stem}.webp"
      - {path: "{stem}.tif", strip: [makernote]}
      - path: "{stem}.avif"
      - path: "{stem}.heic"
      - path: "{stem}.jxl"
      - path: "{stem}.gif"
`

// segmented puts segments of a marker behind the start of a JPEG.
func segmented(jpeg []byte, marker byte, contents ...[]byte) []byte {
	out := bytes.Clone(jpeg[:2])
	for _, c := range contents {
		out = binary.BigEndian.AppendUint16(append(out, 0xff, marker), uint16(len(c)+2))
		out = append(out, c...)
	}
	return append(out, jpeg[2:]...)
}

// chunked is a profile as the content of APP2 segments, numbered as given:
// number and count for each.
func chunked(profile []byte, numbers ...[2]byte) (contents [][]byte) {
	size := (len(profile) + len(numbers) - 1) / len(numbers)
	for i, n := range numbers {
		part := profile[min(i*size, len(profile)):min((i+1)*size, len(profile))]
		contents = append(contents, append([]byte("ICC_PROFILE\x00"+string(n[:])), part...))
	}
	return contents
}

func builtIn(t *testing.T, name string) []byte {
	t.Helper()
	out, err := vips.Call("profile_load", vips.Args{"name": name})
	if err != nil {
		t.Fatal(err)
	}
	return out["profile"].([]byte)
}

func made(t *testing.T, p icc.Primaries) []byte {
	t.Helper()
	profile, err := icc.New(p, icc.SRGBCurve, "test")
	if err != nil {
		t.Fatal(err)
	}
	return profile
}

// changed is data with other bytes from at on.
func changed(data []byte, at int, with string) []byte {
	out := bytes.Clone(data)
	copy(out[at:], with)
	return out
}

func grayPhoto(t *testing.T) []byte {
	t.Helper()
	pixels := make([]byte, 64*48)
	for i := range pixels {
		pixels[i] = byte(i%64*3 + i/64)
	}
	p, err := vips.FromMemory(pixels, 64, 48, 1, "uchar")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	path := filepath.Join(t.TempDir(), "gray.jpg")
	if err := p.Save("jpegsave", path, vips.Args{"Q": 90}); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// A profile that is malformed, or of other pixels, is left out with a note;
// the photo is done in every format, as one without a profile would be. One
// whose length alone is wrong is mended.
func TestUnfitProfiles(t *testing.T) {
	b := newFixture(t, everyFormat)
	rgb, err := os.ReadFile(b.photo("plain.jpg", 64, 48, 3))
	if err != nil {
		t.Fatal(err)
	}
	gray := grayPhoto(t)
	srgb, p3, cmyk := made(t, icc.SRGBPrimaries), made(t, icc.P3Primaries), builtIn(t, "cmyk")[:]
	grayProfile := icc.NewGray(icc.Gamma(1.8), "test")
	one := [2]byte{1, 1}
	for i, test := range []struct {
		name     string
		photo    []byte
		contents [][]byte
		note     string // "": none
		keeps    []byte // the profile that outputs have
	}{
		{"sound", rgb, chunked(p3, one), "", p3},
		{"sound gray", gray, chunked(grayProfile, one), "", grayProfile},
		{"two bytes too long", rgb, chunked(append(bytes.Clone(p3), 0, 0), one), "", p3},           // photoprism#5616
		{"cmyk in rgb", rgb, chunked(cmyk[:min(len(cmyk), 65000)], one), "left out", nil},          // sharp#521
		{"rgb in gray", gray, chunked(srgb, one), "it is for RGB, the pixels are gray", nil},       // libvips#183
		{"gray in rgb", rgb, chunked(grayProfile, one), "it is for gray, the pixels are RGB", nil}, // libvips#183
		{"lab space", rgb, chunked(changed(p3, 16, "Lab "), one), "left out", nil},
		{"xyz space", rgb, chunked(changed(p3, 16, "XYZ "), one), "left out", nil},
		{"device link", rgb, chunked(changed(p3, 12, "link"), one), `the class "link"`, nil},
		{"named colours", rgb, chunked(changed(p3, 12, "nmcl"), one), `the class "nmcl"`, nil},
		{"abstract", rgb, chunked(changed(p3, 12, "abst"), one), `the class "abst"`, nil},
		{"no signature", rgb, chunked(changed(p3, 36, "acsq"), one), "signature", nil},
		{"no such connection", rgb, chunked(changed(p3, 20, "RGB "), one), "must be XYZ or Lab", nil},
		{"cut off", rgb, chunked(p3[:len(p3)-20], one), "left out", nil},
		{"header alone", rgb, chunked(p3[:128], one), "less than a header", nil},
		{"one byte", rgb, chunked(p3[:1], one), "less than a header", nil},
		{"garbage", rgb, chunked(bytes.Repeat([]byte("garbage "), 90), one), "left out", nil},
		{"tag out of bounds", rgb, chunked(changed(p3, 136, "\xff\xff\xff\xf0"), one), "left out", nil},
		{"too many tags", rgb, chunked(changed(p3, 128, "\xff\xff\xff\xff"), one), "tags", nil},
		{"no tags", rgb, chunked(changed(p3, 128, "\x00\x00\x00\x00"), one), "tags", nil},
		{"version 9", rgb, chunked(changed(p3, 8, "\x09"), one), "version 9", nil},
		{"curves of no known type", rgb, chunked(bytes.ReplaceAll(p3, []byte("para"), []byte("parx")), one), "left out", nil},
		{"length too small", rgb, chunked(changed(p3, 0, "\x00\x00\x00\x90"), one), "", p3},
		{"length too large", rgb, chunked(changed(p3, 0, "\x00\x00\xff\x00"), one), "", p3},
		{"two parts", rgb, chunked(p3, [2]byte{1, 2}, [2]byte{2, 2}), "", p3},
		{"numbered from 0", rgb, chunked(p3, [2]byte{0, 2}, [2]byte{1, 2}), "", p3},
		{"all number 1", rgb, chunked(p3, one, one), "", p3},
		{"a part twice", rgb, append(chunked(p3, [2]byte{1, 2}, [2]byte{2, 2}), chunked(p3, [2]byte{1, 2}, [2]byte{2, 2})...), "", p3},
		{"a part missing", rgb, chunked(p3, [2]byte{1, 3}, [2]byte{2, 3}, [2]byte{3, 3})[:2], "left out", nil},
		{"the first missing", rgb, chunked(p3, [2]byte{1, 2}, [2]byte{2, 2})[1:], "left out", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			plain := segmented(test.photo, 0xe2, []byte(fmt.Sprintf("no profile %d", i)))
			want := b.done(b.write(fmt.Sprintf("in/plain%d.jpg", i), plain))
			r := b.done(b.write(fmt.Sprintf("in/photo%d.jpg", i), segmented(test.photo, 0xe2, test.contents...)))
			note := r.Notes["colours"]
			if test.note == "" && note != "" || !strings.Contains(note, test.note) {
				t.Errorf("the note is %q, want %q", note, test.note)
			}
			for k, o := range r.Outputs {
				p, err := vips.Open(o.Path, vips.Random)
				if err != nil {
					t.Fatal(err)
				}
				profile, has := p.Blob(vips.FieldICC)
				p.Close()
				converted := o.Format == "gif" || o.Format == "jxl" || bytes.Equal(test.keeps, grayProfile)
				if !converted && (has != (test.keeps != nil) || !bytes.Equal(profile, test.keeps)) {
					t.Errorf("%s: it has a profile of %d bytes, want %d", o.Format, len(profile), len(test.keeps))
				}
				if test.keeps == nil && o.Format != "jxl" {
					if off := differ(t, want.Outputs[k].Path, o.Path); off > 0 {
						t.Errorf("%s: pixels differ from those without a profile by %g", o.Format, off)
					}
				}
			}
		})
	}
}

// The files that were reported.
// Reports: photoprism#5616, sharp#521, libvips#183.
func TestReportedProfiles(t *testing.T) {
	b := newFixture(t, everyFormat)
	for name, note := range map[string]string{
		"icc_size_off_by_2.jpg": "",                             // photoprism#5616
		"icc_cmyk_in_rgb.jpg":   "left out",                     // sharp#521
		"icc_rgb_in_gray.jpg":   "for RGB, the pixels are gray", // libvips#183
	} {
		data, err := os.ReadFile("../../shared/cases/" + name)
		if err != nil {
			t.Skip(err)
		}
		r := b.done(b.write("in/"+name, data))
		if got := r.Notes["colours"]; !strings.Contains(got, note) || (note == "") != (got == "") || len(r.Outputs) != 8 {
			t.Errorf("%s: %d outputs, noted %q", name, len(r.Outputs), got)
		}
	}
}

// differ is the mean difference of the values of two files.
func differ(t *testing.T, a, b string) float64 {
	t.Helper()
	p, err := vips.Open(a, vips.Random)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	q, err := vips.Open(b, vips.Random)
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	d, err := p.Do("subtract", vips.Args{"right": q})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	s, err := d.Do("abs", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	return average(t, s)
}

func average(t *testing.T, p *vips.Image) float64 {
	t.Helper()
	out, err := vips.Call("avg", vips.Args{"in": p})
	if err != nil {
		t.Fatal(err)
	}
	return out["out"].(float64)
}
