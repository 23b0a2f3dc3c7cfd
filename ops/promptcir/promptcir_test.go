package promptcir_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/promptcir"
	"github.com/burnish-photo/burnish/ops/vips"
)

func TestRestores(t *testing.T) {
	op := build(t, promptcir.Config{Model: "lite"}, cpu)
	clean := crop(t, 0, 0, 448, 448)
	defer clean.Close()
	want := values(t, clean)
	for _, quality := range []int{10, 20, 40} {
		damaged := compressed(t, clean, quality, vips.Sequential)
		before := psnr(t, values(t, compressed2(t, clean, quality)), want)
		after := psnr(t, values(t, apply(t, op, damaged)), want)
		t.Logf("quality %d: %.2f dB before, %.2f after", quality, before, after)
		if after < before+0.5 {
			t.Errorf("quality %d: %.2f dB before, %.2f after", quality, before, after)
		}
	}
}

// TestTiled compares tiles with the whole photo at once. They differ, since
// the network weighs what it sees of the photo; it must not show.
func TestTiled(t *testing.T) {
	clean := crop(t, 0, 0, 400, 430)
	defer clean.Close()
	whole := values(t, apply(t, build(t, promptcir.Config{Model: "lite", Tile: 512}, cpu), compressed(t, clean, 20, vips.Sequential)))
	for _, size := range []int{128, 256} {
		tiled := values(t, apply(t, build(t, promptcir.Config{Model: "lite", Tile: size}, cpu), compressed(t, clean, 20, vips.Sequential)))
		most, mean := gap(whole, tiled)
		t.Logf("tile %d: differs from the whole by at most %d, by %.3f on average", size, most, mean)
		if most > 24 || mean > 1 {
			t.Errorf("tile %d: differs from the whole by at most %d, by %.3f on average", size, most, mean)
		}
	}
}

func TestSizes(t *testing.T) {
	op := build(t, promptcir.Config{Model: "lite", Tile: 128}, cpu)
	for _, s := range [][2]int{{1, 1}, {7, 300}, {257, 311}, {128, 128}, {33, 31}} {
		part := crop(t, 60, 70, s[0], s[1])
		in := compressed(t, part, 60, vips.Random)
		before := values(t, in)
		out := apply(t, op, in)
		if out.Width() != s[0] || out.Height() != s[1] || out.Bands() != 3 || out.Format() != "uchar" {
			t.Errorf("%v became %d×%d, %d bands of %s", s, out.Width(), out.Height(), out.Bands(), out.Format())
		}
		if _, mean := gap(before, values(t, out)); mean > 6 {
			t.Errorf("%v: pixels moved by %.1f on average", s, mean)
		}
		part.Close()
	}
}

// TestFormats restores one photo in several forms: they must agree.
func TestFormats(t *testing.T) {
	op := build(t, promptcir.Config{Model: "lite"}, cpu)
	clean := crop(t, 30, 40, 150, 140)
	defer clean.Close()
	damaged := compressed2(t, clean, 20)
	plain := values(t, apply(t, op, damaged.Ref()))

	t.Run("alpha", func(t *testing.T) {
		alpha := must[*vips.Image](t)(damaged.Do("extract_band", vips.Args{"band": 1}))
		defer alpha.Close()
		joined := must[vips.Outputs](t)(vips.Call("bandjoin", vips.Args{"in": []*vips.Image{damaged, alpha}}))["out"].(*vips.Image)
		got, mask := values(t, apply(t, op, joined)), values(t, alpha)
		for i, m := range mask {
			if [3]byte(got[4*i:]) != [3]byte(plain[3*i:]) {
				t.Fatalf("pixel %d is %v with transparency, %v without", i, got[4*i:4*i+3], plain[3*i:3*i+3])
			}
			if got[4*i+3] != m {
				t.Fatalf("transparency %d of pixel %d became %d", m, i, got[4*i+3])
			}
		}
	})
	t.Run("16 bits", func(t *testing.T) {
		wide := must[*vips.Image](t)(damaged.Do("colourspace", vips.Args{"space": "rgb16"}))
		out := apply(t, op, wide)
		if out.Format() != "ushort" || out.Interpretation() != "rgb16" {
			t.Errorf("became %s of %s", out.Interpretation(), out.Format())
		}
		narrow := must[*vips.Image](t)(out.Do("colourspace", vips.Args{"space": "srgb"}))
		defer narrow.Close()
		// libvips widens 255 to 65280 and cuts off what it narrows.
		if most, _ := gap(plain, values(t, narrow)); most > 2 {
			t.Errorf("differs from 8 bits by %d", most)
		}
	})
	t.Run("gray", func(t *testing.T) {
		gray := must[*vips.Image](t)(clean.Do("colourspace", vips.Args{"space": "b-w"}))
		defer gray.Close()
		want := values(t, gray)
		in := compressed2(t, gray, 20)
		out := apply(t, op, in.Ref())
		if out.Bands() != 1 || out.Interpretation() != "b-w" {
			t.Errorf("became %s of %d bands", out.Interpretation(), out.Bands())
		}
		before, after := psnr(t, values(t, in), want), psnr(t, values(t, out), want)
		t.Logf("%.2f dB before, %.2f after", before, after)
		if after <= before {
			t.Errorf("%.2f dB before, %.2f after", before, after)
		}
	})
	t.Run("cmyk", func(t *testing.T) {
		press := must[*vips.Image](t)(damaged.Do("icc_transform", vips.Args{"output_profile": "cmyk", "input_profile": "srgb"}))
		if out := apply(t, op, press); out.Bands() != 3 || out.Interpretation() != "srgb" {
			t.Errorf("became %s of %d bands", out.Interpretation(), out.Bands())
		} else if _, mean := gap(plain, values(t, out)); mean > 12 {
			t.Errorf("differs from RGB by %.1f on average", mean)
		}
	})
	t.Run("lab", func(t *testing.T) {
		lab := must[*vips.Image](t)(damaged.Do("colourspace", vips.Args{"space": "labs"}))
		if out := apply(t, op, lab); out.Bands() != 3 || out.Interpretation() != "rgb16" {
			t.Errorf("became %s of %d bands", out.Interpretation(), out.Bands())
		}
	})
	t.Run("float", func(t *testing.T) {
		float := must[*vips.Image](t)(damaged.Do("cast", vips.Args{"format": "float"}))
		out := apply(t, op, float)
		if out.Format() != "ushort" || out.Interpretation() != "rgb16" {
			t.Fatalf("became %s of %s", out.Interpretation(), out.Format())
		}
		if most, _ := gap(plain, narrowed(t, out)); most > 1 {
			t.Errorf("differs from 8 bits by %d", most)
		}
	})
	t.Run("scrgb", func(t *testing.T) {
		linear := must[*vips.Image](t)(damaged.Do("colourspace", vips.Args{"space": "scrgb"}))
		out := apply(t, op, linear)
		if out.Format() != "ushort" || out.Interpretation() != "rgb16" {
			t.Fatalf("became %s of %s", out.Interpretation(), out.Format())
		}
		if most, mean := gap(plain, narrowed(t, out)); most > 8 || mean > 1 {
			t.Errorf("differs from 8 bits by %d, by %.2f on average", most, mean)
		}
	})
	t.Run("gray float with transparency", func(t *testing.T) {
		gray := must[*vips.Image](t)(damaged.Do("colourspace", vips.Args{"space": "b-w"}))
		defer gray.Close()
		both := must[vips.Outputs](t)(vips.Call("bandjoin", vips.Args{"in": []*vips.Image{gray, gray}}))["out"].(*vips.Image)
		defer both.Close()
		out := apply(t, op, must[*vips.Image](t)(both.Do("cast", vips.Args{"format": "double"})))
		if out.Format() != "ushort" || out.Interpretation() != "grey16" || out.Bands() != 2 {
			t.Errorf("became %s of %s, %d bands", out.Interpretation(), out.Format(), out.Bands())
		}
	})
	t.Run("complex", func(t *testing.T) {
		complex := must[*vips.Image](t)(damaged.Do("cast", vips.Args{"format": "complex"}))
		defer complex.Close()
		if _, err := op.Apply(t.Context(), []ops.Image{{Pixels: complex}}); err == nil || !strings.Contains(err.Error(), "complex") {
			t.Errorf("got %v", err)
		}
	})
}

// narrowed are the values of 16-bit pixels, of 8 bits.
func narrowed(t *testing.T, p *vips.Image) []byte {
	t.Helper()
	scaled := must[*vips.Image](t)(p.Do("linear", vips.Args{"a": []float64{1.0 / 257}, "b": []float64{0.5}, "uchar": true}))
	defer scaled.Close()
	return values(t, scaled)
}

// Real files of the kinds that decoders find hard.
func TestWildColours(t *testing.T) {
	op := build(t, promptcir.Config{Model: identity, Tile: 256}, cpu)
	for name, want := range map[string]string{
		"cmyk_adobe2_channel_noprofile.jpg": "srgb 3", "ycck_adobe2_four_components.jpg": "srgb 3",
		"gray_dotgain20_prog.jpg": "b-w 1", "icc_adobergb_q89.jpg": "srgb 3",
	} {
		path := filepath.Join("../../../shared/data/wild", name)
		if _, err := os.Stat(path); err != nil {
			t.Skip("the wild photos are not here")
		}
		p := must[*vips.Image](t)(vips.Open(path, vips.Sequential))
		out := apply(t, op, p)
		if got := fmt.Sprintf("%s %d", out.Interpretation(), out.Bands()); got != want || out.Format() != "uchar" {
			t.Errorf("%s became %s of %s, want %s", name, got, out.Format(), want)
		}
		if len(values(t, out)) == 0 {
			t.Errorf("%s has no pixels", name)
		}
	}
}

func TestProfileStays(t *testing.T) {
	op := build(t, promptcir.Config{Model: "lite"}, cpu)
	part := crop(t, 0, 0, 40, 40)
	defer part.Close()
	p3 := must[*vips.Image](t)(part.Do("icc_transform", vips.Args{"output_profile": "p3", "input_profile": "srgb"}))
	profile, ok := p3.Blob("icc-profile-data")
	if !ok {
		t.Fatal("no profile to begin with")
	}
	out := apply(t, op, p3)
	if got, _ := out.Blob("icc-profile-data"); string(got) != string(profile) {
		t.Errorf("profile of %d bytes became one of %d", len(profile), len(got))
	}
}

// TestOrder reads the photo's last rows first: what they look like must not
// depend on it.
func TestOrder(t *testing.T) {
	op := build(t, promptcir.Config{Model: "lite", Tile: 128}, cpu)
	part := crop(t, 0, 0, 100, 300)
	defer part.Close()
	in := compressed2(t, part, 20)
	want := values(t, apply(t, op, in.Ref()))
	lazy := apply(t, op, in.Ref())
	for _, top := range []int{250, 100, 0, 170} {
		rows := must[*vips.Image](t)(lazy.Do("extract_area", vips.Args{"left": 0, "top": top, "width": 100, "height": 50}))
		got := values(t, rows)
		rows.Close()
		if string(got) != string(want[top*300:(top+50)*300]) {
			most, _ := gap(got, want[top*300:(top+50)*300])
			t.Errorf("rows from %d on differ by up to %d", top, most)
		}
	}
}

func TestCancel(t *testing.T) {
	op := build(t, promptcir.Config{Model: "lite"}, cpu)
	ctx, cancel := context.WithTimeout(t.Context(), 150*time.Millisecond)
	defer cancel()
	part := crop(t, 0, 0, 448, 448)
	defer part.Close()
	out := must[ops.Image](t)(op.Apply(ctx, []ops.Image{{Pixels: part}}))
	defer out.Close()
	if _, err := out.Pixels.Pixels(); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func TestNotes(t *testing.T) {
	for device, fallback := range map[string]bool{"auto": false, "cpu": false, "cuda:7": true} {
		op := build(t, promptcir.Config{Model: "lite"}, ops.Env{Threads: 2, Devices: devices(device)})
		part := crop(t, 0, 0, 16, 16)
		var notes ops.Notes
		out := must[ops.Image](t)(op.Apply(ops.WithNotes(t.Context(), &notes), []ops.Image{{Pixels: part}}))
		out.Close()
		part.Close()
		all := notes.All()
		if !strings.HasPrefix(all["model"], "lite ") || all["device"] == "" {
			t.Errorf("%s: got %v", device, all)
		}
		if all["device"] == "cpu" && (all["fallback"] != "") != fallback {
			t.Errorf("%s: got %v", device, all)
		}
		if d, ok := op.(ops.Describer); !ok || !strings.Contains(d.Describe(), " on "+all["device"]) {
			t.Errorf("%s: the operator describes itself otherwise than as %v", device, all)
		}
	}
}
