package network_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/network/onnx/onnxtest"
	"github.com/burnish-photo/burnish/ops/vips"
)

// photoEnv names the photo that a process of its own restores, in place of the
// tests, to measure its memory.
const photoEnv = "BURNISH_TEST_STRIPS_PHOTO"

// What libvips holds of a stream is about what was predicted of its strips, of
// deep pixels too, and less than twice as much for a photo of twice the width.
// Each photo is restored in a process of its own, whose high-water mark is exact
// however little of the processor the test gets.
func TestStripsMemory(t *testing.T) {
	onnxtest.Need(t)
	if path := os.Getenv(photoEnv); path != "" {
		restoreMeasured(t, path)
		return
	}
	files := map[string]func(photo *vips.Image) string{
		"8-bit JPEG": func(photo *vips.Image) string {
			path := filepath.Join(t.TempDir(), "in.jpg")
			save(t, photo, "jpegsave", path, vips.Args{"Q": 30})
			return path
		},
		"16-bit PNG with alpha": func(photo *vips.Image) string {
			deep := must[*vips.Image](t)(photo.Do("colourspace", vips.Args{"space": "rgb16"}))
			defer deep.Close()
			clear := must[*vips.Image](t)(deep.Do("bandjoin_const", vips.Args{"c": []float64{40_000}}))
			defer clear.Close()
			path := filepath.Join(t.TempDir(), "in.png")
			save(t, clear, "pngsave", path, vips.Args{"compression": 1})
			return path
		},
	}
	for name, file := range files {
		t.Run(name, func(t *testing.T) {
			narrow, wide := held(t, file(photo(t, 26))), held(t, file(photo(t, 52)))
			if wide > narrow*19/10 {
				t.Errorf("%d bytes of the wider photo, %d of the other", wide, narrow)
			}
		})
	}
}

// photo is so many times 448 pixels wide, closed after the test.
func photo(t *testing.T, across int) *vips.Image {
	t.Helper()
	part := crop(t, 0, 0, 448, 448)
	defer part.Close()
	p := must[*vips.Image](t)(part.Do("replicate", vips.Args{"across": across, "down": 3}))
	t.Cleanup(p.Close)
	return p
}

func save(t *testing.T, p *vips.Image, operation, path string, args vips.Args) {
	t.Helper()
	if err := p.Save(operation, path, args); err != nil {
		t.Fatal(err)
	}
}

// held restores a photo in another process, compares what libvips held at the
// most with what was predicted, and returns it.
func held(t *testing.T, path string) int64 {
	t.Helper()
	self := must[string](t)(os.Executable())
	c := exec.CommandContext(t.Context(), self, "-test.run=^TestStripsMemory$", "-test.v")
	c.Env = append(os.Environ(), photoEnv+"="+path)
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var width int
	var most, predicted int64
	_, line, _ := strings.Cut(string(out), "measured: ")
	if _, err := fmt.Sscan(line, &width, &most, &predicted); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Logf("%d pixels wide: %d MB held, %d MB predicted", width, most>>20, predicted>>20)
	if most > predicted*5/4 || most < predicted/3 {
		t.Errorf("%d pixels wide: %d bytes held, %d predicted", width, most, predicted)
	}
	return most
}

// restoreMeasured is the other process's part. It is the first work that libvips
// has there.
func restoreMeasured(t *testing.T, path string) {
	op := build(t, fixture(t, "identity"), 384, cpu)
	in := must[*vips.Image](t)(vips.Open(path, vips.Sequential))
	width, height, pixel := in.Width(), in.Height(), in.PixelBytes()
	out, _ := restored(t, op, in)
	save(t, out, "jpegsave", filepath.Join(t.TempDir(), "out.jpg"), vips.Args{"Q": 80})
	_, most := vips.Memory()
	var estimator ops.CostEstimator = op
	small := estimator.EstimateCost(384, 384, pixel).Bytes // hardly more than tiles
	predicted := estimator.EstimateCost(width, height, pixel).Bytes - small/2
	fmt.Println("measured:", width, most, predicted)
}
