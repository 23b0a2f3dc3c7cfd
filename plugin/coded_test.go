package plugin_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/ops/icc"
	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin/output/metadata/exif"
)

// withChunks puts chunks behind the header of a PNG.
func withChunks(png []byte, chunks ...string) []byte {
	const header = 8 + 25
	out := bytes.Clone(png[:header])
	for _, c := range chunks {
		out = binary.BigEndian.AppendUint32(out, uint32(len(c)-4))
		out = append(out, c...)
		out = binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE([]byte(c)))
	}
	return append(out, png[header:]...)
}

func chunkOf(name string, values ...float64) string {
	data := []byte(name)
	for _, v := range values {
		data = binary.BigEndian.AppendUint32(data, uint32(v*100000+0.5))
	}
	return string(data)
}

// What a PNG says of its colours in chunks of numbers becomes a profile, or
// the photo is refused (libvips#3912, ImageMagick#7715: the numbers were kept
// and what they meant dropped).
func TestColoursOfPNG(t *testing.T) {
	b := newFixture(t, everyFormat)
	plain, err := os.ReadFile(b.photo("plain.png", 64, 48, 3))
	if err != nil {
		t.Fatal(err)
	}
	p3 := chunkOf("cHRM", 0.3127, 0.329, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06)
	srgb := chunkOf("cHRM", 0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)
	adobe := chunkOf("cHRM", 0.3127, 0.329, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06)
	for i, test := range []struct {
		name, note, refused string
		like                []byte // the profile through which the numbers are to be seen; nil: sRGB
		chunks              []string
	}{
		{"nothing", "", "", nil, nil},
		{"sRGB", "", "", nil, []string{"sRGB\x00"}},
		{"sRGB beside gamma and primaries", "", "", nil, []string{"sRGB\x00", chunkOf("gAMA", 1), p3}},
		{"gamma of sRGB", "", "", nil, []string{chunkOf("gAMA", 0.45455), srgb}},
		{"primaries of P3", "gamma and primaries", "", made(t, icc.P3Primaries), []string{p3}},
		{"gamma and primaries of P3", "gamma and primaries", "", made(t, icc.P3Primaries), []string{chunkOf("gAMA", 0.45455), p3}},
		{"Adobe RGB", "gamma and primaries", "", made(t, icc.AdobePrimaries), []string{chunkOf("gAMA", 0.45455), adobe}},
		{"linear", "gamma and primaries", "", curved(t, 1), []string{chunkOf("gAMA", 1)}},
		{"gamma of old Macs", "gamma and primaries", "", curved(t, 1.8), []string{chunkOf("gAMA", 0.55556)}},
		{"gamma 0", "", "", nil, []string{chunkOf("gAMA", 0)}},
		{"gamma out of range", "out of range", "", nil, []string{chunkOf("gAMA", 400)}},
		{"primaries that enclose nothing", "enclose no colours", "", nil, []string{chunkOf("cHRM", 0.3127, 0.329, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3)}},
		{"cICP sRGB", "", "", nil, []string{"cICP\x01\x0d\x00\x01"}},
		{"cICP P3", "Display P3", "", made(t, icc.P3Primaries), []string{"cICP\x0c\x0d\x00\x01"}},
		{"cICP BT.2020", "BT.2020", "", made(t, icc.BT2020), []string{"cICP\x09\x01\x00\x01"}},
		{"cICP linear", "gamma 1", "", curved(t, 1), []string{"cICP\x01\x08\x00\x01"}},
		{"cICP over primaries", "Display P3", "", made(t, icc.P3Primaries), []string{"cICP\x0c\x0d\x00\x01", adobe}},
		{"cICP of a logarithm", "not known", "", nil, []string{"cICP\x01\x09\x00\x01"}},
		{"cICP PQ", "", "BT.2100 PQ", nil, []string{"cICP\x09\x10\x00\x01"}},
		{"cICP HLG", "", "BT.2100 HLG", nil, []string{"cICP\x09\x12\x00\x01"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			photo := withChunks(plain, append(test.chunks, "tEXt"+fmt.Sprintf("n\x00%d", i))...)
			r, err := b.process(b.write(fmt.Sprintf("in/c%d.png", i), photo))
			if test.refused != "" {
				if err == nil || !strings.Contains(err.Error(), test.refused) {
					t.Fatalf("got %v, want it refused: %s", err, test.refused)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if note := r.Notes["colours"]; test.note == "" && note != "" || !strings.Contains(note, test.note) {
				t.Errorf("the note is %q, want %q", note, test.note)
			}
			want := seenThrough(t, b.write(fmt.Sprintf("ref/c%d.png", i), plain), test.like)
			defer want.Close()
			for _, o := range r.Outputs {
				if o.Format == "png" {
					continue // a copy of the photo
				}
				got := seenThrough(t, o.Path, nil)
				if mean := difference(t, want, got); mean > 4 {
					t.Errorf("%s: seen as it should be, it is off by a mean ΔE of %.1f", o.Format, mean)
				}
				got.Close()
			}
		})
	}
}

func curved(t *testing.T, gamma float64) []byte {
	t.Helper()
	profile, err := icc.New(icc.SRGBPrimaries, icc.Gamma(gamma), "test")
	if err != nil {
		t.Fatal(err)
	}
	return profile
}

// seenThrough is a file in Lab, through a profile or that of its own, or else
// as sRGB. The caller closes it.
func seenThrough(t *testing.T, path string, profile []byte) *vips.Image {
	t.Helper()
	p, err := vips.Open(path, vips.Random)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if profile != nil {
		q, err := p.WithBlob(vips.FieldICC, profile)
		if err != nil {
			t.Fatal(err)
		}
		defer q.Close()
		p = q
	}
	args := vips.Args{"embedded": true, "pcs": "lab", "intent": "relative"}
	if _, tagged := p.Blob(vips.FieldICC); !tagged {
		args["input_profile"] = "srgb"
	}
	out, err := p.Do("icc_import", args)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	three, err := out.Do("extract_band", vips.Args{"band": 0, "n": 3})
	if err != nil {
		t.Fatal(err)
	}
	return three
}

// nclx_p3.avif was reported (libvips#3912): Display P3 by code points alone.
func TestColoursOfAVIF(t *testing.T) {
	b := newFixture(t, everyFormat)
	data, err := os.ReadFile("../../shared/cases/nclx_p3.avif")
	if err != nil {
		t.Skip(err)
	}
	at := bytes.Index(data, []byte("nclx"))
	for i, test := range []struct {
		primaries, transfer byte
		note, refused       string
		like                []byte
	}{
		{12, 13, "Display P3", "", made(t, icc.P3Primaries)},
		{1, 13, "", "", nil},
		{2, 2, "", "", nil},
		{9, 1, "BT.2020", "", made(t, icc.BT2020)},
		{9, 16, "", "BT.2100 PQ", nil},
		{9, 18, "", "BT.2100 HLG", nil},
	} {
		data[at+5], data[at+7] = test.primaries, test.transfer
		r, err := b.process(b.write(fmt.Sprintf("in/a%d.avif", i), data))
		if test.refused != "" {
			if err == nil || !strings.Contains(err.Error(), test.refused) {
				t.Errorf("%d/%d: got %v, want it refused: %s", test.primaries, test.transfer, err, test.refused)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if note := r.Notes["colours"]; test.note == "" && note != "" || !strings.Contains(note, test.note) {
			t.Errorf("%d/%d: the note is %q, want %q", test.primaries, test.transfer, note, test.note)
		}
		want := seenThrough(t, b.write(fmt.Sprintf("ref/a%d.avif", i), data), test.like)
		defer want.Close()
		for _, o := range r.Outputs {
			if o.Format == "avif" || o.Format == "gif" {
				continue // a copy; sRGB and few colours
			}
			got := seenThrough(t, o.Path, nil)
			if mean := difference(t, want, got); mean > 2 {
				t.Errorf("%d/%d in %s: seen as it should be, it is off by a mean ΔE of %.1f", test.primaries, test.transfer, o.Format, mean)
			}
			got.Close()
		}
	}
}

// A picture of high dynamic range is refused by its profile, too; Adobe RGB
// that EXIF alone tells becomes a profile.
// Reports: libvips#3912, ImageMagick#7715.
func TestColoursThatMetadataTell(t *testing.T) {
	b := newFixture(t, everyFormat)
	plain, err := os.ReadFile(b.photo("plain.jpg", 64, 48, 3))
	if err != nil {
		t.Fatal(err)
	}
	pq, err := icc.New(icc.BT2020, icc.SRGBCurve, "Rec. ITU-R BT.2100 PQ")
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.process(b.write("in/pq.jpg", segmented(plain, 0xe2, chunked(pq, [2]byte{1, 1})...)))
	if err == nil || !strings.Contains(err.Error(), "BT.2100 PQ") {
		t.Errorf("PQ by its profile: %v", err)
	}
	for index, adobe := range map[string]bool{"R03": true, "R98": false} {
		block := exif.Encode([]exif.Entry{
			{Dir: exif.Exif, Tag: 0xa001, Type: 3, Count: 1, Value: []byte{0xff, 0xff}},
			{Dir: exif.Interop, Tag: 1, Type: 2, Count: 4, Value: []byte(index + "\x00")},
		}, binary.LittleEndian).Bytes()
		r := b.done(b.write("in/"+index+".jpg", segmented(plain, 0xe1, append([]byte("Exif\x00\x00"), block...))))
		if got := strings.Contains(r.Notes["colours"], "Adobe RGB"); got != adobe {
			t.Errorf("%s: the note is %q", index, r.Notes["colours"])
		}
		var like []byte
		if adobe {
			if like, err = icc.New(icc.AdobePrimaries, icc.Gamma(2.2), "test"); err != nil {
				t.Fatal(err)
			}
		}
		want := seenThrough(t, b.path("in/"+index+".jpg"), like)
		defer want.Close()
		for _, o := range r.Outputs {
			if o.Format == "gif" {
				continue
			}
			got := seenThrough(t, o.Path, nil)
			if mean := difference(t, want, got); mean > 3 {
				t.Errorf("%s in %s: off by a mean ΔE of %.1f", index, o.Format, mean)
			}
			got.Close()
		}
	}
}
