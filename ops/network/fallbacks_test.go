package network

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/ops/device"
	"github.com/burnish-photo/burnish/ops/network/onnx"
	"github.com/burnish-photo/burnish/ops/network/onnx/onnxtest"
	"github.com/burnish-photo/burnish/ops/network/tile"
	"github.com/burnish-photo/burnish/ops/promptcir/models"
)

// opening returns what opens a fixture on the CPU.
func opening(t *testing.T, name string) func() (*session, error) {
	t.Helper()
	onnxtest.Need(t)
	path := "../network/onnx/testdata/" + name + ".onnx"
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return func() (*session, error) {
		return acquire(Model{Name: path, Path: path, Data: data}, name, 1, onnx.Options{Device: device.CPU, Threads: 1}, false)
	}
}

func pairOf(w, h int) (in, out tile.Planar) {
	r := tile.Rect{X: 80, Y: 48, W: w, H: h}
	in, out = tile.NewPlanar(r), tile.NewPlanar(r)
	for i := range in.Pix {
		in.Pix[i] = float32(i*7919%1000) / 1000
	}
	return in, out
}

// same tells where out is not in.
func same(t *testing.T, in, out tile.Planar) {
	t.Helper()
	for i, v := range in.Pix {
		if d := out.Pix[i] - v; d > 1e-6 || d < -1e-6 {
			t.Fatalf("value %d is %v, was %v", i, out.Pix[i], v)
		}
	}
}

var layout128 = tile.Fit(128, 8, 16, 8)

func TestFallbacks(t *testing.T) {
	nowhere := func() (*session, error) { return nil, errors.New("the device is gone") }
	for _, test := range []struct {
		name     string
		attempts []*attempt
		used     string
		why      []string
	}{
		{"nothing is wrong", []*attempt{{name: "a", open: opening(t, "identity")}}, "", nil},
		{"another precision", []*attempt{{name: "half", open: opening(t, "black")}, {name: "full", open: opening(t, "identity")}}, "full", []string{"moved the mean"}},
		{"a device that is gone", []*attempt{{name: "half", open: opening(t, "black")}, {name: "full", open: nowhere}, {name: "cpu", open: opening(t, "identity")}}, "cpu", []string{"moved the mean", "the device is gone"}},
		{"a shape that does not run", []*attempt{{name: "half", open: opening(t, "fixed")}, {name: "cpu", open: opening(t, "identity")}}, "cpu", []string{"fixed.onnx on cpu"}},
		{"broken at one size", []*attempt{
			{name: "large", open: opening(t, "black_at_128")},
			{name: "small", open: opening(t, "black_at_128"), layout: layout128.Smaller()[0]},
		}, "small", []string{"moved the mean"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := &fallbacks{attempts: test.attempts}
			in, out := pairOf(128, 96)
			used, why, err := l.restore(t.Context(), question{in: in, out: out, drift: blockShift})
			if err != nil || used != test.used {
				t.Fatalf("restored by %q, %v", used, err)
			}
			for _, text := range test.why {
				if !strings.Contains(why.Error(), text) {
					t.Errorf("%v lacks %q", why, text)
				}
			}
			same(t, in, out)
			if err := l.close(); err != nil {
				t.Error(err)
			}
			if _, _, err := l.restore(t.Context(), question{in: in, out: out, drift: blockShift}); err == nil {
				t.Error("it restores after it was closed")
			}
		})
	}
	if n := len(opened.sessions); n > 0 {
		t.Errorf("%d models stayed open", n)
	}
}

func TestFallbacksEnd(t *testing.T) {
	l := &fallbacks{attempts: []*attempt{{name: "cuda:0", open: opening(t, "black")}, {name: "the cpu", open: opening(t, "fixed")}}}
	defer l.close()
	in, out := pairOf(128, 96)
	_, _, err := l.restore(t.Context(), question{in: in, out: out, drift: blockShift})
	if err == nil || !strings.Contains(err.Error(), "moved the mean") || !strings.Contains(err.Error(), "tried as well: the cpu: ") || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := l.restore(ctx, question{in: in, out: out, drift: blockShift}); !errors.Is(err, context.Canceled) || strings.Contains(err.Error(), "tried") {
		t.Errorf("cancelled: %v", err)
	}
}

// A size that did not fit into memory is not tried again.
func TestFallbacksRememberMemory(t *testing.T) {
	tries := 0
	full := &attempt{name: "cuda:0", open: func() (*session, error) {
		tries++
		return nil, errors.New("CUDA failure 2: out of memory")
	}}
	l := &fallbacks{attempts: []*attempt{full, {name: "small", open: opening(t, "identity"), layout: layout128.Smaller()[0]}}}
	defer l.close()
	in, out := pairOf(128, 128)
	for i := range 2 {
		used, why, err := l.restore(t.Context(), question{in: in, out: out, drift: blockShift})
		if err != nil || used != "small" || (why == nil) != (i == 1) {
			t.Errorf("tile %d: restored by %q because of %v, %v", i, used, why, err)
		}
		same(t, in, out)
	}
	if tries != 1 || l.begin.Load() != 1 {
		t.Errorf("%d tries, begins with attempt %d", tries, l.begin.Load())
	}
}

func TestFallbacksOfTheCPU(t *testing.T) {
	model, err := opening(t, "identity")()
	if err != nil {
		t.Fatal(err)
	}
	l := newFallbacks(model, false, tile.Fit(512, 16, 16, 8), nil, onnx.Options{Device: device.CPU})
	var names []string
	for _, r := range l.attempts {
		names = append(names, r.name)
	}
	if got := strings.Join(names, "|"); got != "cpu|tiles of 256 pixels|tiles of 128 pixels|tiles of 80 pixels" {
		t.Errorf("attempts %s", got)
	}
	if err := l.close(); err != nil {
		t.Error(err)
	}
}

// The last resort of a model with fused kernels is its graph without fused kernels.
func TestLastFallbackOfTheCPU(t *testing.T) {
	onnxtest.Need(t)
	lite, ok := models.Open("lite")
	if !ok {
		t.Fatal("no bundled model")
	}
	reopen := func(o onnx.Options) (*session, error) {
		return acquire(Model{Name: "lite", Data: lite}, "lite", 1, o, false)
	}
	o := onnx.Options{Device: device.CPU, Threads: 1}
	model, err := reopen(o)
	if err != nil {
		t.Fatal(err)
	}
	if model.SelfTest().FusedBlocks == 0 {
		_ = model.release()
		t.Skip("this processor or system has no fused kernels: it needs Linux, and SSE4.2 or NEON")
	}
	l := newFallbacks(model, false, tile.Fit(384, 0, 32, 32), reopen, o)
	for _, r := range l.attempts[:len(l.attempts)-1] {
		r.once.Do(func() { r.err = errors.New("it misbehaves") })
		r.err = errors.New("it misbehaves")
	}
	in, out := pairOf(64, 64)
	used, why, err := l.restore(t.Context(), question{in: in, out: out, drift: blockShift})
	if err != nil || used != "the graph without fused kernels" || why == nil || l.attempts[len(l.attempts)-1].model.SelfTest().FusedBlocks != 0 {
		t.Errorf("restored by %q because of %v, %v", used, why, err)
	}
	if err := l.close(); err != nil {
		t.Error(err)
	}
}

func TestFallbacksAreLoggedOnce(t *testing.T) {
	var log strings.Builder
	var note string
	r := fallbackLog{log: slog.New(slog.NewTextHandler(&log, nil)), note: func(text string) { note = text }}
	for _, by := range []string{"small", "the cpu", "small"} {
		r.add(tile.Rect{W: 8, H: 8}, by, errors.New("black"))
	}
	if note != "2 of the tiles by small, 1 of the tiles by the cpu" || strings.Count(log.String(), "tile rejected, fallback used") != 1 {
		t.Errorf("note %q, log %q", note, log.String())
	}
}
