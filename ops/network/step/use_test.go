package step_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/vips"
)

// Inputs that take a number get it from the step, which may reckon it from the facts
// of the photo; another number makes another photo.
func TestValues(t *testing.T) {
	photo := func() ops.Image {
		src := &ops.Source{Path: "testdata/photo.png", Format: "png", Width: 112, Height: 80}
		return ops.Image{Pixels: open(t, "testdata/photo.png"), Source: src}
	}
	results := map[string][]byte{}
	for text, told := range map[string]string{
		"0.6":                           "qf 0.6",
		"width > 1000 ? 0 : 0.2 * 3":    "qf 0.6 (width 112)",
		"1 - (jpeg.quality + 90) / 100": "qf 0.1 (jpeg.quality 0)",
	} {
		op, err := build(t, env(t), `{model: ./fbcnn.onnx, values: {qf: "`+text+`"}}`)
		if err != nil {
			t.Fatal(err)
		}
		out, notes := answer(t, op, photo())
		results[text] = pixels(t, out)
		if notes["values"] != told {
			t.Errorf("%s: noted %q, want %q", text, notes["values"], told)
		}
	}
	if most, _ := gap(results["0.6"], results["width > 1000 ? 0 : 0.2 * 3"]); most > 0 {
		t.Errorf("the same number, and %d steps apart", most)
	}
	if most, _ := gap(results["0.6"], results["1 - (jpeg.quality + 90) / 100"]); most == 0 {
		t.Error("another number makes the same photo")
	}
	for text, want := range map[string]string{
		"{model: ./fbcnn.onnx}":                                        "values: {qf: NUMBER}",
		"{model: ./fbcnn.onnx, values: {qf: 0.5, noise: 1}}":           `has no input "noise"`,
		`{model: ./fbcnn.onnx, values: {qf: jpeg.qualty / 100}}`:       `did you mean "quality"?`,
		`{model: ./fbcnn.onnx, values: {qf: '"high"'}}`:                "must be a number, got string",
		`{model: ./fbcnn.onnx, values: {qf: 'ran("a") ? 1 : 0'}}`:      "when alone",
		`{model: ./fbcnn.onnx, values: {qf: 'folder == "a" ? 1 : 0'}}`: "folder is known to when alone",
		"{model: ./fbcnn.onnx, input: picture, values: {qf: 0.5}}":     `has no input "picture"`,
		"{model: ./fbcnn.onnx, output: quality, values: {qf: 0.5}}":    "must have four dimensions",
		"{model: ./bytes.onnx, channels: y}":                           "has 3",
		"{model: ./compact_x2_fixed.onnx, size: [64, 64]}":             "size: [64, 64] is said",
	} {
		if _, err := build(t, env(t), text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
	op, err := build(t, env(t), `{model: ./fbcnn.onnx, values: {qf: 1 / (width - 112)}}`)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := op.Apply(t.Context(), []ops.Image{photo()}); err == nil || !strings.Contains(err.Error(), "no number for this photo") {
		t.Errorf("got %v", err)
	}
}

// A manifest says what the step does not; the step is right where both do.
func TestManifest(t *testing.T) {
	folder := t.TempDir()
	data, err := os.ReadFile("testdata/fbcnn.onnx")
	if err != nil {
		t.Fatal(err)
	}
	e := env(t)
	e.Folder = folder
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("net.onnx", string(data))
	write("net.onnx.yaml", "version: 1\nname: theirs\nlicence: Apache-2.0\nrange: [0, 1]\nmultiple: 8\nscale: 1\nhalo: 32\ntile: 128\nvalues:\n  qf: 0.6\n")
	op, err := build(t, e, "{model: ./net.onnx}")
	if err != nil {
		t.Fatal(err)
	}
	out, notes := answer(t, op, ops.Image{Pixels: open(t, "testdata/photo.png")})
	if most, _ := gap(pixels(t, out), pixels(t, open(t, "testdata/fbcnn.png"))); most > 1 || notes["model"] != "theirs" {
		t.Errorf("%d steps from PyTorch; %v", most, notes)
	}
	over, err := build(t, e, "{model: ./net.onnx, values: {qf: 0.1}}")
	if err != nil {
		t.Fatal(err)
	}
	if _, notes := answer(t, over, ops.Image{Pixels: open(t, "testdata/photo.png")}); notes["values"] != "qf 0.1" {
		t.Errorf("the step's value did not win: %v", notes)
	}
	for text, want := range map[string]string{
		"version: 2\n":                                   "must be 1, got 2",
		"version: 1\nscale: many\n":                      "net.onnx.yaml:2:8: scale: must be a whole number",
		"version: 1\nchanels: rgb\n":                     `did you mean "channels"`,
		"version: 1\nrange: [1, 0]\n":                    "that rise",
		"version: 1\nsha256: " + strings.Repeat("0", 64): "its manifest is of 0000",
		"version: 1\nvalues: {qf: 1 +}\n":                "values.qf",
		"":                                               "the file is empty",
	} {
		write("net.onnx.yaml", text)
		if _, err := build(t, e, "{model: ./net.onnx}"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
}

// Gray stays gray, 16 bits stay 16, transparency is enlarged with the colours, and
// profiles and other metadata stay.
func TestKindsOfPhotosAtTwice(t *testing.T) {
	op, err := build(t, env(t), "{model: ./compact_x2.onnx, tile: 96}")
	if err != nil {
		t.Fatal(err)
	}
	photo := func() *vips.Image {
		p, err := vips.Open("testdata/photo.png", vips.Random)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(p.Close)
		return p
	}
	for name, make := range map[string]func(p *vips.Image) (*vips.Image, error){
		"gray":         func(p *vips.Image) (*vips.Image, error) { return p.Do("colourspace", vips.Args{"space": "b-w"}) },
		"16 bits":      func(p *vips.Image) (*vips.Image, error) { return p.Do("colourspace", vips.Args{"space": "rgb16"}) },
		"transparency": func(p *vips.Image) (*vips.Image, error) { return p.Do("bandjoin_const", vips.Args{"c": []float64{77}}) },
	} {
		in, err := make(photo())
		if err != nil {
			t.Fatal(err)
		}
		defer in.Close()
		out, _ := answer(t, op, ops.Image{Pixels: in})
		if out.Width() != 224 || out.Height() != 160 || out.Bands() != in.Bands() || out.Format() != in.Format() {
			t.Errorf("%s: %d×%d, %d bands, %s", name, out.Width(), out.Height(), out.Bands(), out.Format())
		}
		all := pixels(t, out)
		if name == "transparency" {
			for i := 3; i < len(all); i += 4 {
				if all[i] != 77 {
					t.Fatalf("transparency %d at %d", all[i], i)
				}
			}
		}
	}
	half, err := build(t, env(t), "{model: ./compact_x2.onnx, strength: 0.5}")
	if err != nil {
		t.Fatal(err)
	}
	out, _ := answer(t, half, ops.Image{Pixels: photo()})
	if most, mean := gap(pixels(t, out), pixels(t, open(t, "testdata/compact_x2.png"))); out.Width() != 224 || most == 0 || mean > 8 {
		t.Errorf("half the strength: %d steps, %.1f on average", most, mean)
	}
}
