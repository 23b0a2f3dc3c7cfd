package tile

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
)

func TestMeanPlanIsTheAuthors(t *testing.T) {
	p := FitOverlap(384, 8).Plan(1000, 700)
	if !slices.Equal(p.x.origins, []int{0, 288, 576, 640}) || !slices.Equal(p.y.origins, []int{0, 288, 320}) {
		t.Errorf("tiles begin at %v and %v", p.x.origins, p.y.origins)
	}
	if p := FitOverlap(384, 8).Plan(383, 20); p.Cols() != 1 || p.x.tile != 384 || p.y.tile != 32 || p.StripHeight != 20 {
		t.Errorf("a small photo: %+v", p)
	}
}

// TestAverager restores with a network whose answer depends on the tile, so
// that the mean can be computed on the spot.
func TestAverager(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {40, 300}, {130, 97}, {129, 333}, {64, 64}, {65, 161}} {
		p := FitOverlap(64, 8).Plan(size[0], size[1])
		want := func(c, x, y int) (sum float64) {
			n := 0.0
			for _, oy := range p.y.origins {
				for _, ox := range p.x.origins {
					if x >= ox && x < ox+p.x.tile && y >= oy && y < oy+p.y.tile {
						sum += float64(c + ox*3 + oy*7)
						n++
					}
				}
			}
			return sum / n
		}
		calls := 0
		restore := func(tiles []Tile, done func(Planar)) error {
			for _, tl := range tiles {
				calls++
				w := NewPlanar(tl.Rect)
				for i := range w.Pix {
					w.Pix[i] = float32(i/(w.Rect.W*w.Rect.H) + tl.Rect.X*3 + tl.Rect.Y*7)
				}
				done(w)
			}
			return nil
		}
		check := func(p Planar, part Rect) {
			for c := range 3 {
				for y := part.Y; y < part.Bottom(); y++ {
					for x := part.X; x < part.Right(); x++ {
						if got := float64(p.row(c, y, x, 1)[0]); math.Abs(got-want(c, x, y)) > 1e-3 {
							t.Fatalf("%v: %d at %d,%d is %v, want %v", size, c, x, y, got, want(c, x, y))
						}
					}
				}
			}
		}
		a := NewAverager(p)
		for k := range p.Strips() {
			s := p.Strip(k)
			for _, r := range p.rows(s) {
				if o := p.y.origins[r]; s.Y-o > p.Above || min(p.H, o+p.y.tile)-s.Bottom() > p.Below {
					t.Errorf("%v: strip %d needs more than %d rows above and %d below", size, k, p.Above, p.Below)
				}
			}
			if err := a.Strip(k, restore, check); err != nil {
				t.Fatal(err)
			}
		}
		if want := len(p.x.origins) * len(p.y.origins); calls != want {
			t.Errorf("%v: %d tiles restored, want %d", size, calls, want)
		}
		for _, k := range []int{p.Strips() - 1, 0} { // in any order
			if err := a.Strip(k, restore, check); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestAveragerRefuses(t *testing.T) {
	a := NewAverager(FitOverlap(64, 8).Plan(100, 100))
	broken := errors.New("broken")
	nothing := func(Planar, Rect) {}
	for name, err := range map[string]error{
		"no such strip": a.Strip(9, nil, nothing),
		"an error":      a.Strip(0, func([]Tile, func(Planar)) error { return broken }, nothing),
		"too few":       a.Strip(0, func([]Tile, func(Planar)) error { return nil }, nothing),
	} {
		if err == nil {
			t.Error(name, "was accepted")
		}
	}
}

func TestAugment(t *testing.T) {
	seen := map[string]bool{}
	src := NewPlanar(Rect{X: 5, Y: 6, W: 4, H: 3})
	for i := range src.Pix {
		src.Pix[i] = float32(i)
	}
	for i := range Augmentations {
		augmented := NewPlanar(AugmentedRect(src.Rect, i))
		Augment(augmented, src, i)
		if i == 0 && !slices.Equal(augmented.Pix, src.Pix) {
			t.Error("turn 0 moves pixels")
		}
		seen[fmt.Sprint(augmented.Rect, augmented.Pix)] = true
		back := NewPlanar(src.Rect)
		AddInverse(back, augmented, i, 1)
		if !slices.Equal(back.Pix, src.Pix) {
			t.Errorf("orientation %d is not undone", i)
		}
	}
	if len(seen) != Augmentations {
		t.Errorf("%d of the %d orientations differ", len(seen), Augmentations)
	}
	two := NewPlanar(Rect{W: 2, H: 3}) // a b / c d / e f, transposed: a c e / b d f
	for i := range two.Pix {
		two.Pix[i] = float32(i)
	}
	flipped := NewPlanar(AugmentedRect(two.Rect, transposed))
	Augment(flipped, two, transposed)
	if !slices.Equal(flipped.Pix[:6], []float32{0, 2, 4, 1, 3, 5}) {
		t.Errorf("transposed: %v", flipped.Pix[:6])
	}
}
