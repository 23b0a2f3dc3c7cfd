package output

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin/output/metadata/container"
	"github.com/burnish-photo/burnish/plugin/output/metadata/exif"
)

// densityEXIF is an EXIF block that tells a density alone.
func densityEXIF(x, y uint32, unit byte) []byte {
	number := func(n uint32) []byte {
		return binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, n), 1)
	}
	return exif.Encode([]exif.Entry{
		{Dir: exif.IFD0, Tag: exif.Make, Type: 2, Count: 5, Value: []byte("ACME\x00")},
		{Dir: exif.IFD0, Tag: 0x11a, Type: 5, Count: 1, Value: number(x)},
		{Dir: exif.IFD0, Tag: 0x11b, Type: 5, Count: 1, Value: number(y)},
		{Dir: exif.IFD0, Tag: 0x128, Type: 3, Count: 1, Value: []byte{unit, 0}},
	}, binary.LittleEndian).Bytes()
}

// jpegWith is a JPEG with a JFIF density and an EXIF block.
func jpegWith(t *testing.T, unit byte, x, y uint16, block []byte) ops.Image {
	t.Helper()
	img := photo(t)
	path := filepath.Join(t.TempDir(), "dense.jpg")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := container.Write(img.Source.Path, path, "jpeg", container.Metadata{EXIF: block, Density: container.Density{X: 1, Y: 1}}); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(data[6:11], []byte("JFIF\x00")) {
		t.Fatalf("%v, no JFIF: % x", err, data[:18])
	}
	data[13] = unit
	binary.BigEndian.PutUint16(data[14:], x)
	binary.BigEndian.PutUint16(data[16:], y)
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return open(t, path)
}

// A photo's density stays, from every format to every other and back, whatever
// its size becomes (waifu2x#266).
func TestDensityStays(t *testing.T) {
	for _, test := range []struct {
		name string
		img  ops.Image
		x, y float64 // dpi; 0: none
	}{
		{"JFIF, inch", jpegWith(t, 1, 300, 300, nil), 300, 300},
		{"JFIF, cm", jpegWith(t, 2, 118, 118, nil), 299.7, 299.7},
		{"JFIF, two densities", jpegWith(t, 1, 300, 150, nil), 300, 150},
		{"JFIF against EXIF", jpegWith(t, 1, 300, 300, densityEXIF(72, 72, 2)), 300, 300},
		{"JFIF without a unit, EXIF", jpegWith(t, 0, 1, 1, densityEXIF(240, 240, 2)), 240, 240},
		{"EXIF, cm", jpegWith(t, 0, 1, 1, densityEXIF(100, 100, 3)), 254, 254},
		{"EXIF of zeros", jpegWith(t, 0, 1, 1, densityEXIF(0, 0, 2)), 0, 0},
		{"JFIF of zeros", jpegWith(t, 1, 0, 0, nil), 0, 0},
		{"none", jpegWith(t, 0, 1, 1, nil), 0, 0},
	} {
		small, err := test.img.Pixels.Do("resize", vips.Args{"scale": 0.5})
		if err != nil {
			t.Fatal(err)
		}
		defer small.Close()
		for _, format := range []string{"jpg", "png", "tif", "webp", "avif", "heic", "jxl"} {
			path, _, err := stage(t, test.img.With(small), "{path: a."+format+"}")
			if err != nil {
				t.Errorf("%s to %s: %v", test.name, format, err)
				continue
			}
			name, _ := FormatOf(format)
			got := container.ReadDensities(path, name)
			if strings.Contains(test.name, "against") && len(got) > 0 && format != "jpg" && format != "png" && format != "tif" {
				continue // EXIF stays as it was
			}
			if test.x == 0 {
				if len(got) > 0 && format == "jpg" {
					t.Errorf("%s to %s: %v of nothing", test.name, format, got)
				}
				continue
			}
			if len(got) == 0 || math.Abs(got[0].X-test.x) > 0.6 || math.Abs(got[0].Y-test.y) > 0.6 {
				t.Errorf("%s to %s: %v, want %g, %g", test.name, format, got, test.x, test.y)
				continue
			}
			back, _, err := stage(t, open(t, path), "{path: b.jpg}")
			if err != nil {
				t.Fatal(err)
			}
			if got := container.ReadDensities(back, "jpeg"); len(got) == 0 || math.Abs(got[0].X-test.x) > 0.6 || math.Abs(got[0].Y-test.y) > 0.6 {
				t.Errorf("%s to %s and back: %v, want %g, %g", test.name, format, got, test.x, test.y)
			}
		}
	}
}

// A step may set the density.
func TestDensityOfAStep(t *testing.T) {
	img := jpegWith(t, 1, 300, 300, nil)
	set, err := img.Pixels.Do("copy", vips.Args{"xres": 600 / 25.4, "yres": 600 / 25.4})
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	path, _, err := stage(t, img.With(set), "{path: a.jpg}")
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(container.ReadDensities(path, "jpeg")); got != "[{600 600}]" {
		t.Errorf("got %s", got)
	}
}
