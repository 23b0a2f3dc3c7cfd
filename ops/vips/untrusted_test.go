package vips

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// What libvips calls untrusted is out of reach, whatever asks for it, until it
// is allowed.
func TestUntrusted(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.svg")
	if err := os.WriteFile(path, []byte("<svg xmlns='http://www.w3.org/2000/svg' width='9' height='7'/>"), 0o600); err != nil {
		t.Fatal(err)
	}
	ppm := filepath.Join(dir, "a.ppm")
	if err := os.WriteFile(ppm, []byte("P5\n1 1\n255\nx"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path, Sequential); !errors.Is(err, ErrUnsupported) {
		t.Errorf("svg: %v", err)
	}
	for loader, file := range map[string]string{"svgload": path, "ppmload": ppm, "rawload": path, "csvload": path} {
		args := Args{"filename": file}
		if loader == "rawload" {
			args = Args{"filename": file, "width": 1, "height": 1, "bands": 1}
		}
		if out, err := Call(loader, args); err == nil {
			out.Close()
			t.Errorf("%s is not blocked", loader)
		}
	}
	all, err := Operations()
	if err != nil {
		t.Fatal(err)
	}
	if slices.ContainsFunc(all, func(o Operation) bool { return o.Name == "system" }) {
		t.Error("the shell is within reach")
	}
	Allow("ppm", "nonsense", "jpeg")
	h, err := ReadHeader(ppm)
	if err != nil || h.Format != "ppm" || h.Width != 1 {
		t.Errorf("allowed: %+v, %v", h, err)
	}
	if _, err := Open(path, Sequential); !errors.Is(err, ErrUnsupported) {
		t.Errorf("svg with another format allowed: %v", err)
	}
}

// A TIFF whose first picture is a preview is a camera's.
func TestCameraRaw(t *testing.T) {
	for kind, want := range map[uint32]string{0: "tiff", 1: "raw", 2: "tiff"} {
		var b bytes.Buffer
		b.WriteString("MM\x00*")
		for _, v := range []any{uint32(8), uint16(1), uint16(254), uint16(4), uint32(1), kind, uint32(0)} {
			binary.Write(&b, binary.BigEndian, v)
		}
		path := filepath.Join(t.TempDir(), "a.tif")
		if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := Sniff(path); got != want || err != nil {
			t.Errorf("subfile type %d: %q, %v; want %s", kind, got, err, want)
		}
	}
}
