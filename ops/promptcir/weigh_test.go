package promptcir_test

import (
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/promptcir"
	"github.com/burnish-photo/burnish/ops/vips"
)

// What libvips holds of a stream is about what was predicted of its strips, and
// less than twice as much for a photo of twice the width.
func TestStripsMemory(t *testing.T) {
	op := build(t, promptcir.Config{Model: identity, Tile: 384}, cpu)
	held := map[int]int64{}
	for _, across := range []int{26, 52} {
		part := crop(t, 0, 0, 448, 448)
		photo := must[*vips.Image](t)(part.Do("replicate", vips.Args{"across": across, "down": 3}))
		part.Close()
		width, height := photo.Width(), photo.Height()
		in := compressed(t, photo, 30, vips.Sequential)
		photo.Close()
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
		out := apply(t, op, in)
		if err := out.Save("jpegsave", filepath.Join(t.TempDir(), "out.jpg"), vips.Args{"Q": 80}); err != nil {
			t.Fatal(err)
		}
		close(stop)
		watching.Wait()
		weigher := op.(ops.Weigher)
		small := weigher.Weigh(384, 384).Bytes // hardly more than windows
		predicted := weigher.Weigh(width, height).Bytes - small/2
		t.Logf("%d pixels wide: %d MB held, %d MB predicted", width, most>>20, predicted>>20)
		if most > predicted*5/4 || most < predicted/3 {
			t.Errorf("%d pixels wide: %d bytes held, %d predicted", width, most, predicted)
		}
		held[across] = most
	}
	if held[52] > held[26]*19/10 {
		t.Errorf("%d bytes of the wider photo, %d of the other", held[52], held[26])
	}
}
