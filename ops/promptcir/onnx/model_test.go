package onnx_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/burnish-photo/burnish/ops/promptcir/onnx"
	"github.com/burnish-photo/burnish/ops/promptcir/onnx/onnxtest"
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
	m, err := onnx.Open(fixture(name), onnx.Options{Device: "cpu", Threads: 1})
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

func TestContract(t *testing.T) {
	c, err := onnx.Inspect(fixture("identity"))
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Digest) != 64 {
		t.Errorf("digest %q", c.Digest)
	}
	c.Digest = ""
	want := onnx.Contract{
		Name: "identity", Version: "0.1", Multiple: 8, Tile: 64, Halo: 8, RangeHigh: 1, Colour: "sRGB",
		QF: [2]int{10, 70}, Parameters: 9, Weights: strings.Repeat("0", 64), Licence: "CC0-1.0", Credits: "nobody",
	}
	if c != want {
		t.Errorf("got  %+v\nwant %+v", c, want)
	}
}

func TestModelsRefused(t *testing.T) {
	for name, want := range map[string][]string{
		"bare":       {"testdata/bare.onnx", "python -m model.export"},
		"future":     {`version "2"`, "update Burnish"},
		"faulty":     {`multiple is "eight"`, `halo is "-1"`, `range is "1,0"`, `colour is "Rec.2020"`},
		"two_inputs": {"2 inputs and 1 outputs"},
		"half":       {"x has element type 10", "float32"},
		"absent":     {"testdata/absent.onnx", "no such file"},
	} {
		_, err := onnx.Inspect(fixture(name))
		if err == nil {
			t.Errorf("%s was accepted", name)
			continue
		}
		for _, w := range want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: %q is not in %q", name, w, err)
			}
		}
	}
}

func TestGarbageRefused(t *testing.T) {
	good, err := os.ReadFile(fixture("identity"))
	if err != nil {
		t.Fatal(err)
	}
	for n := range len(good) * 3 / 5 { // what follows is metadata that a model may lack
		if _, err := onnx.InspectBytes("cut", good[:n]); err == nil {
			t.Errorf("the first %d bytes of %d were accepted", n, len(good))
		}
	}
	if _, err := onnx.InspectBytes("text", []byte("this is no model")); err == nil {
		t.Error("text was accepted")
	}
}

func FuzzInspect(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.onnx")
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := onnx.InspectBytes("fuzz", data)
		if err == nil && (c.Multiple < 1 || c.Halo < 0 || c.RangeLow >= c.RangeHigh) {
			t.Errorf("accepted %+v", c)
		}
	})
}

func TestRun(t *testing.T) {
	m := open(t, "identity")
	if m.Device() != "cpu" || m.Fallback() != "" {
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
	path := filepath.Join("..", "models", "lite.onnx")
	if _, err := os.Stat(path); err != nil {
		t.Skip("no bundled model: ", err)
	}
	m, err := onnx.Open(path, onnx.Options{Device: "cpu", Threads: 1})
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

// TestGPU can only show the clean failure where there is no GPU: the path on
// which a GPU opens and agrees with the CPU has not been run by this test.
func TestGPU(t *testing.T) {
	onnxtest.Need(t)
	for _, device := range []string{"auto", "", "cuda", "cuda:1", "tensorrt"} {
		var log bytes.Buffer
		o := onnx.Options{Device: device, Log: slog.New(slog.NewTextHandler(&log, nil))}
		m, err := onnx.Open(fixture("identity"), o)
		if err != nil {
			t.Fatalf("%s: %v", device, err)
		}
		if m.Device() != "cpu" {
			t.Skipf("this machine has %s", m.Device())
		}
		if m.Fallback() == "" || strings.Count(log.String(), "running on the CPU") != 1 {
			t.Errorf("%s: fallback %q, log %q", device, m.Fallback(), log.String())
		}
		if err := m.Run(t.Context(), ramp(192), 1, 8, 8, make([]float32, 192)); err != nil {
			t.Errorf("%s: %v", device, err)
		}
		m.Close()
	}
	_, err := onnx.Open(fixture("identity"), onnx.Options{Device: "cuda:1", Require: true})
	var de *onnx.DeviceError
	if !errors.As(err, &de) || de.Device != "cuda:1" || de.Cause.Remedy == "" {
		t.Errorf("required: %v", err)
	}
	t.Log(err)
	if _, err := onnx.Open(fixture("identity"), onnx.Options{Device: "gpu"}); err == nil {
		t.Error("device gpu was accepted")
	}
}

func TestRegisterProvider(t *testing.T) {
	onnxtest.Need(t)
	err := onnx.RegisterProvider("cuda", "testdata/absent.so")
	if err == nil || !strings.Contains(err.Error(), "restore.runtime.providers") {
		t.Errorf("got %v", err)
	}
}

func TestProviders(t *testing.T) {
	onnxtest.Need(t)
	if p := onnx.Providers(); len(p) == 0 || p[len(p)-1] != "CPUExecutionProvider" {
		t.Errorf("got %v", p)
	}
	if onnx.Version() == "" || !filepath.IsAbs(onnx.Library()) {
		t.Errorf("version %q, library %q", onnx.Version(), onnx.Library())
	}
	if _, err := onnx.Start(""); err == nil || !strings.Contains(err.Error(), "already") {
		t.Errorf("started twice: %v", err)
	}
}

// TestMemory opens, runs and closes often: what the process holds must not grow
// with it. A session left open would leave 100 times its working memory of more
// than a megabyte, a value left in a run 20,000 times some hundred bytes; the
// allocator's own ups and downs stay below.
func TestMemory(t *testing.T) {
	onnxtest.Need(t)
	if testing.Short() {
		t.Skip("takes seconds")
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
	if mb := grown(func() { run(m, 8) }, 1000, 20000); mb > 4 {
		t.Errorf("20,000 runs left %d MB behind", mb)
	}
}
