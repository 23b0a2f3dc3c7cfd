package condition_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/condition"
	"github.com/burnish-photo/burnish/ops/expression"
	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/ops/vips/vipstest"
)

func TestMain(m *testing.M) { vipstest.Main(m) }

// photo is a real one, damaged by a save at quality 40 and tagged by a camera.
func photo(t *testing.T) ops.Image {
	t.Helper()
	img, err := vips.Open("../../packaging/demo/originals/mountain.webp", vips.Random)
	if err != nil {
		t.Fatal(err)
	}
	defer img.Close()
	tagged, err := img.WithString("exif-ifd0-Model", "EOS 5D")
	if err != nil {
		t.Fatal(err)
	}
	defer tagged.Close()
	path := filepath.Join(t.TempDir(), "photo.jpg")
	if err := tagged.Save("jpegsave", path, vips.Args{"Q": 40}); err != nil {
		t.Fatal(err)
	}
	pixels, err := vips.Open(path, vips.Sequential)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pixels.Close)
	return ops.Image{Pixels: pixels, Original: true, Source: &ops.Source{
		Path: path, Format: "jpeg", Width: pixels.Width(), Height: pixels.Height(), Orientation: 6,
		Folder: "trips/Krako\u0301w", Taken: time.Date(2021, 5, 17, 10, 0, 0, 0, time.UTC),
	}}
}

func TestDecisions(t *testing.T) {
	p := photo(t)
	facts := condition.Of(p)
	size := fmt.Sprintf("width == %d and height == %d", p.Source.Height, p.Source.Width)
	for text, want := range map[string]bool{
		size:                             true, // as seen
		"true":                           true,
		"megapixels > 0.1 && bands == 3": true,
		`format == "jpeg"`:               true,
		`format in ["png", "webp"]`:      false,
		"jpeg.quality == 40":             true,
		`jpeg.subsampling == "4:2:0" and not jpeg.progressive`: true,
		"damage >= 0.6 and damage < 0.9":                       true,
		`camera.model == "EOS 5D" and camera.make == ""`:       true,
		"orientation == 6":                                     true,
		`folder startsWith "trips/"`:                           true,
		"folder == \"trips/Krak\u00f3w\"":                      true, // graphify#2544: a Mac writes the name in NFD
		`file matches "\\.(jpe?g|JPG)$"`:                       true,
		`date >= "2021-05-01" and date < "2021-06-01"`:         true,
		`ran("a") and not ran("b")`:                            true,
		"let side = max(width, height); side > 10000":          false,
		"let  w=width; w > 0 and w == width":                   true,
	} {
		c, err := condition.Compile(text, []string{"a", "b"})
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		got, err := c.Holds(facts, func(id string) bool { return id == "a" })
		if err != nil || got != want {
			t.Errorf("%s is %t, %v; want %t", text, got, err, want)
		}
	}
}

func TestFaults(t *testing.T) {
	for _, test := range []struct {
		text         string
		line, column int
		want         string
	}{
		{"widht > 3", 1, 1, `unknown variable "widht"; did you mean "width"?`},
		{"width > 3 and jpeg.qualty < 90", 1, 20, `unknown variable "jpeg.qualty"; did you mean "quality"?`},
		{"width >", 1, 7, "unexpected token EOF"},
		{"width + 3", 1, 1, "the expression must be true or false, got int"},
		{`width > "3"`, 1, 7, "invalid operation"},
		{`ran("c")`, 1, 5, `no step above has the id "c"`},
		{"ran(file)", 1, 1, "ran() takes the id of a step in quotes"},
		{"format startsWith 3", 1, 8, "invalid operation"},
		{"width > 3 and\n  heigth < 3", 2, 3, `did you mean "height"?`},
		{"now() > now()", 1, 1, "now"},
		{`file matches "["`, 1, 0, "missing closing ]"},
	} {
		_, err := condition.Compile(test.text, []string{"a", "b"})
		var f *expression.Error
		if !errors.As(err, &f) || !strings.Contains(f.Message, test.want) || f.Line != test.line || test.column > 0 && f.Column != test.column {
			t.Errorf("%q: got %+v, want %d:%d %s", test.text, f, test.line, test.column, test.want)
		}
	}
}

func TestWhatDependsOnThePlace(t *testing.T) {
	for text, want := range map[string]bool{"width > 3": false, `folder == "raw"`: true, `width > 3 or file == "x"`: true, `date > "2020"`: true} {
		c, err := condition.Compile(text, nil)
		if err != nil || c.DependsOnPath() != want {
			t.Errorf("%s: %v, %v", text, c, err)
		}
	}
}
