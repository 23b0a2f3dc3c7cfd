package step_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/network/onnx"
	"github.com/burnish-photo/burnish/ops/network/onnx/onnxtest"
	"github.com/burnish-photo/burnish/ops/network/probe"
	"github.com/burnish-photo/burnish/ops/vips"
)

// TestRefuses opens files that are no network for photos, or hostile: each is refused
// in words for whoever has the file.
func TestRefuses(t *testing.T) {
	for file, want := range map[string]string{
		"two_images":        "has 2 image inputs",
		"no_image":          "must have four dimensions",
		"classifier":        "no image: burnish runs networks that make an image of an image",
		"video":             "five dimensions, as for video",
		"latent":            "4 channels: burnish gives 1 or 3",
		"text":              "holds string",
		"doubles":           "holds float64",
		"huge":              "like its image in no range",
		"custom":            "operator com.example:Sharpen, which ONNX Runtime",
		"future":            "export it with opset 17",
		"stretched":         "burnish needs 1 to 8 times the width",
		"allocates":         "makes a tensor of 2147 million numbers",
		"external_above":    "must lie in the folder of the model",
		"external_absolute": "must lie in the folder of the model",
		"external_memory":   "no such file",
		"external_short":    "truncated",
	} {
		t.Run(file, func(t *testing.T) {
			_, err := build(t, env(t), "{model: ./hostile_"+file+".onnx}")
			if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "hostile_"+file+".onnx") {
				t.Errorf("got %v, want %q", err, want)
			}
		})
	}
}

// A graph that never ends is stopped, and the process goes on.
func TestEndlessGraph(t *testing.T) {
	onnxtest.Need(t)
	data, err := os.ReadFile("testdata/hostile_endless.onnx")
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	_, err = probe.Resolve(t.Context(), "endless.onnx", data, nil, probe.Options{Threads: 1, Limit: time.Second})
	if err == nil || !strings.Contains(err.Error(), "a loop that never ends") || time.Since(began) > 30*time.Second {
		t.Errorf("%v after %v", err, time.Since(began))
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if _, err = probe.Resolve(ctx, "endless.onnx", data, nil, probe.Options{Threads: 1}); err == nil || time.Since(began) > 60*time.Second {
		t.Errorf("a graph that was given up: %v after %v", err, time.Since(began))
	}
	if _, err := build(t, env(t), "{model: ./compact_x2.onnx}"); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// A network that misbehaves later gives no photo.
func TestRejectsAnswers(t *testing.T) {
	op, err := build(t, env(t), "{model: ./hostile_later_black.onnx, tile: 256}")
	if err != nil {
		t.Fatal(err)
	}
	small, err := vips.Open("testdata/photo.png", vips.Random)
	if err != nil {
		t.Fatal(err)
	}
	defer small.Close()
	wide, err := small.Do("replicate", vips.Args{"across": 2, "down": 2})
	if err != nil {
		t.Fatal(err)
	}
	defer wide.Close()
	out, notes := answer(t, op, ops.Image{Pixels: wide})
	if most, _ := gap(pixels(t, out), pixels(t, wide)); most > 0 || !strings.Contains(notes["fallback_used"], "tiles of 1") {
		t.Errorf("%d steps off, notes %v", most, notes)
	}
	// What is declared wrongly is found at the first tile.
	for text, want := range map[string]string{
		"{model: ./hostile_doubled.onnx, scale: 1, multiple: 1, range: [0, 1], halo: 16}": "its scale, layout or multiple is another than declared",
		"{model: ./bytes.onnx, range: [0, 1]}":                                            "moved the mean",
		"{model: ./sevenths.onnx, scale: 1, multiple: 8, range: [0, 1], halo: 16}":        "sevenths",
		"{model: ./compact_x4.onnx, output_range: [0, 4], range: [0, 1], scale: 4}":       "moved the mean",
	} {
		op, err := build(t, env(t), text)
		if err == nil {
			var out ops.Image
			if out, err = op.Apply(t.Context(), []ops.Image{{Pixels: open(t, "testdata/photo.png")}}); err == nil {
				_, err = out.Pixels.Pixels()
				out.Close()
			}
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}

// A model that is replaced while it is open stays what it was; weights beside it are
// part of its digest, and a link may lead to a store of models but no further.
func TestReplacedFiles(t *testing.T) {
	folder := t.TempDir()
	copyFile := func(from, to string) {
		data, err := os.ReadFile("testdata/" + from)
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, to), data, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	copyFile("hostile_external_beside.onnx", "net.onnx")
	copyFile("hostile_weights.bin", "hostile_weights.bin")
	e := env(t)
	e.Folder = folder
	const text = "{model: ./net.onnx, range: [0, 1], scale: 1, multiple: 1, halo: 16}"
	op, err := build(t, e, text)
	if err != nil {
		t.Fatal(err)
	}
	weights := filepath.Join(folder, "hostile_weights.bin")
	before, err := onnx.Load(filepath.Join(folder, "net.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(weights, make([]byte, 36), 0o644); err != nil {
		t.Fatal(err)
	}
	out, _ := answer(t, op, ops.Image{Pixels: open(t, "testdata/photo.png")})
	if most, _ := gap(pixels(t, out), pixels(t, open(t, "testdata/photo.png"))); most > 0 {
		t.Errorf("the open model changed by %d steps", most)
	}
	after, err := onnx.Load(filepath.Join(folder, "net.onnx"))
	if err != nil || string(before) == string(after) {
		t.Errorf("other weights have the same digest; %v", err)
	}
	other, err := build(t, e, text)
	if err != nil {
		t.Fatal(err)
	}
	print := func(op ops.Operator) string { return op.(ops.BuildFingerprinter).BuildFingerprint() }
	if print(op) == print(other) {
		t.Error("other weights have the same fingerprint")
	}
	if err := os.Remove(weights); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/etc/hostname", weights); err != nil {
		t.Fatal(err)
	}
	if _, err := build(t, e, text); err == nil || !strings.Contains(err.Error(), "outside of the folder") {
		t.Errorf("weights by a link: %v", err)
	}
}
