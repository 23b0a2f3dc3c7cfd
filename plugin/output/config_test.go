package output

import (
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin/naming"
)

// parse reads one output; the faults are as check prints them.
func parse(t *testing.T, text string) (*Config, string) {
	t.Helper()
	node, err := diag.Parse("f.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	c := &Config{}
	faults := c.DecodeStrict(node)
	var lines []string
	for _, f := range faults.In("f.yaml") {
		lines = append(lines, f.Error())
	}
	return c, strings.Join(lines, "\n")
}

func TestFaultsOfAnOutput(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"{path: a.jpg}", ""},
		{"{path: a.jpg, jpeg: {quality: 75, interlace: true, subsample_mode: off}}", ""},
		{"{path: a.png, png: {filter: [sub, up], compression: 9}}", ""},
		{"{path: '{stem}.{ext}', format: auto, jpeg: {quality: 85}, png: {compression: 9}}", ""},
		{"{path: a.jpg, jpeg: {qualty: 75}}", `f.yaml:1:22: jpeg has no option "qualty"; did you mean "quality"?`},
		{"{path: a.jpg, jpeg: {quality: 101}}", "f.yaml:1:31: quality: must be 1 to 100, got 101"},
		{"{path: a.jpg, jpeg: {quality: high}}", `must be a whole number, got "high"`},
		{"{path: a.jpg, jpeg: {Q: 5, quality: 6}}", "already set"},
		{"{path: a.jpg, jpeg: {strip: true}}", `no option "strip"`},
		{"{path: a.jpg, jpeg: {subsample_mode: auot}}", `got "auot"; did you mean "auto"?`},
		{"{path: a.png, png: {filter: [sub, upp]}}", `did you mean "up"?`},
		{"{path: a.avif, avif: {compression: hevc}}", `avif has no option "compression"`},
		{"{path: a.webp, webp: {effort: 6.5}}", "must be a whole number"},
		{"{path: a.tif, tiff: {compression: zstd, level: 23}}", "must be 1 to 22, got 23"},
		{"{path: a.jxl, jxl: {distance: 99}}", "must be 0 to "}, // 15, or 25 from libvips 8.16 on
		{"{path: a.gif, gif: {effort: 0}}", "must be 1 to 10, got 0"},
		{"{path: a.jpg, jpeg: {}, png: {}}", "f.yaml:1:25: an output has one encoder"},
		{"{path: '{stem}.{ext}'}", `add "format: auto"`},
		{"{path: a.jpg, format: auto}", "end it in .{ext}"},
		{"{path: a.jpg, format: jpg}", `must be auto, jpeg`},
		{"{path: a.jpg, format: png}", "the file will be png"},
		{"{path: a.bmp}", `no encoder writes ".bmp"`},
		{"{path: a.jpg, fromm: x}", `f.yaml:1:15: unknown key "fromm"; did you mean "from"?`},
		{"{from: x}", "needs a path"},
	} {
		if _, got := parse(t, test.text); test.want == "" && got != "" || !strings.Contains(got, test.want) {
			t.Errorf("%s: got %q, want %q", test.text, got, test.want)
		}
	}
}

func TestAutoKeepsTheFormat(t *testing.T) {
	c, faults := parse(t, "{path: '{stem}.{ext}', format: auto, jpeg: {quality: 85}}")
	if faults != "" {
		t.Fatal(faults)
	}
	for _, test := range []struct{ source, name, format, path string }{
		{"jpeg", "a.jpg", "jpeg", "a.jpg"},
		{"jpeg", "a.JPEG", "jpeg", "a.JPEG"},
		{"png", "a.jpg", "png", "a.png"},
		{"heif", "a.heic", "heic", "a.heic"},
		{"jp2", "a.jp2", "png", "a.png"},
		{"tiff", "a", "tiff", "a.tif"},
	} {
		e := c.Encoder(test.source)
		path, err := c.Name(naming.Facts{Name: test.name}, e)
		if err != nil || e.Format != test.format || path != test.path {
			t.Errorf("%s of %s becomes %s, %s, %v", test.name, test.source, e.Format, path, err)
		}
	}
	if q := c.Encoder("jpeg").Options["Q"]; q != 85 {
		t.Errorf("the JPEG block is lost: %v", q)
	}
}

func TestLargePhotosAreSpared(t *testing.T) {
	for _, c := range []struct {
		options       vips.Args
		width, height int
		optimised     bool
	}{
		{nil, 6000, 4000, true}, {nil, 12000, 8400, false}, {vips.Args{"optimize_coding": true}, 12000, 8400, true},
	} {
		e := Encoder{Format: "jpeg", Options: c.options}
		_, args := e.saver()
		e.limitMemory(args, c.width, c.height)
		if _, got := args["optimize_coding"]; got != c.optimised {
			t.Errorf("%+v: optimised %t", c, got)
		}
	}
}
