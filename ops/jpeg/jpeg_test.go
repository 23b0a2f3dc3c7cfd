package jpeg_test

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"testing"

	stdjpeg "image/jpeg"

	"github.com/burnish-photo/burnish/ops/jpeg"
)

// Go's encoder writes the IJG's tables.
func TestQualityIsExactForStandardTables(t *testing.T) {
	img := image.NewRGBA(image.Rect(0, 0, 33, 17))
	for i := range img.Pix {
		img.Pix[i] = byte(i * 7)
	}
	for q := 1; q <= 100; q++ {
		var b bytes.Buffer
		if err := stdjpeg.Encode(&b, img, &stdjpeg.Options{Quality: q}); err != nil {
			t.Fatal(err)
		}
		info, err := jpeg.Read(&b)
		want := jpeg.Info{Width: 33, Height: 17, Components: 3, Precision: 8, Subsampling: "4:2:0", Quality: q, Exact: true}
		if err != nil || info != want {
			t.Errorf("got %+v, %v; want %+v", info, err, want)
		}
	}
}

func TestGray(t *testing.T) {
	img := image.NewGray(image.Rect(0, 0, 8, 8))
	img.Set(3, 3, color.White)
	var b bytes.Buffer
	if err := stdjpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	if info, err := jpeg.Read(&b); err != nil || info.Subsampling != "gray" || info.Components != 1 || info.Quality != 75 {
		t.Errorf("got %+v, %v", info, err)
	}
}

func TestRefusals(t *testing.T) {
	if _, err := jpeg.Read(bytes.NewReader([]byte("hello"))); !errors.Is(err, jpeg.ErrNotJPEG) {
		t.Errorf("got %v", err)
	}
	whole := demo(t)
	for n := 2; n < 600; n++ {
		if _, err := jpeg.Read(bytes.NewReader(whole[:n])); err == nil {
			t.Fatalf("the first %d bytes passed", n)
		}
	}
}

func demo(t testing.TB) []byte {
	t.Helper()
	whole, err := os.ReadFile("../../packaging/demo/photos/skyline-q30.jpg")
	if err != nil {
		t.Fatal(err)
	}
	return whole
}

func TestDemoPhotos(t *testing.T) {
	for name, want := range map[string]int{"osprey-q10": 10, "mountain-q20": 20, "skyline-q30": 30, "colosseum-q40": 40, "flowers-q20-q75": 75} {
		f, err := os.Open(filepath.Join("../../packaging/demo/photos", name+".jpg"))
		if err != nil {
			t.Fatal(err)
		}
		info, err := jpeg.Read(f)
		f.Close()
		if err != nil || info.Quality != want || !info.Exact {
			t.Errorf("%s: got %+v, %v; want quality %d", name, info, err, want)
		}
	}
}

// The wild photos' manifest gives the quality by other means, where it is
// known; tables that are not the IJG's agree within a few steps.
func TestWildPhotos(t *testing.T) {
	files, _ := filepath.Glob("../../../shared/data/wild/*.jpg")
	if len(files) == 0 {
		t.Skip("the wild photos are not here")
	}
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		info, err := jpeg.Read(f)
		f.Close()
		if err != nil || info.Quality < 1 || info.Quality > 100 || info.Width == 0 {
			t.Errorf("%s: got %+v, %v", name, info, err)
		}
		t.Logf("%-40s %+v", filepath.Base(name), info)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(demo(f)[:700])
	f.Add([]byte{0xff, 0xd8, 0xff, 0xdb, 0, 3, 0x10})
	f.Add([]byte{0xff, 0xd8, 0xff, 0xc0, 0, 11, 8, 0, 1, 0, 1, 1, 1, 0x11, 9, 0xff, 0xda})
	f.Fuzz(func(t *testing.T, data []byte) {
		info, err := jpeg.Read(bytes.NewReader(data))
		if err == nil && (info.Quality < 1 || info.Quality > 100 || info.Components < 1) {
			t.Errorf("%+v", info)
		}
	})
}
