package builtin_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/builtin"
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/ops/vips/vipstest"
)

func TestMain(m *testing.M) { vipstest.Main(m) }

// apply runs one operator, given as a step, on an image of w×h.
func apply(t *testing.T, spec ops.Spec, params string, p *vips.Image) (*vips.Image, error) {
	t.Helper()
	root, err := diag.Parse("step", []byte(params))
	if err != nil {
		t.Fatal(err)
	}
	cfg := spec.Config()
	if faults := append(diag.Decode(root, cfg), diag.Validate(root, cfg)...); len(faults) > 0 {
		return nil, faults
	}
	op, err := cfg.Build(t.Context(), ops.Env{})
	if err != nil {
		t.Fatal(err)
	}
	out, err := op.Apply(t.Context(), []ops.Image{{Pixels: p}})
	return out.Pixels, err
}

func image(t *testing.T, w, h, bands int, value func(x, y, band int) byte) *vips.Image {
	t.Helper()
	pixels := make([]byte, w*h*bands)
	for i := range pixels {
		pixels[i] = value(i/bands%w, i/bands/w, i%bands)
	}
	plain, err := vips.FromMemory(pixels, w, h, bands, "uchar")
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	srgb, err := plain.Do("copy", vips.Args{"interpretation": "srgb"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srgb.Close)
	return srgb
}

func TestGeometry(t *testing.T) {
	for _, test := range []struct {
		spec         ops.Spec
		params, want string
	}{
		{builtin.Resize(), "{width: 100}", "100x50"},
		{builtin.Resize(), "{height: 20}", "40x20"},
		{builtin.Resize(), "{width: 100, height: 20}", "40x20"},
		{builtin.Resize(), "{width: 1000, height: 1000}", "200x100"},
		{builtin.Resize(), "{width: 1000, enlarge: true}", "1000x500"},
		{builtin.Resize(), "{width: 1}", "1x1"},
		{builtin.Thumbnail(), "{}", "200x100"},
		{builtin.Thumbnail(), "{enlarge: true}", "320x160"},
		{builtin.Thumbnail(), "{width: 400, enlarge: true}", "400x200"},
		{builtin.Resize(), "{width: 50, height: 50, mode: fill}", "50x50"},
		{builtin.Resize(), "{width: 50, height: 50, mode: fill, focus: attention}", "50x50"},
		{builtin.Resize(), "{width: 150, height: 300, mode: fill}", "150x100"},
		{builtin.Resize(), "{width: 150, height: 300, mode: fill, enlarge: true}", "150x300"},
		{builtin.Resize(), "{width: 31, height: 300, mode: exact}", "31x300"},
		{builtin.Thumbnail(), "{width: 64, mode: fill, focus: entropy}", "64x64"},
		{builtin.Autorotate(), "{}", "200x100"},
		{builtin.Flatten(), "{}", "200x100"},
		{builtin.Convert(), "{to: p3, intent: relative}", "200x100"},
		{builtin.Watermark(), "{text: 'Fish & <chips>', position: north-west}", "200x100"},
		{builtin.Crop(), "{width: 50, height: 60}", "50x60"},
		{builtin.Crop(), "{width: 999, height: 60, focus: attention}", "200x60"},
		{builtin.Rotate(), "{degrees: 90}", "100x200"},
		{builtin.Rotate(), "{degrees: 180}", "200x100"},
		{builtin.Sharpen(), "{sigma: 2, amount: 5}", "200x100"},
	} {
		out, err := apply(t, test.spec, test.params, image(t, 200, 100, 3, func(x, y, b int) byte { return byte(x + y + 50*b) }))
		if err != nil {
			t.Errorf("%s %s: %v", test.spec.Name, test.params, err)
			continue
		}
		if got := fmt.Sprintf("%dx%d", out.Width(), out.Height()); got != test.want || out.Format() != "uchar" || out.Interpretation() != "srgb" {
			t.Errorf("%s %s: %s %s %s, want %s uchar srgb", test.spec.Name, test.params, got, out.Format(), out.Interpretation(), test.want)
		}
		out.Close()
	}
}

func TestRefusals(t *testing.T) {
	for _, test := range []struct {
		spec         ops.Spec
		params, want string
	}{
		{builtin.Resize(), "{}", "needs a width, a height or both"},
		{builtin.Resize(), "{width: -1}", "width: must be 1 to 65535"},
		{builtin.Thumbnail(), "{height: 70000}", "height: must be 1 to 65535"},
		{builtin.Crop(), "{width: 3, focus: eyes}", "focus: must be centre, attention or entropy"},
		{builtin.Resize(), "{width: 9, mode: fill}", "mode: fill needs both a width and a height"},
		{builtin.Resize(), "{width: 9, height: 9, mode: stretch}", "mode: must be fit, fill or exact"},
		{builtin.Resize(), "{width: 9, height: 9, focus: entropy}", "focus: only mode: fill cuts anything off"},
		{builtin.Thumbnail(), "{mode: none}", "mode: must be fit, fill or exact"},
		{builtin.Flatten(), "{background: red}", "must be a colour as \"#rrggbb\""},
		{builtin.Flatten(), "{background: '#12345g'}", "must be a colour as"},
		{builtin.Flatten(), "{background: [1, 2, 256]}", "must be a colour as"},
		{builtin.Convert(), "{to: rgb}", "to: must be srgb, p3, gray or cmyk"},
		{builtin.Convert(), "{intent: none}", "intent: must be perceptual"},
		{builtin.Watermark(), "{}", "either text or an image"},
		{builtin.Watermark(), "{text: a, image: b}", "either text or an image"},
		{builtin.Watermark(), "{text: a, opacity: 2, size: 0, position: top}", "position: must be centre"},
		{builtin.Rotate(), "{degrees: 45}", "degrees: must be 90, 180 or 270"},
		{builtin.Sharpen(), "{sigma: 0}", "sigma: must be more than 0"},
	} {
		_, err := apply(t, test.spec, test.params, nil)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s %s: got %v, want %q", test.spec.Name, test.params, err, test.want)
		}
	}
}

// Hidden pixels must not bleed into visible ones.
func TestResizeWeighsColourByAlpha(t *testing.T) {
	img := image(t, 64, 64, 4, func(x, y, b int) byte {
		visible := (x/4+y/4)%2 == 0
		switch {
		case b == 0 && !visible: // hidden and red
			return 255
		case b == 1 && visible: // visible and green
			return 255
		case b == 3 && visible:
			return 255
		}
		return 0
	})
	out, err := apply(t, builtin.Resize(), "{width: 8}", img)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	pixels, err := out.Pixels()
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(pixels); i += 4 {
		if pixels[i] > 2 {
			t.Fatalf("pixel %d is %v: the hidden red shows", i/4, pixels[i:i+4])
		}
	}
}

func TestSharpenMakesEdgesSteeper(t *testing.T) {
	step := image(t, 32, 8, 3, func(x, _, _ int) byte {
		if x < 16 {
			return 90
		}
		return 160
	})
	out, err := apply(t, builtin.Sharpen(), "{sigma: 1, amount: 5}", step)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	pixels, err := out.Pixels()
	if err != nil {
		t.Fatal(err)
	}
	row := func(x int) int { return int(pixels[(4*32+x)*3]) }
	if row(16)-row(15) <= 70 || row(2) != 90 || row(30) != 160 {
		t.Errorf("the edge is %d to %d, the flat parts %d and %d", row(15), row(16), row(2), row(30))
	}
}

func TestSpecs(t *testing.T) {
	reg, err := ops.NewRegistry(builtin.Specs()...)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range reg.Names() {
		spec, _ := reg.Lookup(name)
		if spec.Summary == "" || !strings.HasPrefix(spec.Example, name+":") {
			t.Errorf("%s: summary %q, example %q", name, spec.Summary, spec.Example)
		}
	}
	if _, err := ops.NewRegistry(builtin.Resize(), builtin.Resize()); err == nil {
		t.Error("a name was taken twice")
	}
}

// An operator that bears a libvips name takes that operation's arguments too.
func TestTheTwoFormsOfAStep(t *testing.T) {
	reg, err := ops.NewRegistry(builtin.Specs()...)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ name, params, want, fault string }{
		{"resize", "{scale: 0.5}", "100x50", ""},
		{"resize", "{scale: 0.5, vscale: 1, kernel: nearest}", "100x100", ""},
		{"resize", "{width: 100}", "100x50", ""},
		{"resize", "{width: 100, kernel: nearest}", "", `"kernel" is an argument of libvips' resize and does not mix with "width" of Burnish's resize`},
		{"resize", "{kernel: nearest}", "", "resize needs scale: a number"},
		{"resize", "{scale: -1}", "", "scale: must be a number, 0 to 10000000"},
		{"resize", "{scael: 1}", "", `unknown key "scael"; did you mean "scale"?`},
		{"thumbnail", "{width: 50, crop: attention, height: 50}", "50x50", ""},
		{"thumbnail", "{width: 50}", "50x25", ""},
		{"thumbnail", "{width: 50, enlarge: true, crop: low}", "", "does not mix"},
		{"sharpen", "{sigma: 1, m1: 0.5, m2: 2}", "200x100", ""},
		{"rotate", "{angle: 90}", "100x200", ""},
		{"rotate", "{degrees: 90}", "100x200", ""},
		{"crop", "{left: 5, top: 6, width: 20, height: 30}", "20x30", ""},
		{"crop", "{left: 5, top: 6, width: 20, height: 30, focus: centre}", "", "does not mix"},
	} {
		spec, _ := reg.Lookup(test.name)
		out, err := apply(t, spec, test.params, image(t, 200, 100, 3, func(x, y, b int) byte { return byte(x + y + 50*b) }))
		if test.fault != "" {
			if err == nil || !strings.Contains(err.Error(), test.fault) {
				t.Errorf("%s %s: got %v, want %q", test.name, test.params, err, test.fault)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s %s: %v", test.name, test.params, err)
			continue
		}
		if got := fmt.Sprintf("%dx%d", out.Width(), out.Height()); got != test.want {
			t.Errorf("%s %s: %s, want %s", test.name, test.params, got, test.want)
		}
		out.Close()
	}
}
