package tile

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestRampSumsToOne(t *testing.T) {
	for _, n := range []int{1, 16, 32, 48} {
		r := ramp(n)
		for i, v := range r {
			if sum := v + r[n-1-i]; math.Abs(float64(sum)-1) > 1e-7 {
				t.Errorf("ramp of %d: weights at %d sum to %v", n, i, sum)
			}
			if i > 0 && v <= r[i-1] {
				t.Errorf("ramp of %d falls at %d", n, i)
			}
		}
	}
}

// restored runs all strips through the network given, which changes a tile in
// place, in the order of the indices, and returns the photo.
func restored[T Sample](p Plan, src Pixels[T], network func(Planar), order []int) (Pixels[T], int, error) {
	out := Pixels[T]{Rect: src.Rect, Bands: src.Bands, Stride: src.Stride, Pix: append([]T(nil), src.Pix...)}
	s, runs := NewStitcher(p), 0
	for i, k := range order {
		in := p.Input(k)
		if i == 0 && k == 0 || i > 0 && order[i-1] == k-1 {
			in = Rect{0, p.FirstNewRow(k), p.W, in.Bottom() - p.FirstNewRow(k)}
		}
		visible := Pixels[T]{Rect: in, Bands: src.Bands, Stride: src.Stride, Pix: src.Pix[in.Y*src.Stride : in.Bottom()*src.Stride]}
		left, area := p.Strip(k), 0
		err := s.Strip(k, func(tiles []Tile, done func(Planar)) error {
			for _, t := range tiles {
				w := NewPlanar(t.Rect)
				if err := Load(w, visible, p.W, p.H, Repeat); err != nil {
					return err
				}
				network(w)
				runs++
				done(w)
			}
			return nil
		}, func(w Planar, part Rect) {
			if !left.Contains(part) {
				panic(fmt.Sprintf("%v is outside strip %v", part, left))
			}
			area += part.W * part.H
			if err := Store(out, w, part); err != nil {
				panic(err)
			}
		})
		if err != nil {
			return out, runs, err
		}
		if area != left.W*left.H {
			return out, runs, fmt.Errorf("strip %d: %d of %d pixels were emitted", k, area, left.W*left.H)
		}
	}
	return out, runs, nil
}

func upTo(n int) []int {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	return order
}

func identity(Planar) {}

func checkIdentity[T Sample](l Layout, w, h, bands int) error {
	return checkPlanned[T](l.Plan(w, h), bands)
}

func checkPlanned[T Sample](p Plan, bands int) error {
	src := noise[T](p.W, p.H, bands)
	out, runs, err := restored(p, src, identity, upTo(p.Strips()))
	if err != nil {
		return err
	}
	if runs != p.Tiles() {
		return fmt.Errorf("%d tiles were restored, planned were %d", runs, p.Tiles())
	}
	for i, v := range src.Pix {
		if out.Pix[i] != v {
			return fmt.Errorf("sample %d became %d, was %d", i, out.Pix[i], v)
		}
	}
	return nil
}

func TestIdentity(t *testing.T) {
	for n, l := range layouts {
		for i, s := range sizes {
			check, bands := checkIdentity[uint8], 1+(n+i)%5
			if i%2 == 0 {
				check = checkIdentity[uint16]
			}
			if err := check(l, s[0], s[1], bands); err != nil {
				t.Errorf("%+v, %d×%d, %d bands: %v", l, s[0], s[1], bands, err)
			}
		}
	}
}

// Tiles that are longer than they are high, with bands of their own.
func TestLowTiles(t *testing.T) {
	long := Layout{Size: 192, Feather: 32, Multiple: 32, Fitted: true}
	low := Layout{Size: 96, Halo: 16, Feather: 16, Multiple: 32, Fitted: true}
	for _, s := range [][2]int{{1, 1}, {500, 700}, {2500, 130}, {130, 2111}, {257, 96}} {
		p := PlanOf(long, low, s[0], s[1])
		if w, h := p.TileSize(); w > 224 || h > 128 || s[0] == 500 && w <= h {
			t.Errorf("%v: tiles of %d×%d", s, w, h)
		}
		if err := checkPlanned[uint8](p, 3); err != nil {
			t.Errorf("%v: %v", s, err)
		}
	}
}

// TestOrder restores strips in any order with a network whose answer depends on
// the tile, so that a missing or wrong neighbour would show.
func TestOrder(t *testing.T) {
	position := func(w Planar) {
		for i := range w.Pix {
			w.Pix[i] = w.Pix[i]*0.5 + float32((w.Rect.X*7+w.Rect.Y*13)%251)/512
		}
	}
	for _, l := range layouts {
		for _, s := range [][2]int{{1, 1}, {31, 97}, {257, 511}, {480, 481}, {129, 640}} {
			p, src := l.Plan(s[0], s[1]), noise[uint16](s[0], s[1], 3)
			want, _, err := restored(p, src, position, upTo(p.Strips()))
			if err != nil {
				t.Fatal(err)
			}
			order := rand.New(rand.NewPCG(1, 2)).Perm(p.Strips())
			order = append(order, order...)
			got, _, err := restored(p, src, position, order)
			if err != nil {
				t.Fatal(err)
			}
			for i, v := range want.Pix {
				if got.Pix[i] != v {
					t.Fatalf("%+v, %d×%d: sample %d is %d in order, %d in order %v", l, s[0], s[1], i, v, got.Pix[i], order)
				}
			}
		}
	}
}

// TestBlendIsSmooth gives neighbouring tiles different levels: the largest
// step between pixels must be a fraction of the difference.
func TestBlendIsSmooth(t *testing.T) {
	l := Layout{Size: 128, Halo: 16, Feather: 16, Multiple: 32}
	src := noise[uint16](300, 300, 3)
	p := l.Plan(300, 300)
	level := func(w Planar) {
		v := float32(0.25)
		if (w.Rect.X/Grid+w.Rect.Y/Grid)%2 == 0 {
			v = 0.75
		}
		for i := range w.Pix {
			w.Pix[i] = v
		}
	}
	out, _, err := restored(p, src, level, upTo(p.Strips()))
	if err != nil {
		t.Fatal(err)
	}
	const limit = 65535 / 2 / 10 // smoothstep over 16 pixels: at most 1.5/16 of the difference
	for y := 1; y < 300; y++ {
		for x := 1; x < 300; x++ {
			here := int(out.row(y, x, 1)[0])
			if d := max(here-int(out.row(y, x-1, 1)[0]), here-int(out.row(y-1, x, 1)[0])); d > limit {
				t.Fatalf("step of %d at %d,%d", d, x, y)
			}
		}
	}
}

func TestStripErrors(t *testing.T) {
	l := layouts[0]
	p := l.Plan(300, 300)
	s := NewStitcher(p)
	emit := func(Planar, Rect) {}
	if err := s.Strip(p.Strips(), nil, emit); err == nil {
		t.Error("a strip beyond the last was made")
	}
	broken := errors.New("broken")
	if err := s.Strip(0, func([]Tile, func(Planar)) error { return broken }, emit); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if err := s.Strip(0, func([]Tile, func(Planar)) error { return nil }, emit); err == nil || !strings.Contains(err.Error(), "0 of the") {
		t.Errorf("missing tiles: %v", err)
	}
	src := noise[uint8](300, 300, 3)
	src.Rect.H = 100
	if err := Load(NewPlanar(p.Row(0)[0].Rect), src, 300, 300, Repeat); err == nil {
		t.Error("a tile was filled from rows that are not there")
	}
	if err := Store(src, NewPlanar(Rect{0, 0, 128, 128}), Rect{0, 90, 20, 20}); err == nil {
		t.Error("rows that are not there were written")
	}
}
