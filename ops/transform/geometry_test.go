package transform

import (
	"math"
	"testing"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/vips"
)

// TestPlan has the sizes that imaginary's own tests expect, and those of its
// documentation.
func TestPlan(t *testing.T) {
	for name, test := range map[string]struct {
		o    Operation
		in   size
		want size
	}{
		"crop by width":         {Operation{Crop: true, Width: 300}, size{1920, 1080}, size{300, 1080}},
		"resize":                {Operation{Embed: true, Width: 300, Height: 300}, size{550, 740}, size{300, 300}},
		"resize by width":       {Operation{Embed: true, Width: 300}, size{550, 740}, size{300, 404}},
		"resize and crop":       {Operation{Embed: true, Crop: true, Width: 300}, size{550, 740}, size{300, 740}},
		"fit":                   {Operation{Embed: true, Fit: true, Width: 300, Height: 300}, size{550, 740}, size{223, 300}},
		"fit wide":              {Operation{Embed: true, Fit: true, Width: 300, Height: 300}, size{1920, 1080}, size{300, 169}},
		"fit does not enlarge":  {Operation{Embed: true, Fit: true, Width: 3000, Height: 3000}, size{550, 740}, size{550, 740}},
		"enlarge":               {Operation{Enlarge: true, Crop: true, Width: 300, Height: 200}, size{1920, 1080}, size{300, 200}},
		"enlarge a small one":   {Operation{Enlarge: true, Crop: true, Width: 3000, Height: 2000}, size{300, 300}, size{3000, 2000}},
		"crop does not enlarge": {Operation{Crop: true, Width: 3000, Height: 2000}, size{300, 300}, size{300, 300}},
		"extract":               {Operation{Top: 100, Left: 100, AreaWidth: 200, AreaHeight: 120}, size{1920, 1080}, size{200, 120}},
		"thumbnail enlarges":    {Operation{Width: 100}, size{50, 40}, size{100, 80}},
		"force":                 {Operation{Force: true, Width: 30, Height: 300}, size{50, 40}, size{30, 300}},
		"zoom":                  {Operation{Zoom: 2}, size{50, 40}, size{150, 120}},
		"zoom of an area":       {Operation{Zoom: 2, Top: 10, Left: 10, AreaWidth: 100, AreaHeight: 60}, size{50, 40}, size{100, 60}},
		"nothing":               {Operation{}, size{50, 40}, size{50, 40}},
		"rotate alone":          {Operation{Rotate: 90}, size{50, 40}, size{50, 40}},
		"flat":                  {Operation{Embed: true, Width: 10}, size{16000, 1}, size{10, 1}},
	} {
		g, err := test.o.plan(test.in)
		if err != nil || g.result != test.want {
			t.Errorf("%s: got %v, %v; want %v", name, g.result, err, test.want)
		}
	}
}

func TestFitOfOriginalsTests(t *testing.T) {
	for _, c := range [][6]int{
		{1280, 1000, 710, 9999, 710, 555}, {1279, 1000, 710, 9999, 710, 555}, {900, 500, 312, 312, 312, 173},
		{900, 500, 313, 313, 313, 174}, {1299, 2000, 710, 999, 649, 999}, {1500, 2000, 710, 999, 710, 947},
	} {
		o := Operation{Fit: true, Width: c[2], Height: c[3]}
		if got := o.box(size{c[0], c[1]}); got != (size{c[4], c[5]}) {
			t.Errorf("%v: got %v", c, got)
		}
	}
}

func TestBombsAreRefused(t *testing.T) {
	for name, o := range map[string]Operation{
		"enlarge":     {Enlarge: true, Crop: true, Width: 16383, Height: 16383},
		"zoom":        {Zoom: 128},
		"sliver":      {Enlarge: true, Crop: true, Width: 1, Height: 16000},
		"by one side": {Width: 16383},
		"area":        {Zoom: 1, AreaWidth: math.MaxInt32, AreaHeight: math.MaxInt32},
	} {
		if g, err := o.plan(size{3000, 4000}); err == nil && g.scaled.pixels() > MaxPixels {
			t.Errorf("%s: got %+v", name, g)
		}
	}
	for name, o := range map[string]Operation{
		"blur":         {Blur: 1e9},
		"blur NaN":     {Blur: math.NaN()},
		"blur by cut":  {Blur: 60, MinAmplitude: 1e-300},
		"font":         {Text: Text{Text: "a", Font: "sans 9999", DPI: 1200}},
		"hexadecimal":  {Text: Text{Text: "a", Font: "sans 0x1p20"}},
		"exponent":     {Text: Text{Text: "a", Font: "sans 1e6"}},
		"not a number": {Text: Text{Text: "a", Font: "sans nan"}},
		"control":      {Text: Text{Text: "a\x00b"}},
		"spaces":       {Text: Text{Text: "   "}},
		"colour":       {Background: []int{1, 2}},
		"colour 256":   {Text: Text{Text: "a", Colour: []int{1, 2, 256}}},
	} {
		if err := (&Config{Operations: []Operation{o}}).Validate(); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

func TestReduction(t *testing.T) {
	preview := Operation{Fit: true, Embed: true, Width: 1024, Height: 1024}
	for name, test := range map[string]struct {
		operations []Operation
		want       float64
	}{
		"fit":              {[]Operation{preview}, 3.90625},
		"after turning":    {[]Operation{{}, {Flip: true}, preview}, 3.90625},
		"after a blur":     {[]Operation{{Blur: 1}, preview}, 1},
		"after an extract": {[]Operation{{AreaWidth: 10, AreaHeight: 10}, preview}, 1},
		"zoom":             {[]Operation{{Zoom: 1}}, 1},
		"nothing":          {nil, 1},
	} {
		if got := reduction(test.operations, size{4000, 3000}, 6); math.Abs(got-test.want) > 0.01 {
			t.Errorf("%s: got %v, want %v", name, got, test.want)
		}
	}
}

// FuzzPlan has sizes that fit together, whatever is asked for.
func FuzzPlan(f *testing.F) {
	f.Add(300, 200, 0, 0, 0, 0, 0, uint(0), 1920, 1080)
	f.Add(300, 200, 10, 10, 5, 5, 3, uint(0xff), 1, 1)
	f.Fuzz(func(t *testing.T, width, height, left, top, aw, ah, zoom int, flags uint, w, h int) {
		if w < 1 || h < 1 || w > 1e6 || h > 1e6 || width < 0 || height < 0 || width > MaxSide || height > MaxSide || left < 0 || top < 0 || aw < 0 || ah < 0 || zoom < 0 || zoom > 128 {
			return
		}
		on := func(bit int) bool { return flags>>bit&1 == 1 }
		o := Operation{Width: width, Height: height, Left: left, Top: top, AreaWidth: aw, AreaHeight: ah, Zoom: zoom,
			Crop: on(0), Embed: on(1), Force: on(2), Enlarge: on(3), Fit: on(4)}
		if on(5) {
			o.Gravity = "smart"
		}
		g, err := o.plan(size{w, h})
		if err != nil {
			return
		}
		if g.scaled.width < 1 || g.scaled.height < 1 || g.result.width < 0 || g.result.height < 0 {
			t.Errorf("%+v of %d×%d: %+v", o, w, h, g)
		}
		if r := reduction([]Operation{o}, size{w, h}, 1); r < 1 || math.IsNaN(r) || math.IsInf(r, 0) {
			t.Errorf("reduction %v", r)
		}
	})
}

// TestApply makes what was planned, of every kind of image.
func TestApply(t *testing.T) {
	text := Text{Text: "<b>Burnish & co", Font: "sans bold 12"}
	for name, o := range map[string]Operation{
		"smart":      {Crop: true, Gravity: "smart", Width: 30, Height: 30},
		"crop":       {Crop: true, Gravity: "north", Width: 30, Height: 30},
		"embed":      {Embed: true, Width: 60, Height: 60},
		"background": {Embed: true, Width: 60, Height: 60, Extend: "background", Background: []int{1, 2, 3}},
		"black":      {Embed: true, Width: 60, Height: 60, Extend: "background"},
		"rotate":     {Rotate: 90, Embed: true, Width: 60},
		"zoom":       {Zoom: 2, Top: 10, Left: 10, AreaWidth: 100, AreaHeight: 60},
		"blur":       {Blur: 3},
		"text":       {Text: text},
		"once":       {Text: Text{Text: "Burnish", Once: true, Opacity: 0.7, Colour: []int{255, 0, 0}}},
		"flat":       {Flatten: true, Background: []int{10, 20, 30}},
		"gray":       {Space: "b-w"},
		"enlarge":    {Enlarge: true, Crop: true, Width: 300, Height: 400},
	} {
		for _, bands := range []int{1, 2, 3, 4} {
			p, err := vips.FromMemory(make([]byte, 120*80*bands), 120, 80, bands, "uchar")
			if err != nil {
				t.Fatal(err)
			}
			op, err := (&Config{Operations: []Operation{o}}).Build(t.Context(), ops.Env{InMemory: 1 << 30})
			if err != nil {
				t.Fatal(err)
			}
			upright := size{120, 80}
			if o.Rotate != 0 {
				upright = upright.swapped()
			}
			want, err := o.plan(upright)
			if err != nil {
				t.Fatal(name, err)
			}
			out, err := op.Apply(t.Context(), []ops.Image{{Pixels: p, Source: &ops.Source{Width: 120, Height: 80}}})
			p.Close()
			if err != nil {
				t.Errorf("%s of %d bands: %v", name, bands, err)
				continue
			}
			if got := (size{out.Pixels.Width(), out.Pixels.Height()}); got != want.result || out.Pixels.Format() != "uchar" {
				t.Errorf("%s of %d bands: got %v of %s, want %v", name, bands, got, out.Pixels.Format(), want.result)
			}
			if _, err := out.Pixels.Pixels(); err != nil {
				t.Errorf("%s of %d bands: %v", name, bands, err)
			}
			out.Close()
		}
	}
}

// Where the cut of a Gaussian rounds to its peak, libvips goes on for long.
func TestBlursAreBounded(t *testing.T) {
	for _, o := range []Operation{{Blur: 1e11, MinAmplitude: 1}, {Blur: 1e5, MinAmplitude: 1 - 1e-16}, {Blur: 200}} {
		if Check(o) == nil {
			t.Errorf("%g, cut at %g, is let through", o.Blur, o.MinAmplitude)
		}
	}
	for _, o := range []Operation{{Blur: 100, MinAmplitude: 1}, {Blur: 100}} {
		if err := Check(o); err != nil {
			t.Errorf("%g, cut at %g: %v", o.Blur, o.MinAmplitude, err)
		}
	}
}
