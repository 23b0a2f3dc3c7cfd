package step_test

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

// measuredEnv names the photo that a process of its own enlarges, in place of the
// tests.
const measuredEnv = "BURNISH_TEST_ENLARGED_PHOTO"

// A photo that is enlarged four times is streamed: what libvips holds is no more than
// was predicted, and the same for a photo of twice the height.
func TestEnlargingStreams(t *testing.T) {
	onnxtest.Need(t)
	if path := os.Getenv(measuredEnv); path != "" {
		enlargeMeasured(t, path)
		return
	}
	low, high := enlarged(t, 8), enlarged(t, 16)
	if high > low*5/4 {
		t.Errorf("%d bytes of the higher photo, %d of the other", high, low)
	}
}

// enlarged is what libvips holds at the most for a photo of 112·16 × 80·down pixels.
func enlarged(t *testing.T, down int) (most int64) {
	t.Helper()
	small, err := vips.Open("testdata/photo.png", vips.Random)
	if err != nil {
		t.Fatal(err)
	}
	defer small.Close()
	large, err := small.Do("replicate", vips.Args{"across": 16, "down": down})
	if err != nil {
		t.Fatal(err)
	}
	defer large.Close()
	path := filepath.Join(t.TempDir(), "large.jpg")
	if err := large.Save("jpegsave", path, vips.Args{"Q": 80}); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), self, "-test.run=^TestEnlargingStreams$", "-test.v")
	c.Env = append(os.Environ(), measuredEnv+"="+path)
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var predicted, whole int64
	_, line, _ := strings.Cut(string(out), "measured: ")
	if _, err := fmt.Sscan(line, &most, &predicted, &whole); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Logf("%d MB held, %d MB predicted, of %d MB of pixels", most>>20, predicted>>20, whole>>20)
	if most > predicted || most > whole {
		t.Errorf("%d bytes held, %d predicted, of %d of pixels", most, predicted, whole)
	}
	return most
}

func enlargeMeasured(t *testing.T, path string) {
	op, err := build(t, env(t), "{model: ./compact_x4.onnx, range: [0, 1], tile: 96}")
	if err != nil {
		t.Fatal(err)
	}
	in := open(t, path)
	out, err := op.Apply(t.Context(), []ops.Image{{Pixels: in}})
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if err := out.Pixels.Save("jpegsave", filepath.Join(t.TempDir(), "out.jpg"), vips.Args{"Q": 80}); err != nil {
		t.Fatal(err)
	}
	_, most := vips.Memory()
	cost := op.(ops.CostEstimator).EstimateCost(in.Width(), in.Height(), in.PixelBytes())
	fmt.Println("measured:", most, cost.Bytes, 16*in.Width()*in.Height()*in.PixelBytes())
}
