package step_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/device"
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/ops/network/onnx/onnxtest"
	"github.com/burnish-photo/burnish/ops/network/step"
	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/ops/vips/vipstest"
)

func TestMain(m *testing.M) {
	os.Exit(vipstest.Run(func() int { return onnxtest.Run(m) }))
}

// config reads a step's parameters as a configuration does.
func config(text string) (*step.Config, error) {
	c := step.Spec().Config().(*step.Config)
	node, err := diag.Parse("test.yaml", []byte(text))
	if err != nil {
		return c, err
	}
	faults := diag.Decode(node, c)
	if len(faults) == 0 {
		faults = diag.Validate(node, c)
	}
	return c, faults.Err()
}

func env(t testing.TB) ops.Env {
	folder, err := filepath.Abs("testdata")
	if err != nil {
		t.Fatal(err)
	}
	cpu, _ := device.ParseList("cpu")
	return ops.Env{Folder: folder, Devices: cpu, Threads: 2}
}

// build makes the operator of a step.
func build(t testing.TB, e ops.Env, text string) (ops.Operator, error) {
	t.Helper()
	onnxtest.Need(t)
	c, err := config(text)
	if err != nil {
		return nil, err
	}
	op, err := c.Build(t.Context(), e)
	if err == nil {
		t.Cleanup(func() { _ = op.(interface{ Close() error }).Close() })
	}
	return op, err
}

func open(t testing.TB, path string) *vips.Image {
	t.Helper()
	p, err := vips.Open(path, vips.Sequential)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// answer is what a step makes of an image.
func answer(t testing.TB, op ops.Operator, in ops.Image) (*vips.Image, map[string]string) {
	t.Helper()
	var notes ops.Notes
	out, err := op.Apply(ops.WithNotes(t.Context(), &notes), []ops.Image{in})
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	made, err := out.Pixels.Materialise(t.Context(), 1<<30, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(made.Close)
	return made, notes.All()
}

func pixels(t testing.TB, p *vips.Image) []byte {
	t.Helper()
	all, err := p.Pixels()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestAsPyTorch compares networks of other authors with what PyTorch answers: in one
// tile the same but for rounding, in small tiles nearly so.
func TestAsPyTorch(t *testing.T) {
	for _, c := range []struct {
		name, more, want string
		tiled            int // how far tiles may be off, in steps of 255
	}{
		{"compact_x2", "", "compact_x2", 2},
		{"compact_x2_half", "", "compact_x2", 2},
		{"compact_x2_fixed", "", "compact_x2", 2}, // of 76×60 pixels
		{"compact_x4", "", "compact_x4", 2},
		{"espcn_x2", "range: [0, 1]", "espcn_x2", 2},
		{"bytes", "channels: bgr", "bytes", 2},
		{"signed", "range: [-1, 1]", "bytes", 2},
		{"swinir", "range: [0, 1], drift: 0.5", "swinir", 2},
		{"fbcnn", "values: {qf: 0.6}", "fbcnn", 8}, // it averages over the tile
		{"sevenths", "", "photo", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, tile := range []int{0, 96} {
				if tile > 0 && c.name == "compact_x2_fixed" {
					continue
				}
				parts := []string{"model: ./" + c.name + ".onnx", "grid: upright"}
				if c.more != "" {
					parts = append(parts, c.more)
				}
				allowed := 1
				if strings.HasSuffix(c.name, "_fixed") {
					allowed = c.tiled
				}
				if tile > 0 {
					parts, allowed = append(parts, fmt.Sprintf("tile: %d", tile)), max(c.tiled, 1)
				}
				op, err := build(t, env(t), "{"+strings.Join(parts, ", ")+"}")
				if err != nil {
					t.Fatal(err)
				}
				out, _ := answer(t, op, ops.Image{Pixels: open(t, "testdata/photo.png")})
				want := open(t, "testdata/"+c.want+".png")
				if out.Width() != want.Width() || out.Height() != want.Height() || out.Bands() != 3 {
					t.Fatalf("%d×%d pixels of %d bands, want %d×%d", out.Width(), out.Height(), out.Bands(), want.Width(), want.Height())
				}
				most, sum := gap(pixels(t, out), pixels(t, want))
				t.Logf("tile %d: %d steps at most, %.4f on average", tile, most, sum)
				if most > allowed {
					t.Errorf("tile %d: %d steps of 255 from PyTorch, at most %d are allowed", tile, most, allowed)
				}
			}
		})
	}
}

func gap(a, b []byte) (most int, mean float64) {
	for i := range a {
		d := max(int(a[i])-int(b[i]), int(b[i])-int(a[i]))
		most, mean = max(most, d), mean+float64(d)
	}
	return most, mean / float64(len(a))
}
