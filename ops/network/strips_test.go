package network_test

import (
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/vips"
)

// What libvips holds of a stream is about what was predicted of its strips, of
// deep pixels too, and less than twice as much for a photo of twice the width.
func TestStripsMemory(t *testing.T) {
	op := build(t, fixture(t, "identity"), 384, cpu)
	streams := map[string]func(photo *vips.Image) *vips.Image{
		"8-bit JPEG": func(photo *vips.Image) *vips.Image { return compressed(t, photo, 30) },
		"16-bit PNG with alpha": func(photo *vips.Image) *vips.Image {
			deep := must[*vips.Image](t)(photo.Do("colourspace", vips.Args{"space": "rgb16"}))
			defer deep.Close()
			clear := must[*vips.Image](t)(deep.Do("bandjoin_const", vips.Args{"c": []float64{40_000}}))
			defer clear.Close()
			path := filepath.Join(t.TempDir(), "in.png")
			if err := clear.Save("pngsave", path, vips.Args{"compression": 1}); err != nil {
				t.Fatal(err)
			}
			return must[*vips.Image](t)(vips.Open(path, vips.Sequential))
		},
	}
	for name, stream := range streams {
		t.Run(name, func(t *testing.T) {
			narrow, wide := strips(t, op, 26, stream), strips(t, op, 52, stream)
			if wide > narrow*19/10 {
				t.Errorf("%d bytes of the wider photo, %d of the other", wide, narrow)
			}
		})
	}
}

// strips restores a photo so many times 448 pixels wide, compares what libvips
// held with what was predicted, and returns it.
func strips(t *testing.T, op ops.Operator, across int, stream func(*vips.Image) *vips.Image) int64 {
	t.Helper()
	part := crop(t, 0, 0, 448, 448)
	photo := must[*vips.Image](t)(part.Do("replicate", vips.Args{"across": across, "down": 3}))
	part.Close()
	in := stream(photo)
	photo.Close()
	width, height, pixel := in.Width(), in.Height(), in.PixelBytes()
	before, _ := vips.Memory()
	most, stop := int64(0), make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		for {
			now, _ := vips.Memory()
			most = max(most, now-before)
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
			}
		}
	})
	out, _ := restored(t, op, in)
	if err := out.Save("jpegsave", filepath.Join(t.TempDir(), "out.jpg"), vips.Args{"Q": 80}); err != nil {
		t.Fatal(err)
	}
	close(stop)
	watching.Wait()
	estimator := op.(ops.CostEstimator)
	small := estimator.EstimateCost(384, 384, pixel).Bytes // hardly more than tiles
	predicted := estimator.EstimateCost(width, height, pixel).Bytes - small/2
	t.Logf("%d pixels wide: %d MB held, %d MB predicted", width, most>>20, predicted>>20)
	if most > predicted*5/4 || most < predicted/3 {
		t.Errorf("%d pixels wide: %d bytes held, %d predicted", width, most, predicted)
	}
	return most
}
