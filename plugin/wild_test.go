package plugin_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/plugin/output"
	"github.com/burnish-photo/burnish/plugin/output/metadata"
	"github.com/burnish-photo/burnish/plugin/output/metadata/container"
	"github.com/burnish-photo/burnish/plugin/output/metadata/exif"
)

const wildPipeline = `
version: 1
pipelines:
  small:
    steps:
      - resize: {width: 256, height: 256}
    outputs:
      - {path: "{stem}.o.{ext}", format: auto}
      - path: "{stem}.webp"
`

// wildMore are the formats that the whole table has as well.
const wildMore = `
      - path: "{stem}.png"
      - path: "{stem}.tif"
      - path: "{stem}.avif"
      - path: "{stem}.heic"
      - path: "{stem}.jxl"
      - path: "{stem}.gif"
`

// refused are the wild files that fail, and why.
var refused = map[string]string{
	"odd_12bit.jpg":        "this build of libvips cannot decode 12-bit JPEG",
	"ultrahdr_mpf_4mp.jpg": "remature end", // its last byte is that of the scan's header: it holds no coded data
}

// TestWildPhotos puts every wild photo through two formats, or with
// BURNISH_TABLE=1 through all, and prints what came in, what went out and each
// contract's figure (make wild).
func TestWildPhotos(t *testing.T) {
	folder := "../../shared/data/wild"
	photos, _ := filepath.Glob(filepath.Join(folder, "*.jpg"))
	if len(photos) == 0 {
		t.Skipf("no photos in %s", folder)
	}
	text := wildPipeline
	if os.Getenv("BURNISH_TABLE") != "" {
		text += wildMore
	}
	b := newFixture(t, text)
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "photo\tin\tformat\tout\torientation\tprofile\tEXIF kept\tXMP\tIPTC\tmean ΔE")
	for _, path := range photos {
		r, err := b.engine.Process(t.Context(), plugin.Job{Path: path, Pipeline: "small", Output: filepath.Join(b.folder, "out")})
		name := filepath.Base(path)
		if why := refused[name]; why != "" {
			if err == nil || !strings.Contains(err.Error(), why) {
				t.Errorf("%s: got %v, want it refused: %s", name, err, why)
			}
			fmt.Fprintf(w, "%s\t%v\n", name, err)
			continue
		}
		if err != nil {
			t.Error(err)
			continue
		}
		colours := lowPass(t, path)
		for _, o := range r.Outputs {
			row := wildRow(t, path, colours, o)
			fmt.Fprintln(w, strings.Join(row, "\t"))
		}
		colours.Close()
	}
	w.Flush()
	t.Log("\n" + table.String())
}

// wildRow compares an output with its source, by other means than the engine's
// own checks where there are some.
func wildRow(t *testing.T, source string, colours *vips.Image, o plugin.Output) []string {
	t.Helper()
	in, err := vips.ReadHeader(source)
	if err != nil {
		t.Fatal(err)
	}
	out, err := vips.ReadHeader(o.Path)
	if err != nil {
		t.Fatal(err)
	}
	fail := func(format string, args ...any) {
		t.Errorf("%s: %s", filepath.Base(o.Path), fmt.Sprintf(format, args...))
	}
	if out.Orientation != 1 {
		fail("orientation %d", out.Orientation)
	}
	if wide, tall := in.Width > in.Height, in.Orientation >= 5; in.Width != in.Height && (out.Width > out.Height) != (wide != tall) {
		fail("%d×%d of %d×%d turned by %d", out.Width, out.Height, in.Width, in.Height, in.Orientation)
	}
	before, err := container.Read(source, in.Format)
	if err != nil {
		t.Fatal(err)
	}
	after, err := container.Read(o.Path, o.Format)
	if err != nil {
		t.Fatal(err)
	}
	kept, all := exifKept(before.EXIF, after.EXIF, o.Format == "tiff")
	if kept < all && o.Format != "gif" {
		fail("%d of %d EXIF entries are left", kept, all)
	}
	p, ok := metadata.ReadProvenance(o.Path, o.Format)
	if !ok || p.Pipeline != "small" {
		fail("no provenance: %+v", p)
	}
	if len(before.IPTC) > 0 && (o.Format == "jpeg" || o.Format == "tiff") && string(before.IPTC) != string(after.IPTC) {
		fail("IPTC is lost")
	}
	for _, stale := range []string{"hdrgm:", "GContainer", "Item:Length", `Orientation="6"`} {
		if strings.Contains(string(after.XMP), stale) {
			fail("XMP still says %s", stale)
		}
	}
	written := lowPass(t, o.Path)
	defer written.Close()
	mean := difference(t, colours, written)
	bound := output.MaxDifference
	if o.Format == "gif" {
		bound *= 3
	}
	if mean > bound {
		fail("the colours are off by %.2f", mean)
	}
	return []string{filepath.Base(source), fmt.Sprintf("%d×%d %s", in.Width, in.Height, in.Interpretation), o.Format,
		fmt.Sprintf("%d×%d %s", out.Width, out.Height, out.Interpretation), fmt.Sprintf("%d→%d", in.Orientation, out.Orientation),
		fmt.Sprintf("%t→%t", in.ICC, out.ICC), fmt.Sprintf("%d/%d", kept, all),
		fmt.Sprintf("%d→%d", len(before.XMP), len(after.XMP)), fmt.Sprintf("%d→%d", len(before.IPTC), len(after.IPTC)), fmt.Sprintf("%.2f", mean)}
}

// exifKept counts the source's entries, and those that the output has with the
// same value; orientation, size and the place of the subject may differ, the thumbnail's are left out.
func exifKept(before, after []byte, tiff bool) (kept, all int) {
	a, err := exif.Parse(before)
	if err != nil {
		return 0, 0
	}
	b, err := exif.Parse(after)
	if err != nil {
		b = exif.Encode(nil, a.Order)
	}
	there := b.Entries()
	for _, e := range a.Entries() {
		free := e.Dir == exif.IFD0 && e.Tag == exif.Orientation || e.Dir == exif.Exif && (e.Tag == 0xa002 || e.Tag == 0xa003 || e.Tag == exif.SubjectArea)
		if e.Dir == exif.IFD1 || e.IsPointer() || free || tiff && container.Pictorial(e) {
			continue
		}
		all++
		if f, ok := exif.Find(there, e.Dir, e.Tag); ok && slices.Equal(f.In(b.Order, a.Order).Value, e.Value) {
			kept++
		}
	}
	return kept, all
}

// lowPass is a file turned upright as 24×24 pixels of Lab, through its own
// profile or else as sRGB or a common press's CMYK. The caller closes it.
func lowPass(t *testing.T, path string) *vips.Image {
	t.Helper()
	open := func(path string) (*vips.Image, error) { return vips.Open(path, vips.Random) }
	if h, err := vips.ReadHeader(path); err == nil && h.Format == "jpeg" && h.Width > 1000 {
		open = shrunk
	}
	p, err := open(path)
	if err != nil {
		t.Fatal(err)
	}
	do := func(operation string, args vips.Args) {
		next, err := p.Do(operation, args)
		p.Close()
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		p = next
	}
	do("autorot", nil)
	profile := vips.Args{"embedded": true, "intent": "relative"}
	if strings.Contains(path, "xyb") {
		profile["intent"] = "perceptual" // XYB's profile has no other
	}
	switch _, tagged := p.Blob(vips.FieldICC); {
	case p.Interpretation() == "cmyk":
		profile["input_profile"], profile["black_point_compensation"] = "cmyk", true
	case !tagged:
		profile["input_profile"] = "srgb"
		do("colourspace", vips.Args{"space": "srgb"}) // no profile for gray is built in
	}
	fit := func(side float64) {
		do("resize", vips.Args{"scale": side / float64(p.Width()), "vscale": side / float64(p.Height()), "kernel": "linear"})
	}
	fit(96)
	do("icc_import", profile)
	do("extract_band", vips.Args{"band": 0, "n": 3})
	fit(24)
	return p
}

// shrunk is a large JPEG at an eighth of its size, which libjpeg decodes at once.
func shrunk(path string) (*vips.Image, error) {
	out, err := vips.Call("jpegload", vips.Args{"filename": path, "shrink": 8})
	if err != nil {
		return nil, err
	}
	return out["out"].(*vips.Image), nil
}

// difference is the mean ΔE 2000 of two low-passes.
func difference(t *testing.T, a, b *vips.Image) float64 {
	t.Helper()
	d, err := a.Do("dE00", vips.Args{"right": b})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	out, err := vips.Call("avg", vips.Args{"in": d})
	if err != nil {
		t.Fatal(err)
	}
	return out["out"].(float64)
}
