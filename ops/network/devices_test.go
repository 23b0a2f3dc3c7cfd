package network_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/network"
)

// notesOf restores a crop and returns its pixels and what the result says.
func notesOf(t *testing.T, op ops.Operator, w, h int) (before, after []byte, notes map[string]string) {
	t.Helper()
	part := crop(t, 60, 70, w, h)
	defer part.Close()
	var n ops.Notes
	out := must[ops.Image](t)(op.Apply(ops.WithNotes(t.Context(), &n), []ops.Image{{Pixels: part}}))
	defer out.Close()
	return values(t, part), values(t, out.Pixels), n.All()
}

// The CPU is the one device that a test can count on: here as two.
func TestSeveralDevices(t *testing.T) {
	var log bytes.Buffer
	env := ops.Env{Devices: devices("CPUExecutionProvider, cpu"), Threads: 2, Require: true, Log: slog.New(slog.NewTextHandler(&log, nil))}
	op := build(t, fixture(t, "identity"), 128, env)
	before, after, notes := notesOf(t, op, 300, 260)
	if most := gap(before, after); most > 0 {
		t.Errorf("pixels moved by %d", most)
	}
	if notes["device"] != "CPUExecutionProvider:0, cpu" || strings.Count(notes["self_test"], "s/MP") != 2 || notes["fallback"] != "" {
		t.Errorf("notes %v", notes)
	}
}

// Where WebGPU finds a Vulkan driver, be it one that computes on the CPU, photos
// share that device and the CPU, and their tiles go there in batches.
func TestGraphicsDevice(t *testing.T) {
	op := build(t, fixture(t, "identity"), 128, ops.Env{Devices: devices("webgpu, cpu"), Threads: 1})
	for i := range 3 {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			t.Parallel()
			before, after, notes := notesOf(t, op, 300, 260)
			if notes["fallback"] != "" {
				t.Skip(notes["fallback"])
			}
			if most := gap(before, after); most > 1 || !strings.Contains(notes["self_test"], "WebGpuExecutionProvider") {
				t.Errorf("pixels moved by %d, notes %v", most, notes)
			}
		})
	}
}

func TestADeviceOfSeveralIsMissing(t *testing.T) {
	var log bytes.Buffer
	env := ops.Env{Devices: devices("openvino:3,cpu"), Threads: 2, Log: slog.New(slog.NewTextHandler(&log, nil))}
	op := build(t, fixture(t, "identity"), 128, env)
	_, _, notes := notesOf(t, op, 30, 30)
	if notes["device"] != "cpu" || !strings.Contains(notes["fallback"], "openvino:3") || strings.Count(log.String(), "device skipped") != 1 {
		t.Errorf("notes %v, log %s", notes, log.String())
	}
	env.Require = true
	if _, err := network.New(network.Options{Models: []network.Model{fixture(t, "identity")}, Tiling: network.Tiling{Size: 128}, Strength: 1}, env); err == nil || !strings.Contains(err.Error(), "built without the provider") {
		t.Errorf("required: %v", err)
	}
	env.Devices, env.Require = devices("openvino,qnn"), false
	op = build(t, fixture(t, "identity"), 128, env)
	if _, _, notes := notesOf(t, op, 30, 30); notes["device"] != "cpu" || !strings.Contains(notes["fallback"], "qnn:0") {
		t.Errorf("none of the devices: %v", notes)
	}
}

// A half-precision form that misbehaves is replaced by the model itself.
func TestHalfPrecisionMisbehaves(t *testing.T) {
	folder := t.TempDir()
	for name, fixture := range map[string]string{"mine": "identity", "mine-half": "black"} {
		data, err := os.ReadFile("onnx/testdata/" + fixture + ".onnx")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name+".onnx"), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	mine := func() network.Model {
		return must[network.Model](t)(network.Catalogue{}.Find("mine", ops.Env{Models: folder}))
	}
	op := build(t, mine(), 128, ops.Env{Devices: devices("CPUExecutionProvider"), Threads: 1})
	before, after, notes := notesOf(t, op, 100, 90)
	if most := gap(before, after); most > 0 || notes["fallback_used"] != "1 of the tiles by CPUExecutionProvider:0 in full precision" {
		t.Errorf("pixels moved by %d, notes %v", most, notes)
	}
	// On the CPU itself the half-precision form is not used.
	op = build(t, mine(), 128, ops.Env{Devices: devices("cpu"), Threads: 1})
	if _, _, notes := notesOf(t, op, 30, 30); notes["fallback_used"] != "" {
		t.Errorf("notes %v", notes)
	}
}
