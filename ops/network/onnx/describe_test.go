package onnx

import (
	"os"
	"path/filepath"
	"testing"
)

// TestDescribe reads what a file says of itself.
func TestDescribe(t *testing.T) {
	data, err := os.ReadFile("testdata/slow.onnx")
	if err != nil {
		t.Fatal(err)
	}
	f, err := Describe("slow", data)
	if err != nil || f.Opset != 17 || f.Operators["Conv"] != 102 || len(f.Inputs) != 1 || !f.Inputs[0].Image() || f.Inputs[0].Number() || f.Bytes != len(data) {
		t.Errorf("%+v, %v", f, err)
	}
	if text := f.Outputs[0].String(); text != `"y" (float32, ?×3×?×?)` {
		t.Error(text)
	}
}

// TestPassChroma keeps colours: an answer that is the photo's own luma gives the photo.
func TestPassChroma(t *testing.T) {
	const w, h = 5, 4
	in := make([]float32, 3*w*h)
	for i := range in {
		in[i] = float32(i%7) / 7
	}
	k := codec{contract: Contract{RangeHigh: 1, Form: Form{Channels: Luma}}}
	numbers, out := make([]float32, w*h), make([]float32, len(in))
	k.encode(numbers, in, 1, w*h)
	k.decode(out, numbers, in, 1, h, w)
	for i, v := range in {
		if d := out[i] - v; d > 1e-6 || d < -1e-6 {
			t.Fatalf("value %d is %v, was %v", i, out[i], v)
		}
	}
}

// TestForms takes every form there and back.
func TestForms(t *testing.T) {
	const n, w, h = 2, 3, 2
	in := make([]float32, 3*n*w*h)
	for i := range in {
		in[i] = float32(i) / float32(len(in))
	}
	for name, c := range map[string]Contract{
		"0 to 255, BGR, NHWC": {RangeHigh: 255, Form: Form{NHWC: true, Channels: BGR}},
		"-1 to 1":             {RangeLow: -1, RangeHigh: 1},
		"normalised":          {RangeHigh: 1, Form: Form{Mean: [3]float32{0.485, 0.456, 0.406}, Deviation: [3]float32{0.229, 0.224, 0.225}}},
	} {
		k := codec{contract: c}
		numbers, out := make([]float32, len(in)), make([]float32, len(in))
		k.encode(numbers, in, n, w*h)
		k.decode(out, numbers, in, n, h, w)
		for i, v := range in {
			if d := out[i] - v; d > 1e-5 || d < -1e-5 {
				t.Fatalf("%s: value %d is %v, was %v", name, i, out[i], v)
			}
		}
		if c.Form.NHWC && (numbers[0] != in[2*w*h]*255 || numbers[2] != in[0]*255) {
			t.Errorf("%s: %v", name, numbers[:3])
		}
	}
}

// FuzzDescribe reads whatever bytes: nothing panics, and what is loaded is no other
// than the file unless weights lie beside it.
func FuzzDescribe(f *testing.F) {
	files, _ := filepath.Glob("../step/testdata/hostile_*.onnx") // the pattern is well formed
	for _, file := range files {
		if data, err := os.ReadFile(file); err == nil {
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		l := loader{model: filepath.Join(t.TempDir(), "m.onnx"), left: mostBytes}
		_, _ = l.message(data, wholeMessage, maxDepth)
		_ = allocations(data)
		if _, err := Describe("fuzz", data); err != nil {
			return
		}
		if g, err := readGraph(data); err == nil {
			_, _ = g.bind(Contract{RangeHigh: 1})
		}
	})
}
