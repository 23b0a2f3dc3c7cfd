package promptcir_test

import (
	"context"
	"io"
	"math"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/device"
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/ops/network/onnx/onnxtest"
	"github.com/burnish-photo/burnish/ops/promptcir"
	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/ops/vips/vipstest"
)

func TestMain(m *testing.M) {
	os.Exit(vipstest.Run(func() int { return onnxtest.Run(held{m}) }))
}

// held runs the tests while the bundled model stays open, since opening it takes
// as long as many of them.
type held struct{ *testing.M }

var lite struct {
	sync.Once
	io.Closer
}

func (h held) Run() int {
	code := h.M.Run()
	if lite.Closer != nil {
		if err := lite.Close(); err != nil {
			println(err.Error())
			return 1
		}
	}
	return code
}

// original is a clean photo that the repository carries, CC0.
const original = "../../packaging/demo/originals/osprey.webp"

func must[T any](tb testing.TB) func(T, error) T {
	return func(v T, err error) T {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
		return v
	}
}

// build makes an operator, closed after the test.
func build(tb testing.TB, c promptcir.Config, env ops.Env) ops.Operator {
	tb.Helper()
	onnxtest.Need(tb)
	if c.Skip == "" { // every photo is to be restored, unless the test says otherwise
		c.Skip = "never"
	}
	if c.SkipJPEGAbove == 0 {
		c.SkipJPEGAbove = 100
	}
	if c.Fidelity == "" {
		c.Fidelity = "off"
	}
	if c.Preset == "" {
		c.Preset, c.Strength = "balanced", 1
	}
	if err := diag.Check(c); err != nil {
		tb.Fatal(err)
	}
	lite.Do(func() {
		c := promptcir.Config{Model: "lite"}
		lite.Closer = must[ops.Operator](tb)(c.Build(context.Background(), cpu)).(io.Closer)
	})
	op := must[ops.Operator](tb)(c.Build(context.Background(), env))
	tb.Cleanup(func() {
		if err := op.(io.Closer).Close(); err != nil {
			tb.Error(err)
		}
	})
	return op
}

var cpu = ops.Env{Devices: devices("cpu"), Threads: 2}

func devices(s string) device.List {
	all, err := device.ParseList(s)
	if err != nil {
		panic(err)
	}
	return all
}

// apply restores p and closes it.
func apply(tb testing.TB, op ops.Operator, p *vips.Image) *vips.Image {
	tb.Helper()
	defer p.Close()
	out := must[ops.Image](tb)(op.Apply(tb.Context(), []ops.Image{{Pixels: p}}))
	tb.Cleanup(out.Close)
	return out.Pixels
}

// crop is a part of the clean photo.
func crop(tb testing.TB, x, y, w, h int) *vips.Image {
	tb.Helper()
	whole := must[*vips.Image](tb)(vips.Open(original, vips.Random))
	defer whole.Close()
	return must[*vips.Image](tb)(whole.Do("extract_area", vips.Args{"left": x, "top": y, "width": w, "height": h}))
}

// compressed saves p as a JPEG and opens that.
func compressed(tb testing.TB, p *vips.Image, quality int, access vips.Access) *vips.Image {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "photo.jpg")
	if err := p.Save("jpegsave", path, vips.Args{"Q": quality}); err != nil {
		tb.Fatal(err)
	}
	return must[*vips.Image](tb)(vips.Open(path, access))
}

func values(tb testing.TB, p *vips.Image) []byte {
	tb.Helper()
	return must[[]byte](tb)(p.Pixels())
}

func psnr(tb testing.TB, a, b []byte) float64 {
	tb.Helper()
	if len(a) != len(b) {
		tb.Fatalf("%d and %d values", len(a), len(b))
	}
	var sum float64
	for i, v := range a {
		d := float64(v) - float64(b[i])
		sum += d * d
	}
	return 10 * math.Log10(255*255*float64(len(a))/sum)
}

// gap is the largest and the mean difference.
func gap(a, b []byte) (most int, mean float64) {
	sum := 0
	for i, v := range a {
		d := int(v) - int(b[i])
		d = max(d, -d)
		sum, most = sum+d, max(most, d)
	}
	return most, float64(sum) / float64(len(a))
}

// compressed2 is compressed, closed after the test.
func compressed2(tb testing.TB, p *vips.Image, quality int) *vips.Image {
	tb.Helper()
	out := compressed(tb, p, quality, vips.Random)
	tb.Cleanup(out.Close)
	return out
}
