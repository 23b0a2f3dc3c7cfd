package builtin_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/builtin"
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/ops/vips"
)

// pixel is one pixel's values.
func pixel(t *testing.T, p *vips.Image, x, y int) []float64 {
	t.Helper()
	out, err := vips.Call("getpoint", vips.Args{"in": p, "x": x, "y": y})
	if err != nil {
		t.Fatal(err)
	}
	return out["out_array"].([]float64)
}

func near(t *testing.T, what string, got []float64, tolerance float64, want ...float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %v, want %v", what, got, want)
	}
	for i := range got {
		if d := got[i] - want[i]; d > tolerance || d < -tolerance {
			t.Errorf("%s: %v, want %v", what, got, want)
			return
		}
	}
}

func flat(t *testing.T, values ...byte) *vips.Image {
	return image(t, 200, 100, len(values), func(_, _, b int) byte { return values[b] })
}

func TestFlattenShowsTheBackground(t *testing.T) {
	for _, background := range []string{`"#ff0000"`, "[255, 0, 0]"} {
		out, err := apply(t, builtin.Flatten(), "{background: "+background+"}", flat(t, 0, 0, 255, 128))
		if err != nil {
			t.Fatal(err)
		}
		near(t, background, pixel(t, out, 5, 5), 2, 127, 0, 128)
		out.Close()
	}
}

func TestConvert(t *testing.T) {
	red := flat(t, 200, 30, 30)
	for _, test := range []struct {
		to      string
		bands   int
		profile bool
	}{{"srgb", 3, false}, {"p3", 3, true}, {"gray", 1, false}, {"cmyk", 4, true}} {
		out, err := apply(t, builtin.Convert(), "{to: "+test.to+"}", red)
		if err != nil {
			t.Fatal(test.to, err)
		}
		if _, profile := out.Blob(vips.FieldICC); out.Bands() != test.bands || profile != test.profile || out.Format() != "uchar" {
			t.Errorf("%s: %d bands of %s, profile %t", test.to, out.Bands(), out.Format(), profile)
		}
		back, err := apply(t, builtin.Convert(), "{to: srgb, intent: relative}", out)
		if err != nil {
			t.Fatal(err)
		}
		switch test.to {
		case "srgb", "p3":
			near(t, test.to+" and back", pixel(t, back, 5, 5), 3, 200, 30, 30)
		case "cmyk":
			near(t, test.to+" and back", pixel(t, back, 5, 5), 25, 200, 30, 30)
		}
		back.Close()
		out.Close()
	}
}

func TestWatermarkStandsWhereItIsPut(t *testing.T) {
	for _, test := range []struct {
		name   string
		photo  *vips.Image
		params string
		shape  string
	}{
		{"colour", flat(t, 10, 20, 30), "", "srgb"},
		{"gray", flat(t, 10), "", "b-w"},
		{"with transparency", flat(t, 10, 20, 30, 255), "", "srgb"},
	} {
		out, err := apply(t, builtin.Watermark(), "{text: WWW, position: south-east, size: 0.3, opacity: 1, margin: 0}", test.photo)
		if err != nil {
			t.Fatal(test.name, err)
		}
		if out.Bands() != test.photo.Bands() || out.Format() != "uchar" {
			t.Errorf("%s: %d bands of %s", test.name, out.Bands(), out.Format())
		}
		brightest := func(left, top, width, height int) float64 {
			part, err := out.Do("extract_area", vips.Args{"left": left, "top": top, "width": width, "height": height})
			if err != nil {
				t.Fatal(err)
			}
			defer part.Close()
			band, err := part.Do("extract_band", vips.Args{"band": 0})
			if err != nil {
				t.Fatal(err)
			}
			defer band.Close()
			most, err := vips.Call("max", vips.Args{"in": band})
			if err != nil {
				t.Fatal(err)
			}
			return most["out"].(float64)
		}
		if dark, bright := brightest(0, 0, 130, 100), brightest(130, 50, 70, 50); dark > 12 || bright < 200 {
			t.Errorf("%s: the brightest is %g away from the mark, %g at it", test.name, dark, bright)
		}
		out.Close()
	}
	if _, err := apply(t, builtin.Watermark(), "{text: a}", cmyk(t)); err == nil || !strings.Contains(err.Error(), "put convert: {to: srgb} before it") {
		t.Errorf("CMYK: %v", err)
	}
}

func cmyk(t *testing.T) *vips.Image {
	t.Helper()
	out, err := apply(t, builtin.Convert(), "{to: cmyk}", flat(t, 10, 20, 30))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(out.Close)
	return out
}

func TestWatermarkFromAFile(t *testing.T) {
	folder := t.TempDir()
	if err := flat(t, 250, 0, 0).Save("pngsave", filepath.Join(folder, "logo.png"), nil); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "words.txt"), []byte("no picture"), 0o644); err != nil {
		t.Fatal(err)
	}
	env := ops.Env{Folder: folder}
	for name, want := range map[string]string{"logo.png": "", "words.txt": "not an image", "none.png": "there is no file", "/etc/hostname": "does not lie below"} {
		cfg := builtin.Watermark().Config().(*builtin.WatermarkConfig)
		root, _ := diag.Parse("step", []byte("{image: "+name+", position: centre, opacity: 0.5}"))
		if faults := diag.Decode(root, cfg); len(faults) > 0 {
			t.Fatal(faults)
		}
		err := cfg.Check(env)
		if want != "" {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q", name, err, want)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		op, err := cfg.Build(t.Context(), env)
		if err != nil {
			t.Fatal(err)
		}
		out, err := op.Apply(t.Context(), []ops.Image{{Pixels: flat(t, 10, 20, 30)}})
		if err != nil {
			t.Fatal(err)
		}
		near(t, "the middle", pixel(t, out.Pixels, 100, 50), 3, 130, 10, 15)
		near(t, "the corner", pixel(t, out.Pixels, 2, 2), 1, 10, 20, 30)
		out.Close()
	}
}
