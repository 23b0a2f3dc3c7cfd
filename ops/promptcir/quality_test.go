package promptcir_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/promptcir"
	"github.com/burnish-photo/burnish/ops/vips"
)

const identity = "../network/onnx/testdata/identity.onnx"

// Whatever the quality, a network that changes nothing changes nothing.
func TestQualitiesKeepPixels(t *testing.T) {
	for _, c := range []promptcir.Config{
		{Model: identity, Preset: "fast", Strength: 1, Tile: 128},
		{Model: identity, Preset: "reference", Strength: 1, Tile: 128},
		{Model: identity, Preset: "reference", Strength: 0.5, Tile: 96, Models: []promptcir.Model{identity, identity}},
	} {
		op := build(t, c, cpu)
		for _, s := range [][2]int{{1, 1}, {200, 150}, {40, 333}} {
			part := crop(t, 30, 40, s[0], s[1])
			want := values(t, part)
			if most, _ := gap(values(t, apply(t, op, part)), want); most > 0 {
				t.Errorf("%+v: %v: pixels moved by %d", c, s, most)
			}
		}
	}
}

func TestStrength(t *testing.T) {
	clean := crop(t, 0, 0, 200, 160)
	defer clean.Close()
	damaged := compressed2(t, clean, 20)
	before := values(t, damaged)
	restored := func(strength float64) []byte {
		op := build(t, promptcir.Config{Model: "lite", Preset: "balanced", Strength: strength}, cpu)
		return values(t, apply(t, op, damaged.Ref()))
	}
	full, half := restored(1), restored(0.5)
	for i, b := range before {
		if want := (int(b) + int(full[i])) / 2; int(half[i]) < want-1 || int(half[i]) > want+1 {
			t.Fatalf("value %d: %d before, %d restored, %d at half strength", i, b, full[i], half[i])
		}
	}
	op := build(t, promptcir.Config{Model: "lite", Preset: "balanced", Strength: 0}, cpu)
	var notes ops.Notes
	out := must[ops.Image](t)(op.Apply(ops.WithNotes(t.Context(), &notes), []ops.Image{{Pixels: damaged}}))
	defer out.Close()
	if most, _ := gap(values(t, out.Pixels), before); most > 0 || notes.All()["left_alone"] != "strength 0" {
		t.Errorf("strength 0 moves pixels by %d, notes %v", most, notes.All())
	}
}

// The reference is an average over orientations: it must be at least as good.
func TestReferenceIsBetter(t *testing.T) {
	clean := crop(t, 0, 0, 200, 160)
	defer clean.Close()
	want := values(t, clean)
	got := map[string]float64{}
	for _, quality := range []string{"fast", "balanced", "reference"} {
		op := build(t, promptcir.Config{Model: "lite", Preset: quality, Strength: 1, Tile: 128}, cpu)
		got[quality] = psnr(t, values(t, apply(t, op, compressed(t, clean, 20, vips.Sequential))), want)
	}
	t.Logf("dB: %v", got)
	if got["reference"] < got["balanced"] || got["fast"] < got["balanced"]-0.3 {
		t.Errorf("dB: %v", got)
	}
}

// The table of the documentation: BENCH=Quality make bench. Its photos lie in
// $LIVE1 or ../shared/data/live1.
func BenchmarkQuality(b *testing.B) {
	folder := os.Getenv("LIVE1")
	if folder == "" {
		folder = "../../../shared/data/live1"
	}
	photos, _ := filepath.Glob(filepath.Join(folder, "*.webp"))
	if len(photos) == 0 {
		b.Skip("no photos in ", folder)
	}
	photos = photos[:min(len(photos), 4)]
	for _, quality := range []string{"fast", "balanced", "reference"} {
		for _, q := range []int{10, 40} {
			b.Run(fmt.Sprintf("%s/QF=%d", quality, q), func(b *testing.B) {
				op := build(b, promptcir.Config{Model: "lite", Preset: quality, Strength: 1}, cpu)
				for b.Loop() {
					measureQuality(b, op, photos, q)
				}
			})
		}
	}
}

func measureQuality(b *testing.B, op ops.Operator, photos []string, q int) {
	var dB, megapixels float64
	var spent time.Duration
	for _, path := range photos {
		clean := must[*vips.Image](b)(vips.Open(path, vips.Random))
		want := values(b, clean)
		damaged := compressed(b, clean, q, vips.Sequential)
		megapixels += float64(clean.Width()) * float64(clean.Height()) / 1e6
		clean.Close()
		before := processor()
		out := must[ops.Image](b)(op.Apply(b.Context(), []ops.Image{{Pixels: damaged}}))
		dB += psnr(b, values(b, out.Pixels), want) / float64(len(photos))
		spent += processor() - before
		out.Close()
		damaged.Close()
	}
	b.ReportMetric(dB, "dB")
	b.ReportMetric(spent.Seconds()/megapixels, "cpu-s/MP")
	b.ReportMetric(0, "ns/op")
}

func TestEstimateCost(t *testing.T) {
	op := build(t, promptcir.Config{Model: "lite"}, cpu).(ops.CostEstimator)
	small, large, huge := op.EstimateCost(256, 256, 3), op.EstimateCost(4000, 3000, 3), op.EstimateCost(4000, 30000, 3)
	if perPixel := small.MACs / 256 / 256; perPixel < 50_000 || perPixel > 90_000 {
		t.Errorf("%.0f multiply-accumulates a pixel", perPixel)
	}
	if ratio := large.MACs / small.MACs / (12e6 / 65536); ratio <= 1 || ratio > 1.25 {
		t.Errorf("tiles repeat %.2f of the work", ratio)
	}
	// Memory grows with the width and the bytes of a pixel, not with the height.
	if deep := op.EstimateCost(4000, 3000, 8); deep.Bytes <= large.Bytes*9/8 || deep.MACs != large.MACs {
		t.Errorf("16-bit pixels with transparency: %+v, 8-bit ones %+v", deep, large)
	}
	if large.Bytes <= small.Bytes || large.Bytes > 1<<30 || huge.Bytes > large.Bytes*11/10 {
		t.Errorf("bytes: %d, %d, %d", small.Bytes, large.Bytes, huge.Bytes)
	}
	if twice := build(t, promptcir.Config{Model: "lite", Preset: "reference", Strength: 1}, cpu).(ops.CostEstimator).EstimateCost(384, 384, 3); twice.MACs < 7*384*384*50_000 {
		t.Errorf("reference: %+v", twice)
	}
}
