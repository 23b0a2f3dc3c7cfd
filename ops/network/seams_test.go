package network

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/device"
	"github.com/burnish-photo/burnish/ops/network/onnx/onnxtest"
	"github.com/burnish-photo/burnish/ops/network/tile"
	"github.com/burnish-photo/burnish/ops/promptcir/models"
	"github.com/burnish-photo/burnish/ops/vips"
)

// BenchmarkSeams compares tiles with the whole photo at once: the largest and
// the mean difference, and the mean along the seams, 2 pixels to either side of
// where one tile hands over to the next. BENCH=Seams make bench.
func BenchmarkSeams(b *testing.B) {
	onnxtest.Need(b)
	for _, l := range []tile.Layout{
		{Size: 128, Halo: 16, Feather: 16, Multiple: 32},
		{Size: 256, Halo: 0, Feather: 0, Multiple: 32}, {Size: 256, Halo: 0, Feather: 16, Multiple: 32},
		{Size: 256, Halo: 16, Feather: 0, Multiple: 32}, {Size: 256, Halo: 16, Feather: 16, Multiple: 32},
		{Size: 256, Halo: 32, Feather: 16, Multiple: 32}, {Size: 256, Halo: 32, Feather: 32, Multiple: 32},
		{Size: 384, Halo: 0, Feather: 16, Multiple: 32}, {Size: 384, Halo: 0, Feather: 32, Multiple: 32},
		{Size: 384, Halo: 16, Feather: 16, Multiple: 32},
		{Size: 512, Halo: 0, Feather: 16, Multiple: 32}, {Size: 512, Halo: 0, Feather: 32, Multiple: 32},
		{Size: 512, Halo: 16, Feather: 16, Multiple: 32},
		{Size: 768, Halo: 0, Feather: 16, Multiple: 32},
	} {
		b.Run(fmt.Sprintf("tile=%d/halo=%d/feather=%d", l.Size, l.Halo, l.Feather), func(b *testing.B) {
			for b.Loop() {
				seams(b, l, l)
			}
		})
	}
	b.Run("tile=512x192/halo=0/feather=32x16", func(b *testing.B) { // of wide photos
		for b.Loop() {
			seams(b, tile.Layout{Size: 512, Feather: 32, Multiple: 32}, tile.Layout{Size: 192, Feather: 16, Multiple: 32})
		}
	})
}

// whole is the photo restored at once, kept over the layouts.
var whole []byte

func seams(b *testing.B, across, down tile.Layout) {
	damaged, w := damagedPhoto(b)
	defer damaged.Close()
	if whole == nil {
		one := tile.Layout{Size: (max(damaged.Width(), damaged.Height()) + 31) / 32 * 32, Multiple: 32}
		whole = restoredBy(b, damaged, one, one)
	}
	tiled := restoredBy(b, damaged, across, down)
	var most, sum, seam, along float64
	for i, v := range tiled {
		d := math.Abs(float64(v) - float64(whole[i]))
		x, y := i/3%w, i/3/w
		most, sum = max(most, d), sum+d
		if near(x, across.Stride(), across.Feather) || near(y, down.Stride(), down.Feather) {
			seam, along = seam+d, along+1
		}
	}
	b.ReportMetric(most, "max")
	b.ReportMetric(sum/float64(len(tiled)), "mean")
	b.ReportMetric(seam/max(along, 1), "seams")
	b.ReportMetric(float64(across.Size*down.Size)/float64(across.Stride()*down.Stride()), "×work")
	b.ReportMetric(0, "ns/op")
}

// near reports whether x lies 2 pixels around the middle of a handing over.
func near(x, stride, feather int) bool {
	d := (x - feather/2) % stride
	return x > stride/2 && (d < 2 || d >= stride-2)
}

// damagedPhoto is $PHOTO, a photo of LIVE1, or one of the demo, at JPEG quality 20.
func damagedPhoto(b *testing.B) (*vips.Image, int) {
	b.Helper()
	name := "../../../shared/data/live1/bikes.webp"
	if photo := os.Getenv("PHOTO"); photo != "" {
		name = photo
	}
	if _, err := os.Stat(name); err != nil {
		name = "../../packaging/demo/originals/osprey.webp"
	}
	clean, err := vips.Open(name, vips.Random)
	if err != nil {
		b.Fatal(err)
	}
	defer clean.Close()
	path := filepath.Join(b.TempDir(), "photo.jpg")
	if err := clean.Save("jpegsave", path, vips.Args{"Q": 20}); err != nil {
		b.Fatal(err)
	}
	p, err := vips.Open(path, vips.Random)
	if err != nil {
		b.Fatal(err)
	}
	return p, p.Width()
}

func restoredBy(b *testing.B, p *vips.Image, across, down tile.Layout) []byte {
	b.Helper()
	o, err := open(liteOptions(), ops.Env{Devices: device.List{device.CPU}, Threads: 2}, split)
	if err != nil {
		b.Fatal(err)
	}
	defer o.Close()
	o.tiling.low, o.tiling.wide, o.tiling.layout.Fitted = [2]tile.Layout{across, down}, 0, true
	out, err := o.restore(b.Context(), p, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer out.Close()
	pixels, err := out.Pixels()
	if err != nil {
		b.Fatal(err)
	}
	return pixels
}

// liteOptions restore every photo with the bundled model.
func liteOptions() Options {
	data, _ := models.Open("lite")
	return Options{Name: "promptcir", Models: []Model{{Name: "lite", Data: data}}, Strength: 1}
}
