package jpeg_test

import (
	"bytes"
	"image"
	"image/color"
	"testing"

	stdjpeg "image/jpeg"

	"github.com/burnish-photo/burnish/ops/jpeg"
)

// scene is a gray picture with slopes, edges and a little noise.
func scene(w, h int) *image.Gray {
	img := image.NewGray(image.Rect(0, 0, w, h))
	seed := uint32(1)
	for y := range h {
		for x := range w {
			seed = seed*1664525 + 1013904223
			v := 60 + x/4 + y/5 + int(seed>>28)/3
			if (x-w/2)*(x-w/2)+(y-h/2)*(y-h/2) < w*h/16 {
				v += 50
			}
			img.SetGray(x, y, color.Gray{Y: uint8(min(v, 255))})
		}
	}
	return img
}

func save(t *testing.T, img *image.Gray, quality int) *image.Gray {
	t.Helper()
	var b bytes.Buffer
	if err := stdjpeg.Encode(&b, img, &stdjpeg.Options{Quality: quality}); err != nil {
		t.Fatal(err)
	}
	decoded, err := stdjpeg.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	out := image.NewGray(decoded.Bounds())
	for y := range out.Rect.Dy() {
		for x := range out.Rect.Dx() {
			out.Set(x, y, decoded.At(x, y))
		}
	}
	return out
}

func crop(img *image.Gray, x, y int) *image.Gray {
	out := image.NewGray(image.Rect(0, 0, img.Rect.Dx()-x, img.Rect.Dy()-y))
	for v := range out.Rect.Dy() {
		for u := range out.Rect.Dx() {
			out.SetGray(u, v, img.GrayAt(u+x, v+y))
		}
	}
	return out
}

func blockiness(img *image.Gray) float64 {
	return jpeg.Blockiness(img.Pix, img.Rect.Dx(), img.Rect.Dy())
}

func TestBlockiness(t *testing.T) {
	clean := scene(320, 240)
	low := save(t, clean, 30)
	for _, test := range []struct {
		name       string
		img        *image.Gray
		from, upto float64
	}{
		{"clean", clean, 0, 0.25},
		{"quality 97", save(t, clean, 97), 0, 0.4},
		{"quality 30", low, 0.8, 50},
		{"saved again at 97", save(t, low, 97), 0.8, 50},
		{"cropped off the grid and saved again", save(t, crop(low, 3, 5), 97), 0.6, 50},
		{"too small to tell", scene(15, 300), 0, 0},
	} {
		if got := blockiness(test.img); got < test.from || got > test.upto {
			t.Errorf("%s: %.2f, want %g to %g", test.name, got, test.from, test.upto)
		}
	}
}

func BenchmarkBlockiness(b *testing.B) {
	img := scene(1024, 1024)
	b.SetBytes(int64(len(img.Pix)))
	for b.Loop() {
		blockiness(img)
	}
}
