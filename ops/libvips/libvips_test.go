package libvips_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/ops/graph"
	"github.com/burnish-photo/burnish/ops/libvips"
	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/ops/vips/vipstest"
)

func TestMain(m *testing.M) { vipstest.Main(m) }

func registry(t *testing.T) *ops.Registry {
	t.Helper()
	reg, err := ops.NewRegistry(libvips.All())
	if err != nil {
		t.Fatal(err)
	}
	return reg
}

func steps(t *testing.T, text string) graph.Config {
	t.Helper()
	root, err := diag.Parse("p.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	c := graph.Config{Sinks: []graph.Sink{{}}}
	if faults := diag.Decode(root, &c.Steps); len(faults) > 0 {
		t.Fatal(faults)
	}
	return c
}

// photo is a colourful ramp of 120×90.
func photo(t *testing.T) ops.Image {
	t.Helper()
	pixels := make([]byte, 120*90*3)
	for i := range pixels {
		pixels[i] = byte(i*7 + i/360)
	}
	p, err := vips.FromMemory(pixels, 120, 90, 3, "uchar")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return ops.Image{Pixels: p, Source: &ops.Source{Path: "p.png", Format: "png", Width: 120, Height: 90}}
}

// run takes the photo through steps and describes what comes out.
func run(t *testing.T, text string, env ops.Env) (string, map[string]string, error) {
	t.Helper()
	g, err := graph.Compile(t.Context(), steps(t, text), registry(t), env)
	if err != nil {
		return "", nil, err
	}
	defer g.Close()
	var notes ops.Notes
	var got string
	err = g.Run(ops.WithNotes(t.Context(), &notes), photo(t), &graph.Choice{}, func(_ []int, img ops.Image) error {
		if _, err := img.Pixels.Pixels(); err != nil {
			return err
		}
		if img.Source == nil {
			t.Error("the photo's source was lost")
		}
		got = fmt.Sprintf("%dx%dx%d %s", img.Pixels.Width(), img.Pixels.Height(), img.Pixels.Bands(), img.Pixels.Format())
		return nil
	})
	return got, notes.All(), err
}

func env(t *testing.T) ops.Env { return ops.Env{InMemory: 1 << 30, Scratch: t.TempDir()} }

func TestOperationsAsSteps(t *testing.T) {
	for _, test := range []struct{ steps, want string }{
		{"[{gaussblur: {sigma: 1.5}}]", "120x90x3 uchar"},
		{"[invert]", "120x90x3 uchar"},
		{"[{thumbnail: {width: 60}}]", "60x45x3 uchar"},
		{"[{thumbnail_image: {width: 60, height: 60, crop: centre}}]", "60x60x3 uchar"},
		{"[{embed: {x: 10, y: 10, width: 140, height: 110, extend: background, background: [255, 0, 0]}}]", "140x110x3 uchar"},
		{"[{linear: {a: 1.1, b: [-5, 0, 5], uchar: true}}]", "120x90x3 uchar"},
		{"[{affine: {matrix: [0.5, 0, 0, 0.5], interpolate: bicubic}}]", "60x45x3 uchar"},
		{"[{icc_transform: {output_profile: p3, input_profile: srgb}}]", "120x90x3 uchar"},
		{"[{black: {width: 20, height: 10, bands: 3}}]", "20x10x3 uchar"},
		{"[{draw_rect: {ink: [255, 0, 0], left: 0, top: 0, width: 5, height: 5, fill: true}}]", "120x90x3 uchar"},
		// Several images, by from and by argument.
		{"[{invert: , id: a}, {add: , from: [a, source]}]", "120x90x3 ushort"},
		{"[{invert: , id: a}, {join: {in2: source, direction: vertical}, from: a}]", "120x180x3 uchar"},
		{"[{invert: , id: a}, {join: {in2: a, in1: source, direction: horizontal}}]", "240x90x3 uchar"},
		{"[{invert: , id: a}, {arrayjoin: {across: 2}, from: [a, source, a]}]", "240x180x3 uchar"},
		{"[{text: {text: hello, dpi: 72}, id: words}, {composite: {mode: [over], x: 3, y: 4}, from: [source, words]}]", "120x90x4 uchar"},
		{"[{text: {text: hi, rgba: true}, id: words}, {composite2: {base: source, overlay: words, mode: multiply}}]", "120x90x4 uchar"},
		{"[{bandjoin: , from: [source, source]}]", "120x90x6 uchar"},
		{"[{extract_band: {band: 0}, id: m}, {relational_const: {relational: more, c: 128}, id: c}, {ifthenelse: {cond: c}, from: [source, m]}]", "120x90x3 uchar"},
	} {
		if got, _, err := run(t, test.steps, env(t)); err != nil || got != test.want {
			t.Errorf("%s: %s, %v; want %s", test.steps, got, err, test.want)
		}
	}
}

func TestAMeasuringStepPassesThePhotoOn(t *testing.T) {
	got, notes, err := run(t, "[avg, {find_trim: {threshold: 5}}, invert]", env(t))
	if err != nil || got != "120x90x3 uchar" {
		t.Fatal(got, err)
	}
	if !strings.HasPrefix(notes["avg"], "127.") || !strings.Contains(notes["find_trim"], "width ") {
		t.Errorf("noted %v", notes)
	}
}

// Every operation's example is sound, and runs unless its images have to be of
// a kind of their own.
func TestExamples(t *testing.T) {
	picky := map[string]string{
		"buildlut": "needs a matrix", "invertlut": "needs a matrix", "matrixinvert": "needs a matrix", "case": "needs an index of one band", "switch": "needs boolean images of one band",
		"conv": "needs a matrix", "conva": "needs a matrix", "convasep": "needs a matrix", "convf": "needs a matrix", "convi": "needs a matrix", "convsep": "needs a matrix", "compass": "needs a matrix", "recomb": "needs a matrix", "morph": "needs a matrix",
		"mapim": "needs coordinates", "quadratic": "needs coefficients", "maplut": "needs a table",
		"hist_cum": "needs a histogram", "hist_entropy": "needs a histogram", "hist_equal": "", "hist_ismonotonic": "needs a histogram", "hist_match": "needs a histogram", "hist_norm": "needs a histogram", "hist_plot": "needs a histogram",
		"mosaic": "needs two overlapping pictures", "mosaic1": "needs two overlapping pictures", "match": "needs two overlapping pictures", "globalbalance": "needs a mosaic", "measure": "needs a chart", "merge": "needs overlap",
		"countlines": "needs one band", "hough_circle": "needs one band", "hough_line": "needs one band", "stdif": "", "labelregions": "", "fill_nearest": "", "percent": "needs one band", "phasecor": "",
		"rad2float": "needs RAD coding", "CMYK2XYZ": "needs four bands", "LabQ2Lab": "needs LabQ coding", "LabQ2LabS": "needs LabQ coding", "LabQ2sRGB": "needs LabQ coding", "icc_export": "needs Lab", "hist_find_indexed": "needs an index of one band", "hist_find_ndim": "", "rot45": "needs an odd square", "grid": "needs tiles", "transpose3d": "needs pages", "complexform": "", "complexget": "", "bandfold": "", "profile": "", "draw_mask": "needs a mask of one band",
	}
	reg := registry(t)
	for _, name := range reg.Names() {
		spec, _ := reg.Lookup(name)
		text := "- " + strings.ReplaceAll(spec.Example, "\n", "\n  ")
		for _, id := range []string{"d", "c", "b", "a"} {
			if strings.Contains(spec.Example, "from: [") {
				text = "- copy:\n  id: " + id + "\n" + text
			}
		}
		if errs, _ := graph.Check(steps(t, text), reg, ops.Env{}).In(name).Split(); len(errs) > 0 {
			t.Errorf("%s\n%s", text, errs)
			continue
		}
		if name == "spcor" || name == "fastcor" || name == "freqmult" {
			continue // they take seconds for pictures of one size
		}
		_, _, err := run(t, text, env(t))
		if _, known := picky[name]; err != nil && !known {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestFaults(t *testing.T) {
	for _, test := range []struct{ steps, want string }{
		{"[{gaussblurr: {sigma: 1}}]", `p.yaml:1:3: unknown operator "gaussblurr"; did you mean "gaussblur"?`},
		{"[{gaussblur: {sgima: 1, sigma: 1}}]", `p.yaml:1:15: gaussblur has no argument "sgima"; did you mean "sigma"?`},
		{"[{gaussblur: {sigma: 5000}}]", `p.yaml:1:22: sigma: must be a number, 0 to 1000, got "5000"`},
		{"[{gaussblur: {sigma: wide}}]", `p.yaml:1:22: sigma: must be a number, 0 to 1000, got "wide"`},
		{"[{gaussblur: {sigma: .inf}}]", `sigma: must be a number`},
		{"[gaussblur]", `p.yaml:1:2: gaussblur needs sigma: a number, 0 to 1000`},
		{"[{flip: {direction: horizontl}}]", `p.yaml:1:21: direction: must be one of horizontal, vertical, got "horizontl"; did you mean "horizontal"?`},
		{"[{zoom: {xfac: 1.5, yfac: 2}}]", `xfac: must be a whole number, 1 to 10000`},
		{"[{affine: {matrix: [1, 0, 0]}}]", `matrix: must be a list of 4 numbers, got a list`},
		{"[{embed: {x: 0, y: 0, width: 9, height: 9, background: [red]}}]", `background: must be a list of numbers, got "red"`},
		{"[{thumbnail: {filename: a.jpg, width: 3}}]", `thumbnail has no argument "filename"`},
		{"[{jpegload: {filename: a.jpg}}]", `p.yaml:1:3: jpegload is not an operator: it opens a file`},
		{"[{jpegsave: {filename: a.jpg}}]", `jpegsave is not an operator: it writes a file; describe the file under "outputs"`},
		{"[{system: {cmd-format: ls}}]", `system is not an operator: it runs a program`},
		{"[{thumbnail_buffer: {width: 3}}]", `thumbnail_buffer is not an operator: it opens a file; use thumbnail`},
		{"[{profile_load: {name: srgb}}]", `profile_load is not an operator: it neither makes nor takes an image`},
		{"[{copy: {width: 9}}]", `width of copy cannot be given in a step`},
		{"[{smartcrop: {width: 9, height: 9, attention_x: 3}}]", `attention_x is a result of smartcrop, not an argument`},
		{"[{thumbnail: {width: 9, no-rotate: true}}]", `spells its argument "no-rotate" with underscores: no_rotate`},
		{"[{invert: {strength: 1}}]", `invert has no argument "strength"`},
		{"[{icc_transform: {output_profile: /etc/passwd}}]", `output_profile: an ICC profile: "/etc/passwd" does not lie below the configuration's folder`},
		{"[{icc_transform: {output_profile: ../x.icc}}]", `"../x.icc" does not lie below`},
		{"[{icc_transform: {output_profile: x.icc}}]", `there is no file "x.icc" in `},
		{"[{text: {text: a, fontfile: link.ttf}}]", `fontfile: a font file: "link.ttf" leads out of `},
		{"[add]", `p.yaml:1:2: add reads 2 images (left, right); name the steps: from: [ID, ID]`},
		{"[{add: , from: source}]", `p.yaml:1:16: add reads 2 images (left, right), got 1`},
		{"[{add: {right: sorce}}]", `p.yaml:1:16: no step above has the id "sorce"; did you mean "source"?`},
		{"[{add: {right: 3}}]", `right must be the id of a step, got "3"`},
		{"[{add: {right: source}, from: [source, source]}]", `add reads one image, got 2`},
		{"[{black: {width: 9, height: 9}, from: source}]", `black reads no image from another step`},
		{"[{composite: {mode: ovre}, from: [source, source]}]", `did you mean "over"?`},
		{"[{invert: , from: [source, sorce]}]", `invert reads one image, got 2`},
		{"[{bandjoin: , from: [source, sorce]}]", `p.yaml:1:30: no step above has the id "sorce"`},
	} {
		folder := t.TempDir()
		if err := os.Symlink("/etc/hostname", filepath.Join(folder, "link.ttf")); err != nil {
			t.Fatal(err)
		}
		faults := graph.Check(steps(t, test.steps), registry(t), ops.Env{Folder: folder}).In("p.yaml")
		if !strings.Contains(faults.Error(), test.want) {
			t.Errorf("%s\ngot  %s\nwant %s", test.steps, faults.Error(), test.want)
		}
	}
}

func TestNamesThatAreNoSteps(t *testing.T) {
	names := registry(t).Names()
	for _, name := range names {
		if strings.Contains(name, "load") || strings.Contains(name, "save") || name == "system" || name == "thumbnail_source" {
			t.Errorf("%s is a step", name)
		}
	}
	for _, name := range []string{"sharpen", "thumbnail", "composite", "avg", "draw_rect", "text", "CMYK2XYZ"} {
		if !slices.Contains(names, name) {
			t.Errorf("%s is not an operator", name)
		}
	}
	if len(names) < 150 {
		t.Errorf("only %d operations", len(names))
	}
}

func TestAProfileFromAFile(t *testing.T) {
	e := env(t)
	e.Folder = t.TempDir()
	srgb, err := vips.Call("profile_load", vips.Args{"name": "srgb"})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(e.Folder, "my.icc"), srgb["profile"].([]byte), 0o644); err != nil {
		t.Fatal(err)
	}
	text := "[{icc_transform: {output_profile: my.icc, input_profile: p3}}]"
	if got, _, err := run(t, text, e); err != nil || got != "120x90x3 uchar" {
		t.Error(got, err)
	}
	fingerprint := func() string {
		g, err := graph.Compile(t.Context(), steps(t, text), registry(t), e)
		if err != nil {
			t.Fatal(err)
		}
		defer g.Close()
		return g.Fingerprint()
	}
	before := fingerprint()
	if err := os.WriteFile(filepath.Join(e.Folder, "my.icc"), append(srgb["profile"].([]byte), 0), 0o644); err != nil {
		t.Fatal(err)
	}
	if fingerprint() == before {
		t.Error("another profile has the same fingerprint")
	}
}
