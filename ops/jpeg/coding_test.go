package jpeg

import (
	"bytes"
	"os"
	"testing"
)

func TestCoding(t *testing.T) {
	frame := func(marker, bits byte) []byte {
		return []byte{0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2, 0xff, marker, 0, 11, bits, 0, 8, 0, 8, 1, 1, 0x11, 0}
	}
	for want, files := range map[string][][]byte{
		"":                 {frame(0xc0, 8), frame(0xc1, 8), frame(0xc2, 8), nil, []byte("no JPEG"), frame(0xc0, 8)[:9]},
		"12-bit":           {frame(0xc1, 12), frame(0xc2, 12)},
		"arithmetic-coded": {frame(0xc9, 8), frame(0xca, 8)},
		"lossless":         {frame(0xc3, 8), frame(0xc3, 16), frame(0xcb, 8)},
		"hierarchical":     {frame(0xc5, 8), frame(0xde, 8)},
		"JPEG-LS":          {frame(0xf7, 8)},
	} {
		for _, file := range files {
			if got := Coding(bytes.NewReader(file)); got != want {
				t.Errorf("% x is %q, want %q", file, got, want)
			}
		}
	}
	photo, err := os.ReadFile("../../packaging/demo/photos/dune-q10.jpg")
	if err != nil {
		t.Fatal(err)
	}
	if got := Coding(bytes.NewReader(photo)); got != "" {
		t.Errorf("a usual photo is %q", got)
	}
}
