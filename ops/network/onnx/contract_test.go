package onnx_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/ops/network/onnx"
)

func TestContract(t *testing.T) {
	c, err := inspectFile(fixture("identity"))
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Digest) != 64 {
		t.Errorf("digest %q", c.Digest)
	}
	if len(c.Computes) != 64 || c.Computes == c.Digest {
		t.Errorf("digest of what it computes %q", c.Computes)
	}
	c.Digest, c.Computes = "", ""
	want := onnx.Contract{
		Name: "identity", Version: "0.1", Multiple: 8, Tile: 64, Halo: 8, RangeHigh: 1, Colour: "sRGB",
		QF: [2]int{10, 70}, Parameters: 9, Weights: strings.Repeat("0", 64), Licence: "CC0-1.0", Credits: "nobody",
	}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got  %+v\nwant %+v", c, want)
	}
}

func inspectFile(path string) (onnx.Contract, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return onnx.Contract{}, err
	}
	return onnx.Inspect(path, data, nil)
}

// A file of another program carries no contract: the caller declares it.
func TestDeclaredContract(t *testing.T) {
	data, err := os.ReadFile(fixture("bare"))
	if err != nil {
		t.Fatal(err)
	}
	declared := onnx.Contract{Name: "theirs", Version: "1", Multiple: 4, Tile: 64, RangeHigh: 255}
	c, err := onnx.Inspect("bare", data, &declared)
	if err != nil || c.Name != "theirs" || c.RangeHigh != 255 || c.Computes == "" || declared.Computes != "" {
		t.Errorf("%+v, %v", c, err)
	}
	declared.Multiple = 0
	if _, err := onnx.Inspect("bare", data, &declared); err == nil || !strings.Contains(err.Error(), "multiple") {
		t.Errorf("a multiple of 0: %v", err)
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
		_, err := inspectFile(fixture(name))
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
		if _, err := onnx.Inspect("cut", good[:n], nil); err == nil {
			t.Errorf("the first %d bytes of %d were accepted", n, len(good))
		}
	}
	if _, err := onnx.Inspect("text", []byte("this is no model"), nil); err == nil {
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
		c, err := onnx.Inspect("fuzz", data, nil)
		if err == nil && (c.Multiple < 1 || c.Halo < 0 || c.RangeLow >= c.RangeHigh) {
			t.Errorf("accepted %+v", c)
		}
	})
}
