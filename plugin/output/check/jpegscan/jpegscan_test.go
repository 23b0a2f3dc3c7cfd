package jpegscan

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"os"
	"path/filepath"
	"testing"
	"testing/iotest"
)

// encoded is a JPEG of w×h with gradients, edges and noise.
func encoded(t testing.TB, w, h, quality int, gray bool) []byte {
	t.Helper()
	var out bytes.Buffer
	var img image.Image
	rgba := image.NewRGBA(image.Rect(0, 0, w, h))
	plain := image.NewGray(rgba.Bounds())
	seed := uint32(1)
	for y := range h {
		for x := range w {
			seed = seed*1664525 + 1013904223
			n := byte(seed >> 27)
			c := color.RGBA{byte(x*3) + n, byte(y*2) + n, byte((x/16+y/16)%2*150) + n, 255}
			rgba.SetRGBA(x, y, c)
			plain.SetGray(x, y, color.Gray{c.R})
		}
	}
	if img = rgba; gray {
		img = plain
	}
	if err := jpeg.Encode(&out, img, &jpeg.Options{Quality: quality}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestMeansAreThoseOfThePixels compares with another decoder's pixels. At the
// edges blocks hold more than the picture; they are left out.
func TestMeansAreThoseOfThePixels(t *testing.T) {
	for _, test := range []struct {
		w, h, quality, cell int
		gray                bool
	}{{160, 96, 90, 16, false}, {161, 99, 50, 32, false}, {160, 96, 90, 16, true}, {8, 8, 75, 16, true}, {333, 5, 20, 16, false}, {200, 200, 90, 48, false}} {
		file := encoded(t, test.w, test.h, test.quality, test.gray)
		p, err := Read(bytes.NewReader(file), test.cell)
		if err != nil {
			t.Errorf("%+v: %v", test, err)
			continue
		}
		if p.Width != test.w || p.Height != test.h || p.Columns != over(test.w, test.cell) || p.Rows != over(test.h, test.cell) || len(p.Values) != p.Columns*p.Rows*p.Bands {
			t.Fatalf("%+v: %d×%d in %d×%d cells", test, p.Width, p.Height, p.Columns, p.Rows)
		}
		if worst := distance(t, p, file, test.cell); worst > 5 { // decoders clip pixels, not means
			t.Errorf("%+v: a mean is off by %.1f", test, worst)
		}
	}
}

// distance is by how much the mean of a whole cell is off at the most, of 255.
func distance(t *testing.T, p LowPass, file []byte, cell int) (worst float64) {
	t.Helper()
	img, err := jpeg.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	for row := range p.Height / cell {
		for column := range p.Width / cell {
			var want [3]float64
			for i := range cell * cell {
				c := color.RGBAModel.Convert(img.At(column*cell+i%cell, row*cell+i/cell)).(color.RGBA)
				for b, v := range []byte{c.R, c.G, c.B} {
					want[b] += float64(v) / float64(cell*cell)
				}
			}
			for b := range p.Bands {
				got := float64(p.Values[(row*p.Columns+column)*p.Bands+b]) / 257
				worst = max(worst, math.Abs(got-want[b]))
			}
		}
	}
	return worst
}

// TestNothingMissingPasses cuts a file at every length.
func TestNothingMissingPasses(t *testing.T) {
	file := encoded(t, 70, 40, 60, false)
	scan := bytes.LastIndex(file, []byte{0xff, sos}) + 14
	passes := func(err error, n int) bool { return err == nil || n >= scan && errors.Is(err, ErrOther) }
	for n := range len(file) {
		if _, err := Read(bytes.NewReader(file[:n]), Unit); passes(err, n) {
			t.Fatalf("%d bytes of %d pass", n, len(file))
		}
		cut := append(bytes.Clone(file[:n]), 0xff, eoi) // as if it ended there
		if _, err := Read(bytes.NewReader(cut), Unit); passes(err, n) && n < len(file)-2 {
			t.Fatalf("%d bytes of %d and an end marker pass", n, len(file))
		}
	}
	if _, err := Read(iotest.OneByteReader(bytes.NewReader(append(file, "more"...))), Unit); err != nil {
		t.Errorf("with something behind it: %v", err)
	}
}

// TestHarmIsSeen changes and swaps bytes of the coded data: what another
// decoder refuses is refused here.
func TestHarmIsSeen(t *testing.T) {
	file := encoded(t, 70, 40, 60, false)
	scan := bytes.LastIndex(file, []byte{0xff, sos}) + 14
	refused, seen := 0, 0
	for at := scan; at < len(file)-2; at++ {
		for _, with := range []byte{0x00, 0xff, file[at] ^ 0x10, file[at] ^ 0x01} {
			bad := bytes.Clone(file)
			bad[at] = with
			_, err := Read(bytes.NewReader(bad), Unit)
			_, theirs := jpeg.Decode(bytes.NewReader(bad))
			if theirs != nil {
				refused++
				if err == nil || errors.Is(err, ErrOther) {
					t.Fatalf("byte %d as %#02x passes; another decoder says: %v", at, with, theirs)
				}
			}
			if err != nil {
				seen++
			}
		}
	}
	for _, end := range []byte{0, 1, soi, sos, rst0, 0xd9 ^ 0x80, 0xff} {
		bad := append(bytes.Clone(file[:len(file)-1]), end)
		if _, err := Read(bytes.NewReader(bad), Unit); err == nil || errors.Is(err, ErrOther) {
			t.Errorf("end marker %#02x: %v", end, err)
		}
	}
	t.Logf("of %d harmed files %d are refused here, %d by another decoder", 4*(len(file)-2-scan), seen, refused)
}

func TestOtherProcessesAreTold(t *testing.T) {
	photos, _ := filepath.Glob("../../../../../shared/data/wild/*prog*.jpg")
	if len(photos) == 0 {
		t.Skip("no progressive photos in ../shared/data/wild")
	}
	for _, path := range photos {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Read(f, Unit); !errors.Is(err, ErrOther) {
			t.Errorf("%s: %v", path, err)
		}
		f.Close()
	}
}

// FuzzRead looks for panics.
func FuzzRead(f *testing.F) {
	f.Add(encoded(f, 20, 20, 50, false))
	f.Add(encoded(f, 9, 9, 90, true))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := Read(bytes.NewReader(data), Unit)
		if err == nil && len(p.Values) != p.Columns*p.Rows*p.Bands {
			t.Errorf("%d values", len(p.Values))
		}
	})
}

func BenchmarkRead(b *testing.B) {
	file := encoded(b, 2048, 1536, 90, false)
	b.SetBytes(2048 * 1536 * 3)
	for b.Loop() {
		if _, err := Read(bytes.NewReader(file), Unit); err != nil {
			b.Fatal(err)
		}
	}
	b.Logf("%d bytes", len(file))
}
