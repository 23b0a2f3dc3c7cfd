package builtin_test

import (
	"testing"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/builtin"
	"github.com/burnish-photo/burnish/ops/colour"
	"github.com/burnish-photo/burnish/ops/vips"
)

// spaces make a photo's pixels others of the same look.
var spaces = []struct {
	name  string
	steps []call
}{
	{"srgb", nil},
	{"lab", []call{{"colourspace", vips.Args{"space": "lab"}}}},
	{"labs", []call{{"colourspace", vips.Args{"space": "labs"}}}},
	{"labq", []call{{"colourspace", vips.Args{"space": "labq"}}}},
	{"lch", []call{{"colourspace", vips.Args{"space": "lch"}}}},
	{"xyz", []call{{"colourspace", vips.Args{"space": "xyz"}}}},
	{"hsv", []call{{"colourspace", vips.Args{"space": "hsv"}}}},
	{"scrgb", []call{{"colourspace", vips.Args{"space": "scrgb"}}}},
	{"rgb16", []call{{"colourspace", vips.Args{"space": "rgb16"}}}},
	{"float", []call{{"cast", vips.Args{"format": "float"}}}},
	{"transparency", []call{{"bandjoin_const", vips.Args{"c": 255.0}}}},
	{"16 bits and transparency", []call{{"colourspace", vips.Args{"space": "rgb16"}}, {"bandjoin_const", vips.Args{"c": 65535.0}}}},
	{"cmyk", []call{{"icc_transform", vips.Args{"input_profile": "srgb", "output_profile": "cmyk", "intent": "relative"}}}},
	{"cmyk of 16 bits", []call{{"icc_transform", vips.Args{"input_profile": "srgb", "output_profile": "cmyk", "intent": "relative", "depth": 16}}}},
	{"cmyk and transparency", []call{{"icc_transform", vips.Args{"input_profile": "srgb", "output_profile": "cmyk", "intent": "relative"}}, {"bandjoin_const", vips.Args{"c": 255.0}}}},
	{"16 bits of cmyk and transparency", []call{{"icc_transform", vips.Args{"input_profile": "srgb", "output_profile": "cmyk", "intent": "relative", "depth": 16}}, {"bandjoin_const", vips.Args{"c": 65535.0}}}},
}

type call struct {
	operation string
	args      vips.Args
}

func chained(t *testing.T, p *vips.Image, calls ...call) *vips.Image {
	t.Helper()
	current := p.Ref()
	for _, c := range calls {
		next, err := current.Do(c.operation, c.args)
		current.Close()
		if err != nil {
			t.Fatalf("%s: %v", c.operation, err)
		}
		current = next
	}
	return current
}

// seen is a picture on white as Lab.
func seen(t *testing.T, p *vips.Image) *vips.Image {
	t.Helper()
	shown, _, err := colour.Display(p)
	if err != nil {
		t.Fatal(err)
	}
	defer shown.Close()
	var calls []call
	if shown.Interpretation() == "cmyk" {
		if shown.HasAlpha() {
			calls = append(calls, call{"extract_band", vips.Args{"band": 0, "n": 4}})
		}
		calls = append(calls, call{"icc_transform", vips.Args{"embedded": true, "input_profile": "cmyk", "output_profile": "srgb", "intent": "relative"}})
	}
	calls = append(calls, call{"colourspace", vips.Args{"space": "lab"}}, call{"extract_band", vips.Args{"band": 0, "n": 3}})
	return chained(t, shown, calls...)
}

// Every step looks the same on a photo in every space (imgproxy#1694: a
// watermark on Lab took the mean from 104 to 197; libvips#730).
func TestStepsInEverySpace(t *testing.T) {
	photo := image(t, 120, 80, 3, func(x, y, b int) byte {
		if x > 80 && x < 95 && y > 20 && y < 35 {
			return byte(200 - 70*b) // what attention falls on
		}
		return byte(60 + x/4 + y/4 - 2*b)
	})
	for _, step := range []struct {
		spec   ops.Spec
		params string
		cmyk   bool // it takes CMYK
	}{
		{builtin.Watermark(), "{text: W, position: centre, size: 0.3, opacity: 1}", false},
		{builtin.Resize(), "{width: 60}", true},
		{builtin.Thumbnail(), "{width: 50, height: 50, mode: fill}", true},
		{builtin.Crop(), "{width: 50, height: 40}", true},
		{builtin.Crop(), "{width: 50, height: 40, focus: attention}", true},
		{builtin.Rotate(), "{degrees: 90}", true},
		{builtin.Sharpen(), "{sigma: 1}", true},
		{builtin.Flatten(), "{}", true},
		{builtin.Convert(), "{to: srgb, intent: relative}", true},
		{builtin.Convert(), "{to: p3, intent: relative}", true},
		{builtin.Convert(), "{to: gray, intent: relative}", true},
		{builtin.Convert(), "{to: cmyk, intent: relative}", true},
	} {
		plain, err := apply(t, step.spec, step.params, photo)
		if err != nil {
			t.Fatal(err)
		}
		want := seen(t, plain)
		plain.Close()
		for _, space := range spaces {
			other := chained(t, photo, space.steps...)
			isCMYK := other.Interpretation() == "cmyk"
			got, err := apply(t, step.spec, step.params, other)
			other.Close()
			if isCMYK && !step.cmyk {
				if err == nil {
					t.Errorf("%s on %s: it is not refused", step.spec.Name, space.name)
					got.Close()
				}
				continue
			}
			if err != nil {
				t.Errorf("%s %s on %s: %v", step.spec.Name, step.params, space.name, err)
				continue
			}
			look := seen(t, got)
			d := chained(t, look, call{"dE00", vips.Args{"right": want}})
			mean, err := vips.Call("avg", vips.Args{"in": d})
			if err != nil {
				t.Fatal(err)
			}
			if off := mean["out"].(float64); off > 3 {
				t.Errorf("%s %s on %s: it looks different by a mean ΔE of %.1f", step.spec.Name, step.params, space.name, off)
			}
			d.Close()
			look.Close()
			got.Close()
		}
		want.Close()
	}
}
