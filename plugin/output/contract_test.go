package output

import (
	"bytes"
	"context"
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin/output/check"
	"github.com/burnish-photo/burnish/plugin/output/metadata"
	"github.com/burnish-photo/burnish/plugin/output/metadata/container"
	"github.com/burnish-photo/burnish/plugin/output/metadata/exif"
	"github.com/burnish-photo/burnish/plugin/output/metadata/xmp"
	"github.com/burnish-photo/burnish/plugin/output/staging"
)

const packet = `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"
 tiff:Orientation="6" exif:GPSLatitude="51,30N" hdrgm:Version="1.0" xmp:CreateDate="2019-07-03" photoshop:City="Ghent" tiff:Make="ACME">
<dc:rights><rdf:Alt><rdf:li xml:lang="x-default">Ann</rdf:li></rdf:Alt></dc:rights><xmp:Thumbnails>old</xmp:Thumbnails></rdf:Description></rdf:RDF></x:xmpmeta>`

// photo is a JPEG of 96×64 stored pixels in Display P3 that carries everything.
func photo(t *testing.T) ops.Image {
	t.Helper()
	folder := t.TempDir()
	pixels := make([]byte, 96*64*3)
	for i := range pixels {
		pixels[i] = byte(i/3%96*2 + i%3*30)
	}
	p, err := vips.FromMemory(pixels, 96, 64, 3, "uchar")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	tagged, err := p.Do("icc_transform", vips.Args{"input_profile": "srgb", "output_profile": "p3"})
	if err != nil {
		t.Fatal(err)
	}
	defer tagged.Close()
	plain, path := filepath.Join(folder, "plain.jpg"), filepath.Join(folder, "photo.jpg")
	if err := tagged.Save("jpegsave", plain, vips.Args{"Q": 95}); err != nil {
		t.Fatal(err)
	}
	text := func(dir exif.Dir, tag uint16, s string) exif.Entry {
		return exif.Entry{Dir: dir, Tag: tag, Type: 2, Count: uint32(len(s) + 1), Value: append([]byte(s), 0)}
	}
	note := []byte("ACME\x00 a note")
	m := container.Metadata{
		EXIF: exif.Encode([]exif.Entry{
			text(exif.IFD0, exif.Make, "ACME"), text(exif.IFD0, exif.Artist, "Ann"), {Dir: exif.IFD0, Tag: exif.Orientation, Type: 3, Count: 1, Value: []byte{1, 0}},
			text(exif.Exif, exif.DateTimeOriginal, "2019:07:03 10:20:30"),
			{Dir: exif.Exif, Tag: exif.MakerNote, Type: 7, Count: uint32(len(note)), Value: note},
			text(exif.GPS, 1, "N"),
		}, binary.LittleEndian).Bytes(),
		XMP:  []byte(packet),
		IPTC: []byte("\x1c\x02\x50\x00\x03Ann\x1c\x02\x5a\x00\x05Ghent"),
	}
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := container.Write(plain, path, "jpeg", m); err != nil {
		t.Fatal(err)
	}
	return open(t, path)
}

func open(t *testing.T, path string) ops.Image {
	t.Helper()
	h, err := vips.ReadHeader(path)
	if err != nil {
		t.Fatal(err)
	}
	p, err := vips.Open(path, vips.Random)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return ops.Image{Pixels: p, Source: &ops.Source{Path: path, Format: h.Format, Width: h.Width, Height: h.Height, Orientation: h.Orientation}}
}

// stage writes img as an output of that YAML.
func stage(t *testing.T, img ops.Image, text string) (string, map[string]string, error) {
	t.Helper()
	c, faults := parse(t, text)
	if faults != "" {
		t.Fatal(faults)
	}
	var notes ops.Notes
	r := Request{Config: c, TempPrefix: staging.Stateless, Encoder: c.Encoder(img.Source.Format), Path: filepath.Join(t.TempDir(), c.Path.String()), Provenance: metadata.Provenance{Source: "abc", Version: "1"}}
	s, err := Stage(ops.WithNotes(context.Background(), &notes), img, r)
	if err != nil {
		return "", notes.All(), err
	}
	_, err = s.Publish()
	s.Discard()
	return r.Path, notes.All(), err
}

func TestClassesOfMetadata(t *testing.T) {
	img := photo(t)
	everything := []string{"ACME\x00", "a note", "2019:07:03", "Ann\x00", "51,30N", "2019-07-03", `Make="ACME"`, "Ghent", "x-default", "burnish:Source", "ICC"}
	for _, test := range []struct {
		policy string
		gone   []string
	}{
		{"", nil},
		{", provenance: false", []string{"burnish:Source"}},
		{", strip: [gps]", []string{"51,30N", "Ghent"}},
		{", strip: [makernote]", []string{"a note"}},
		{", strip: [camera]", []string{"a note", "ACME\x00", `Make="ACME"`}},
		{", strip: [dates]", []string{"2019:07:03", "2019-07-03"}},
		{", strip: [exif, xmp]", []string{"a note", "ACME\x00", `Make="ACME"`, "2019:07:03", "2019-07-03", "Ann\x00", "51,30N", "x-default"}},
		{", strip: [icc]", []string{"ICC"}},
		{", keep: [icc, copyright]", []string{"a note", "ACME\x00", `Make="ACME"`, "2019:07:03", "2019-07-03", "51,30N", "Ghent"}},
		{", keep: []", []string{"a note", "ACME\x00", `Make="ACME"`, "2019:07:03", "2019-07-03", "51,30N", "Ghent", "Ann\x00", "x-default", "ICC"}},
	} {
		for _, format := range []string{"jpg", "tif", "png", "webp", "avif", "jxl"} {
			path, _, err := stage(t, img, "{path: a."+format+test.policy+"}")
			if err != nil {
				t.Errorf("%s%s: %v", format, test.policy, err)
				continue
			}
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			h, err := vips.ReadHeader(path)
			if err != nil {
				t.Fatal(err)
			}
			for _, text := range everything {
				there := bytes.Contains(data, []byte(text))
				switch {
				case text == "ICC" && format == "jxl":
					continue // it writes a profile of its own
				case text == "ICC":
					there = h.ICC
				case text == "Ghent" && format != "jpg" && format != "tif":
					there = there || !slices.Contains(test.gone, text) && !strings.Contains(test.policy, "xmp")
				}
				if want := !slices.Contains(test.gone, text); there != want && !(text == "Ghent" && strings.Contains(test.policy, "xmp")) {
					t.Errorf("%s%s: %q is there: %t", format, test.policy, text, there)
				}
			}
			for _, stale := range []string{`Orientation="6"`, "hdrgm:Version", "old"} {
				if bytes.Contains(data, []byte(stale)) {
					t.Errorf("%s%s: %q is still there", format, test.policy, stale)
				}
			}
		}
	}
}

func TestWhatAFormatCannotHoldIsNoted(t *testing.T) {
	_, notes, err := stage(t, photo(t), "{path: a.gif}")
	if err != nil || notes["not_kept:a.gif"] != "EXIF, IPTC in gif" {
		t.Errorf("%v, %v", notes, err)
	}
	if _, got := parse(t, "{path: a.gif, keep: [exif]}"); !strings.Contains(got, "gif cannot hold exif") {
		t.Errorf("got %q", got)
	}
	for text, want := range map[string]string{
		"{path: a.jpg, keep: [icc], strip: [gps]}":                "either what to keep or what to strip",
		"{path: a.jpg, strip: [pgs]}":                             `did you mean "gps"?`,
		"{path: a.jpg, strip: gps}":                               "must be a list",
		"{path: a.jpg, collision: nummer}":                        `did you mean "number"?`,
		"{path: a.jpg, preserve: [time]}":                         "must be mtime, owner or mode",
		"{path: a.jpg, gainmap: kep}":                             `did you mean "keep"?`,
		"{path: a, tiles: {}, preserve: [mode]}":                  "tiles are many files",
		"{path: a, tiles: {suffix: '.jpg[profile=/etc/passwd]'}}": "must be .jpg, .jpeg, .png or .webp",
		"{path: a, tiles: {tile_size: 0}}":                        "must be 1 to 8192, got 0",
	} {
		if _, got := parse(t, text); !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}

// TestViolationsAreFound changes what a written file should hold.
func TestViolationsAreFound(t *testing.T) {
	img := photo(t)
	path, _, err := stage(t, img, "{path: a.jpg}")
	if err != nil {
		t.Fatal(err)
	}
	c, _ := parse(t, "{path: a.jpg}")
	provenance, _ := metadata.ReadProvenance(path, "jpeg")
	r := Request{Config: c, TempPrefix: staging.Stateless, Encoder: c.Encoder("jpeg"), Path: path, Provenance: provenance}
	for want, spoil := range map[string]func(w *encodeJob){
		"":        func(*encodeJob) {},
		"not the": func(w *encodeJob) { w.metadata.XMP = append(w.metadata.XMP, ' ') },
		"of IPTC": func(w *encodeJob) { w.metadata.IPTC = nil },
		"tag 0x010f": func(w *encodeJob) {
			w.metadata.EXIF = bytes.Replace(w.metadata.EXIF, []byte("ACME"), []byte("ACNE"), 1)
		},
		"profile is lost": nil,
		"colours are off": func(w *encodeJob) {
			black, err := w.given.Do("linear", vips.Args{"a": []float64{0}, "b": []float64{0}, "uchar": true})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(black.Close)
			w.reference = check.NewReference(black, "jpeg")
			seen, err := w.reference.Tee()
			if err != nil {
				t.Fatal(err)
			}
			defer seen.Close()
			if _, err := vips.Call("avg", vips.Args{"in": seen}); err != nil {
				t.Fatal(err)
			}
		},
		"pixels, not": func(w *encodeJob) {
			small, err := w.pixels.Do("extract_area", vips.Args{"left": 0, "top": 0, "width": 9, "height": 9})
			if err != nil {
				t.Fatal(err)
			}
			w.pixels.Close()
			w.pixels = small
		},
	} {
		w, err := r.encodeJob(t.Context(), img)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := vips.Call("avg", vips.Args{"in": w.pixels}); err != nil { // the low-pass
			t.Fatal(err)
		}
		file := path
		if spoil == nil {
			if file, _, err = stage(t, img, "{path: a.jpg, strip: [icc]}"); err != nil {
				t.Fatal(err)
			}
		} else {
			spoil(w)
		}
		err = w.verify(t.Context(), file)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("got %v, want %q", err, want)
		}
		w.close()
	}
}

func TestSixteenBitsStay(t *testing.T) {
	pixels := make([]byte, 64*64*6)
	for i := range len(pixels) / 2 {
		binary.NativeEndian.PutUint16(pixels[2*i:], uint16(i*5+i%3*9000))
	}
	p, err := vips.FromMemory(pixels, 64, 64, 3, "ushort")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	path := filepath.Join(t.TempDir(), "deep.png")
	if err := p.Save("pngsave", path, nil); err != nil {
		t.Fatal(err)
	}
	for _, f := range formats {
		if f.name == tiles {
			continue
		}
		out, _, err := stage(t, open(t, path), "{path: b."+f.extensions[0]+"}")
		if err != nil {
			t.Errorf("%s: %v", f.name, err)
			continue
		}
		h, err := vips.ReadHeader(out)
		if err != nil || (h.Sample == "ushort") != f.deep {
			t.Errorf("%s: read back as %s, %v", f.name, h.Sample, err)
		}
	}
}

func TestMalformedMetadata(t *testing.T) {
	img := photo(t)
	path := filepath.Join(t.TempDir(), "odd.jpg")
	os.WriteFile(path, nil, 0o644)
	if err := container.Write(img.Source.Path, path, "jpeg", container.Metadata{EXIF: []byte("nonsense"), XMP: []byte("<not xmp")}); err != nil {
		t.Fatal(err)
	}
	out, notes, err := stage(t, open(t, path), "{path: a.png}")
	if err != nil || !strings.Contains(notes["not_kept:a.png"], "EXIF (it is malformed), XMP (it is malformed)") {
		t.Fatalf("%v, %v", notes, err)
	}
	if p, ok := metadata.ReadProvenance(out, "png"); !ok || p.Source != "abc" {
		t.Errorf("the provenance is %+v", p)
	}
}

// A packet that is larger than is read is not called malformed: the note says how
// large it may be, and is.
func TestAPacketOverALimit(t *testing.T) {
	img := photo(t)
	path := filepath.Join(t.TempDir(), "deep.jpg")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	deep := `<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">` + strings.Repeat("<a>", 300) + strings.Repeat("</a>", 300) + `</rdf:RDF>`
	if err := container.Write(img.Source.Path, path, "jpeg", container.Metadata{XMP: []byte(deep)}); err != nil {
		t.Fatal(err)
	}
	_, notes, err := stage(t, open(t, path), "{path: a.png}")
	if err != nil || !strings.Contains(notes["not_kept:a.png"], "must be nested at most 256 deep, got 257") {
		t.Errorf("%v, %v", notes, err)
	}
}

func TestGainMaps(t *testing.T) {
	source := "../../../shared/data/wild/ultrahdr_gainmap_8mp_mpf.jpg"
	if _, err := os.Stat(source); err != nil {
		t.Skip(err)
	}
	img := open(t, source)
	before, err := container.Read(source, "jpeg")
	if err != nil || len(before.Second) == 0 {
		t.Fatalf("no gain map: %v", err)
	}
	small, err := img.Pixels.Do("resize", vips.Args{"scale": 0.25})
	if err != nil {
		t.Fatal(err)
	}
	defer small.Close()
	turned, err := img.Pixels.Do("rot", vips.Args{"angle": "d180"})
	if err != nil {
		t.Fatal(err)
	}
	defer turned.Close()
	for _, test := range []struct {
		name  string
		img   ops.Image
		text  string
		keeps bool
		note  string
	}{
		{"kept", img.With(img.Pixels), "{path: a.jpg, gainmap: keep}", true, "gain map kept"},
		{"by default", img.With(small), "{path: a.jpg}", false, "dropped; a gain map is kept with"},
		{"another size", img.With(small), "{path: a.jpg, gainmap: keep}", false, "another size"},
		{"another format", img.With(small), "{path: a.webp, gainmap: keep}", false, "only a JPEG"},
		{"turned", img.With(turned), "{path: a.jpg, gainmap: keep}", false, "looks different"},
	} {
		path, notes, err := stage(t, test.img, test.text)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		format := strings.TrimPrefix(strings.Replace(filepath.Ext(path), "jpg", "jpeg", 1), ".")
		after, err := container.Read(path, format)
		if err != nil {
			t.Fatal(err)
		}
		p, err := xmp.Parse(after.XMP)
		if err != nil {
			t.Fatal(err)
		}
		says := slices.ContainsFunc(p.Properties(), func(q xmp.Property) bool { return q.Space == "http://ns.adobe.com/hdr-gain-map/1.0/" })
		if bytes.Equal(after.Second, before.Second) != test.keeps || says != test.keeps || after.More > 1 || !strings.Contains(notes["further_pictures:"+filepath.Base(path)], test.note) {
			t.Errorf("%s: %d bytes of gain map, XMP says so: %t, %v", test.name, len(after.Second), says, notes)
		}
	}
}
