package onnx_test

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/burnish-photo/burnish/ops/device"
	"github.com/burnish-photo/burnish/ops/network/onnx"
	"github.com/burnish-photo/burnish/ops/network/onnx/onnxtest"
)

func TestMain(m *testing.M) {
	code := onnxtest.Run(m)
	if err := goleak.Find(); err != nil && code == 0 {
		println(err.Error())
		code = 1
	}
	os.Exit(code)
}

func fixture(name string) string { return filepath.Join("testdata", name+".onnx") }

// open opens a fixture on the CPU and closes it after the test.
func open(t testing.TB, name string) *onnx.Model {
	t.Helper()
	onnxtest.Need(t)
	m, err := onnx.Open(fixture(name), onnx.Options{Device: device.CPU, Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

func ramp(n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(i%251+1) / 252
	}
	return v
}

func TestRun(t *testing.T) {
	m := open(t, "identity")
	if m.Device().Kind != "cpu" || m.Fallback() != "" {
		t.Errorf("device %q, fallback %q", m.Device(), m.Fallback())
	}
	for _, s := range [][3]int{{1, 8, 8}, {2, 16, 8}, {3, 64, 64}} {
		in := ramp(s[0] * 3 * s[1] * s[2])
		out := make([]float32, len(in))
		if err := m.Run(t.Context(), in, s[0], s[1], s[2], out); err != nil {
			t.Fatal(err)
		}
		for i := range in {
			if math.Abs(float64(in[i]-out[i])) > 1e-6 {
				t.Fatalf("%v: value %d became %v, was %v", s, i, out[i], in[i])
			}
		}
	}
}

func TestRunRefuses(t *testing.T) {
	m := open(t, "identity")
	for _, c := range []struct {
		n, h, w, in, out int
		want             string
	}{
		{1, 12, 8, 288, 288, "multiples of 8"},
		{0, 8, 8, 0, 0, "0×3×8×8"},
		{1, 8, 8, 191, 192, "191 values in"},
		{1, 8, 8, 192, 193, "193 out"},
	} {
		err := m.Run(t.Context(), make([]float32, c.in), c.n, c.h, c.w, make([]float32, c.out))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: got %v", c, err)
		}
	}
}

func TestNotFinite(t *testing.T) {
	m := open(t, "nan")
	in := ramp(192)
	if err := m.Run(t.Context(), in, 1, 8, 8, make([]float32, 192)); err != nil {
		t.Fatal(err)
	}
	in[17] = 0
	err := m.Run(t.Context(), in, 1, 8, 8, make([]float32, 192))
	if !errors.Is(err, onnx.ErrNotFinite) || !strings.Contains(err.Error(), "value 17") {
		t.Errorf("got %v", err)
	}
}

// TestFailingRun needs a model that opens and then cannot run.
func TestFailingRun(t *testing.T) {
	m := open(t, "fixed")
	err := m.Run(t.Context(), ramp(768), 1, 16, 16, make([]float32, 768))
	if err == nil || !strings.Contains(err.Error(), "fixed.onnx on cpu") {
		t.Errorf("got %v", err)
	}
	if err := m.Run(t.Context(), ramp(192), 1, 8, 8, make([]float32, 192)); err != nil {
		t.Errorf("after a failed run: %v", err)
	}
}

func TestCancel(t *testing.T) {
	m := open(t, "slow")
	const side = 512
	in, out := ramp(3*side*side), make([]float32, 3*side*side)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	start := time.Now()
	err := m.Run(ctx, in, 1, side, side, out)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("after %v: got %v", time.Since(start), err)
	}
	if err := m.Run(ctx, in[:192], 1, 8, 8, out[:192]); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a run was begun after the end: %v", err)
	}
	if err := m.Run(t.Context(), in[:192], 1, 8, 8, out[:192]); err != nil {
		t.Errorf("after a cancelled run: %v", err)
	}
}

func TestConcurrentRunsAndClose(t *testing.T) {
	m := open(t, "identity")
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			in, out := ramp(3*16*(8+8*g)), make([]float32, 3*16*(8+8*g))
			for range 50 {
				if err := m.Run(t.Context(), in, 1, 16, 8+8*g, out); err != nil {
					if !strings.Contains(err.Error(), "closed") {
						t.Error(err)
					}
					return
				}
			}
		})
	}
	time.Sleep(2 * time.Millisecond)
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	wg.Wait()
	if err := m.Close(); err != nil {
		t.Errorf("closing twice: %v", err)
	}
}

// TestBundledModel runs the model that ships: alone and in a batch it
// must answer alike.
func TestBundledModel(t *testing.T) {
	onnxtest.Need(t)
	path := filepath.Join("..", "..", "promptcir", "models", "lite.onnx")
	if _, err := os.Stat(path); err != nil {
		t.Skip("no bundled model: ", err)
	}
	m, err := onnx.Open(path, onnx.Options{Device: device.CPU, Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	c := m.Contract()
	if c.Name != "lite" || c.Tile%c.Multiple != 0 || c.Parameters == 0 || c.Licence == "" || len(c.Weights) != 64 {
		t.Errorf("contract %+v", c)
	}
	k := 2 * c.Multiple
	size := 3 * k * k
	in, one, two := ramp(2*size), make([]float32, size), make([]float32, 2*size)
	if err := m.Run(t.Context(), in[:size], 1, k, k, one); err != nil {
		t.Fatal(err)
	}
	if err := m.Run(t.Context(), in, 2, k, k, two); err != nil {
		t.Fatal(err)
	}
	for i, v := range one {
		if math.Abs(float64(v-two[i])) > 1e-5 {
			t.Fatalf("value %d is %v alone, %v in a batch", i, v, two[i])
		}
	}
}

// TestMemory opens, runs and closes often: what the process holds must not grow
// with it. A session left open would leave 100 times its working memory of more
// than a megabyte, a tensor left in each of 200,000 runs some 12 MB in all; the
// allocator's own ups and downs stay below.
func TestMemory(t *testing.T) {
	onnxtest.Need(t)
	if testing.Short() || raced() {
		t.Skip("takes seconds, and the race detector's own memory blurs it")
	}
	grown := func(f func(), warm, times int) int {
		for range warm {
			f()
		}
		before := resident(t)
		for range times {
			f()
		}
		return (resident(t) - before) >> 20
	}
	in, out := ramp(3*256*256), make([]float32, 3*256*256)
	run := func(m *onnx.Model, side int) {
		if err := m.Run(t.Context(), in[:3*side*side], 1, side, side, out[:3*side*side]); err != nil {
			t.Fatal(err)
		}
	}
	if mb := grown(func() {
		m, err := onnx.Open(fixture("identity"), onnx.Options{Threads: 2})
		if err != nil {
			t.Fatal(err)
		}
		run(m, 256)
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
	}, 50, 100); mb > 40 {
		t.Errorf("100 sessions left %d MB behind", mb)
	}
	m := open(t, "identity")
	if mb := grown(func() { run(m, 8) }, 20_000, 200_000); mb > 5 {
		t.Errorf("200,000 runs left %d MB behind", mb)
	}
}

// raced reports whether the race detector is on.
func raced() bool {
	info, _ := debug.ReadBuildInfo()
	return info != nil && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

func TestPeak(t *testing.T) {
	onnxtest.Need(t)
	peak, err := onnx.Peak(t.Context(), 1)
	if err != nil || peak < 1e7 || peak > 1e13 {
		t.Errorf("%g multiply-accumulates a second, %v", peak, err)
	}
	t.Logf("%.1f GMAC/s on one thread", peak/1e9)
}
