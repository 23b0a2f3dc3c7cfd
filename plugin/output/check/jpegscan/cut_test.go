package jpegscan

import (
	"bytes"
	"errors"
	"image"
	"image/jpeg"
	"math/rand"
	"testing"
)

func indexed(t testing.TB, file []byte) *Index {
	t.Helper()
	x, err := NewIndex(bytes.NewReader(file), func() error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// A part that is cut out has the pixels of the whole.
func TestCutIsOfTheWhole(t *testing.T) {
	for _, test := range []struct {
		w, h, quality int
		gray          bool
	}{{1100, 700, 90, false}, {1100, 700, 98, true}, {16, 16, 50, false}, {517, 33, 30, false}, {9, 700, 75, false}} {
		file := encoded(t, test.w, test.h, test.quality, test.gray)
		whole, err := jpeg.Decode(bytes.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		x := indexed(t, file)
		if x.Width != test.w || x.Height != test.h {
			t.Fatalf("%+v: %d×%d", test, x.Width, x.Height)
		}
		for range 40 {
			left, top := rand.Intn(test.w), rand.Intn(test.h)
			w, h := 1+rand.Intn(test.w-left), 1+rand.Intn(test.h-top)
			part, dx, dy, err := x.Cut(bytes.NewReader(file), left, top, w, h)
			if err != nil {
				t.Fatalf("%+v: %d×%d at %d, %d: %v", test, w, h, left, top, err)
			}
			got, err := jpeg.Decode(bytes.NewReader(part))
			if err != nil {
				t.Fatalf("%+v: %d×%d at %d, %d: %v", test, w, h, left, top, err)
			}
			if !samePixels(got, dx, dy, whole, left, top, w, h) {
				t.Fatalf("%+v: %d×%d at %d, %d is not of the whole", test, w, h, left, top)
			}
		}
	}
}

func samePixels(a image.Image, ax, ay int, b image.Image, bx, by, w, h int) bool {
	for y := range h {
		for x := range w {
			if a.At(ax+x, ay+y) != b.At(bx+x, by+y) {
				return false
			}
		}
	}
	return true
}

// The picture at an eighth is that of the pixels' means.
func TestEighth(t *testing.T) {
	for _, gray := range []bool{false, true} {
		file := encoded(t, 203, 101, 95, gray)
		x := indexed(t, file)
		p, err := Read(bytes.NewReader(file), Unit)
		if err != nil {
			t.Fatal(err)
		}
		if x.Bands != p.Bands || len(x.Eighth) != 26*13*x.Bands {
			t.Fatalf("%d bytes in %d bands", len(x.Eighth), x.Bands)
		}
		for row := range p.Height / Unit {
			for column := range p.Width / Unit {
				for band := range p.Bands {
					mean := 0.0
					for i := range 4 {
						mean += float64(x.Eighth[((2*row+i/2)*26+2*column+i%2)*x.Bands+band]) / 4
					}
					want := float64(p.Values[(row*p.Columns+column)*p.Bands+band]) / 257
					if mean-want > 4 || want-mean > 4 { // blocks are clipped, cells are not
						t.Fatalf("cell %d×%d, band %d: %.1f, want %.1f", column, row, band, mean, want)
					}
				}
			}
		}
	}
}

// A file that is another one by now gives an error or other pixels.
func TestCutOfAChangedFile(t *testing.T) {
	file := encoded(t, 900, 300, 90, false)
	x := indexed(t, file)
	random := rand.New(rand.NewSource(1))
	for n := range 300 {
		changed := bytes.Clone(file)
		for range 1 + n%20 {
			changed[random.Intn(len(changed))] ^= byte(1 + random.Intn(255))
		}
		changed = changed[:random.Intn(len(changed)+1)]
		part, _, _, err := x.Cut(bytes.NewReader(changed), random.Intn(800), random.Intn(200), 100, 100)
		if err == nil && len(part) > 10*len(file) {
			t.Fatalf("%d bytes", len(part))
		}
	}
	for _, part := range [][4]int{{-1, 0, 1, 1}, {0, 0, 0, 1}, {899, 0, 2, 1}, {1 << 62, 1 << 62, 1 << 62, 1}, {0, 0, 1 << 62, 1 << 62}, {-1 << 63, 0, 1 << 62, 5}} {
		if _, _, _, err := x.Cut(bytes.NewReader(file), part[0], part[1], part[2], part[3]); err == nil {
			t.Errorf("%v passes", part)
		}
	}
}

func TestIndexGivesUp(t *testing.T) {
	stopped := errors.New("stopped")
	if _, err := NewIndex(bytes.NewReader(encoded(t, 100, 100, 90, false)), func() error { return stopped }); !errors.Is(err, stopped) {
		t.Errorf("ended by %v", err)
	}
	file := encoded(t, 70, 40, 60, false)
	for n := range len(file) {
		if _, err := NewIndex(bytes.NewReader(file[:n]), func() error { return nil }); err == nil {
			t.Fatalf("%d bytes of %d pass", n, len(file))
		}
	}
}

func BenchmarkIndex(b *testing.B) {
	file := encoded(b, 4000, 3000, 90, false)
	b.SetBytes(int64(len(file)))
	for b.Loop() {
		indexed(b, file)
	}
}

func BenchmarkCut(b *testing.B) {
	file := encoded(b, 4000, 3000, 90, false)
	x := indexed(b, file)
	for b.Loop() {
		if _, _, _, err := x.Cut(bytes.NewReader(file), 2000, 1500, 256, 256); err != nil {
			b.Fatal(err)
		}
	}
}
