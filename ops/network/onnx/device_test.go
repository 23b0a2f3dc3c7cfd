package onnx_test

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/ops/device"
	"github.com/burnish-photo/burnish/ops/network/onnx"
	"github.com/burnish-photo/burnish/ops/network/onnx/onnxtest"
)

func parsed(t *testing.T, name string) device.Device {
	t.Helper()
	d, err := device.Parse(name)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestGPU can only show the clean failure where there is no GPU: the path on
// which a GPU opens and agrees with the CPU has not been run by this test.
func TestGPU(t *testing.T) {
	onnxtest.Need(t)
	for _, device := range []string{"auto", "", "cuda", "cuda:1", "tensorrt"} {
		var log bytes.Buffer
		o := onnx.Options{Device: parsed(t, device), Log: slog.New(slog.NewTextHandler(&log, nil))}
		m, err := onnx.Open(fixture("identity"), o)
		if err != nil {
			t.Fatalf("%s: %v", device, err)
		}
		if m.Device().Kind != "cpu" {
			t.Skipf("this machine has %s", m.Device())
		}
		told := 1 // where a GPU was asked for
		if device == "auto" || device == "" {
			told = 0
		}
		if m.Fallback() == "" || strings.Count(log.String(), "running on the CPU") != told {
			t.Errorf("%s: fallback %q, log %q", device, m.Fallback(), log.String())
		}
		if err := m.Run(t.Context(), ramp(192), 1, 8, 8, make([]float32, 192)); err != nil {
			t.Errorf("%s: %v", device, err)
		}
		m.Close()
	}
	_, err := onnx.Open(fixture("identity"), onnx.Options{Device: parsed(t, "cuda:1"), Require: true})
	var de *onnx.DeviceError
	if !errors.As(err, &de) || de.Device != "cuda:1" || de.Cause.Remedy == "" {
		t.Errorf("required: %v", err)
	}
	t.Log(err)
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

// TestPluginDevice runs the whole path of a plug-in's device, known answer
// included, on the one device that every machine has: the CPU.
func TestPluginDevice(t *testing.T) {
	onnxtest.Need(t)
	var log bytes.Buffer
	m, err := onnx.Open(fixture("identity"), onnx.Options{
		Device: parsed(t, "CPUExecutionProvider"), Require: true, Threads: 1, Log: slog.New(slog.NewTextHandler(&log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if p := m.SelfTest(); m.Device().String() != "CPUExecutionProvider:0" || p.Provider != "CPUExecutionProvider" || p.SecondsPerMP <= 0 {
		t.Errorf("on %s, %+v", m.Device(), p)
	}
	if !strings.Contains(log.String(), "s/MP") {
		t.Errorf("log %q", log.String())
	}
	if err := m.Run(t.Context(), ramp(192), 1, 8, 8, make([]float32, 192)); err != nil {
		t.Error(err)
	}
}

func TestProof(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	p := open(t, "identity").SelfTest()
	// One convolution of 3×3 weights of one pixel; the runtime may fill channels up.
	if p.Provider != "CPUExecutionProvider" || p.SecondsPerMP <= 0 || p.MACs < 9 || p.MACs > 256 || p.MaxError != 0 {
		t.Errorf("%+v", p)
	}
	if p := open(t, "fixed").SelfTest(); p.SecondsPerMP != 0 || !strings.Contains(p.String(), "unknown") {
		t.Errorf("a model that does not answer: %+v", p)
	}
	if left, _ := filepath.Glob(filepath.Join(os.TempDir(), "burnish-profile-*")); len(left) > 0 {
		t.Errorf("profiles were left: %v", left)
	}
}

// Providers that are not there must say so, and be replaced where that is allowed; those that are
// there have to answer as the CPU does. A Vulkan driver that computes on the CPU, such as
// SwiftShader, makes webgpu one of them.
func TestOtherProviders(t *testing.T) {
	onnxtest.Need(t)
	for _, device := range []string{"openvino?device_type=GPU", "qnn", "FancyExecutionProvider", "webgpu"} {
		m, err := onnx.Open(fixture("identity"), onnx.Options{Device: parsed(t, device), Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		if m.Device().Kind != "cpu" {
			t.Logf("this machine has %s: %s", device, m.SelfTest())
			likeTheCPU(t, m)
			m.Close()
			continue
		}
		m.Close()
		t.Log(m.Fallback())
		_, err = onnx.Open(fixture("identity"), onnx.Options{Device: parsed(t, device), Require: true})
		var de *onnx.DeviceError
		if !errors.As(err, &de) || m.Fallback() == "" || de.Cause.Remedy == "" {
			t.Errorf("%s: %v, fallback %q", device, err, m.Fallback())
		}
	}
}

// likeTheCPU runs three tiles at a time, as photos' tiles are on a GPU.
func likeTheCPU(t *testing.T, m *onnx.Model) {
	t.Helper()
	if p := m.SelfTest(); p.Provider == "CPUExecutionProvider" || p.SecondsPerMP <= 0 {
		t.Errorf("%s is proven to be %+v", m.Device(), p)
	}
	const n, h, w = 3, 16, 24
	in, got, want := ramp(n*3*h*w), make([]float32, n*3*h*w), make([]float32, n*3*h*w)
	if err := m.Run(t.Context(), in, n, h, w, got); err != nil {
		t.Fatal(err)
	}
	if err := open(t, "identity").Run(t.Context(), in, n, h, w, want); err != nil {
		t.Fatal(err)
	}
	if d := farthest(got, want); d > 1e-3 {
		t.Errorf("%s differs from the CPU by %g", m.Device(), d)
	}
}
