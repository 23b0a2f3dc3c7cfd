package tile

import (
	"math"
	"math/rand/v2"
	"testing"
)

// noise is a photo in which no two pixels are alike.
func noise[T Sample](w, h, bands int) Pixels[T] {
	r := rand.New(rand.NewPCG(uint64(w), uint64(h)))
	p := Pixels[T]{Rect: Rect{0, 0, w, h}, Bands: bands, Stride: w*bands + 3, Pix: make([]T, (w*bands+3)*h)}
	for i := range p.Pix {
		p.Pix[i] = T(r.Uint32())
	}
	return p
}

func TestQuantize(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, c := range []struct {
		v    float32
		want uint8
	}{{0, 0}, {1, 255}, {-0.2, 0}, {1.7, 255}, {nan, 0}, {inf, 255}, {-inf, 0}, {0.5, 128}, {1.49 / 255, 1}, {1.51 / 255, 2}, {254.6 / 255, 255}} {
		if got := quantize[uint8](c.v); got != c.want {
			t.Errorf("%v became %d, want %d", c.v, got, c.want)
		}
	}
	for v := range 65536 {
		if got := quantize[uint16](float32(v) * (1 / full[uint16]())); int(got) != v {
			t.Fatalf("%d became %d", v, got)
		}
	}
}

func TestEdgesRepeat(t *testing.T) {
	src := noise[uint8](5, 3, 3)
	w := NewPlanar(Rect{0, 0, 32, 32})
	if err := Load(w, src, 5, 3, Repeat); err != nil {
		t.Fatal(err)
	}
	for c := range 3 {
		for y := range 32 {
			for x := range 32 {
				want := float32(src.row(min(y, 2), min(x, 4), 1)[c]) / 255
				if got := w.row(c, y, x, 1)[0]; math.Abs(float64(got-want)) > 1e-6 {
					t.Fatalf("plane %d at %d,%d is %v, want %v", c, x, y, got, want)
				}
			}
		}
	}
}
