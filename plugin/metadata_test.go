package plugin_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/ops/vips"
)

const twoFormats = `
version: 1
pipelines:
  small:
    steps:
      - promptcir: {model: lite}
        id: restored
      - resize: {width: 30, height: 30}
    outputs:
      - path: "{date:2006/01}/{stem}.{pipeline}.jpg"
        from: restored
        jpeg: {}
      - path: "{stem}.webp"
      - path: "{dir}/thumbs/{stem}.png"
        from: restored
        thumbnail: {width: 16}
`

// portrait is a JPEG of 60×40 stored pixels, to be turned by 90 degrees, with a
// colour profile and a camera's metadata.
func portrait(b *fixture) (path string, profile []byte) {
	b.Helper()
	plain, err := vips.Open(b.photo("plain.jpg", 60, 40, 5), vips.Random)
	if err != nil {
		b.Fatal(err)
	}
	defer plain.Close()
	tagged, err := plain.Do("icc_transform", vips.Args{"output_profile": "p3", "input_profile": "srgb"})
	if err != nil {
		b.Fatal(err)
	}
	profile, _ = tagged.Blob("icc-profile-data")
	edits := []func(p *vips.Image) (*vips.Image, error){
		func(p *vips.Image) (*vips.Image, error) { return p.WithInt("orientation", 6) },
		func(p *vips.Image) (*vips.Image, error) { return p.WithString("exif-ifd0-Make", "Acme") },
		func(p *vips.Image) (*vips.Image, error) {
			return p.WithString("exif-ifd2-DateTimeOriginal", "2019:07:03 10:20:30")
		},
		func(p *vips.Image) (*vips.Image, error) { return p.WithString("exif-ifd3-GPSLatitudeRef", "N") },
		func(p *vips.Image) (*vips.Image, error) {
			return p.WithBlob("xmp-data", []byte(`<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">`+
				`<rdf:Description rdf:about="" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"/></rdf:RDF></x:xmpmeta>`))
		},
	}
	for _, edit := range edits {
		next, err := edit(tagged)
		tagged.Close()
		if err != nil {
			b.Fatal(err)
		}
		tagged = next
	}
	defer tagged.Close()
	path = b.path("in/portrait.jpg")
	if err := tagged.Save("jpegsave", path, nil); err != nil {
		b.Fatal(err)
	}
	os.Remove(b.path("in/plain.jpg"))
	return path, profile
}

func TestMetadataProfileAndOrientationReachTheOutputs(t *testing.T) {
	b := newFixture(t, twoFormats)
	path, profile := portrait(b)
	if len(profile) == 0 {
		t.Fatal("the test photo has no profile")
	}
	r := b.done(path)
	if r.Notes["device"] == "" || !strings.HasPrefix(r.Notes["model"], "lite") {
		t.Errorf("the result does not say what ran where: %v", r.Notes)
	}
	for name, want := range map[string][2]int{
		"out/2019/07/portrait.small.jpg": {40, 60},
		"out/portrait.webp":              {20, 30},
		"out/thumbs/portrait.png":        {16, 24},
	} {
		img, err := vips.Open(filepath.Join(b.folder, name), vips.Random)
		if err != nil {
			t.Error(err)
			continue
		}
		if img.Width() != want[0] || img.Height() != want[1] {
			t.Errorf("%s is %d×%d, want %d×%d", name, img.Width(), img.Height(), want[0], want[1])
		}
		if o := img.Orientation(); o != 1 {
			t.Errorf("%s: orientation %d, want 1", name, o)
		}
		if got, _ := img.Blob("icc-profile-data"); !bytes.Equal(got, profile) {
			t.Errorf("%s: the profile is lost or changed", name)
		}
		if make, _ := img.String("exif-ifd0-Make"); !strings.HasPrefix(make, "Acme") {
			t.Errorf("%s: the camera is lost: %q", name, make)
		}
		if gps, _ := img.String("exif-ifd3-GPSLatitudeRef"); !strings.HasPrefix(gps, "N") {
			t.Errorf("%s: the place is lost: %q", name, gps)
		}
		if xmp, _ := img.Blob("xmp-data"); !bytes.Contains(xmp, []byte(`tiff:Orientation="1"`)) {
			t.Errorf("%s: XMP is lost or has another orientation: %q", name, xmp)
		}
		img.Close()
	}
}
