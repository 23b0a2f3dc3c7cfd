package tile_test

import (
	"math"
	"testing"

	"github.com/burnish-photo/burnish/ops/network/tile"
)

// Tiles of answers that are larger than what the network sees make up the larger
// photo: every pixel once, and as it was, whatever the tiles' shape.
func TestStitchScaled(t *testing.T) {
	fixed := [2]tile.Layout{tile.FitLoose(76, 16, 32, 76), tile.FitLoose(60, 16, 32, 60)}
	for _, c := range []struct {
		across, down tile.Layout
		w, h, scale  int
	}{
		{tile.Fit(64, 0, 16, 8), tile.Fit(64, 0, 16, 8), 150, 131, 2},
		{tile.Fit(64, 0, 16, 8), tile.Fit(64, 0, 16, 8), 64, 200, 4},
		{tile.Fit(128, 16, 16, 4), tile.Fit(128, 16, 16, 4), 301, 77, 3},
		{fixed[0], fixed[1], 200, 130, 2},
		{fixed[0], fixed[1], 31, 7, 2},
		{tile.FitLoose(256, 16, 32, 126), tile.FitLoose(256, 16, 32, 126), 400, 300, 1},
	} {
		plan := tile.PlanOf(c.across, c.down, c.w, c.h)
		large := plan.Scaled(c.scale)
		value := func(channel, x, y int) float32 { return float32(channel) + float32(x)/1000 + float32(y)/100000 }
		seen := make([]int, large.W*large.H)
		s := tile.NewStitcher(large)
		for k := range large.Strips() {
			strip := plan.Strip(k)
			err := s.Strip(k, func(tiles []tile.Tile, done func(tile.Planar)) error {
				for _, at := range tiles {
					if in := at.Rect.Over(c.scale); in.Times(c.scale) != at.Rect || in.X%tile.Grid != 0 || in.Y%tile.Grid != 0 {
						t.Fatalf("%+v: a tile of the answer at %v", c, at.Rect)
					}
					p := tile.NewPlanar(at.Rect)
					for i := range p.Pix {
						w, h := p.Rect.W, p.Rect.H
						p.Pix[i] = value(i/(w*h), p.Rect.X+i%w, p.Rect.Y+i/w%h)
					}
					done(p)
				}
				return nil
			}, func(p tile.Planar, part tile.Rect) {
				if !strip.Times(c.scale).Contains(part) {
					t.Fatalf("%+v: %v in strip %v", c, part, strip)
				}
				for y := part.Y; y < part.Bottom(); y++ {
					for x := part.X; x < part.Right(); x++ {
						seen[y*large.W+x]++
						got := p.Pix[(2*p.Rect.H+y-p.Rect.Y)*p.Rect.W+x-p.Rect.X]
						if want := value(2, x, y); math.Abs(float64(got-want)) > 1e-5 {
							t.Fatalf("%+v: %v at %d, %d, want %v", c, got, x, y, want)
						}
					}
				}
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		for i, n := range seen {
			if n != 1 {
				t.Fatalf("%+v: pixel %d, %d came %d times", c, i%large.W, i/large.W, n)
			}
		}
	}
}

// Enlarging and reducing keep means; edges are as the photo's.
func TestEnlargeReduces(t *testing.T) {
	src := tile.NewPlanar(tile.Rect{X: 32, Y: 16, W: 9, H: 7})
	for i := range src.Pix {
		src.Pix[i] = float32(i%5) / 5
	}
	for _, scale := range []int{2, 3, 4} {
		flat := tile.NewPlanar(src.Rect)
		for i := range flat.Pix {
			flat.Pix[i] = 0.25
		}
		large := tile.NewPlanar(src.Rect.Times(scale))
		tile.Enlarge(large, flat, scale)
		for i, v := range tile.Reduce(large, scale).Pix {
			if math.Abs(float64(v)-0.25) > 1e-6 {
				t.Fatalf("value %d is %v at %d times", i, v, scale)
			}
		}
		tile.Enlarge(large, src, scale)
		if large.Pix[0] != src.Pix[0] || large.Pix[len(large.Pix)-1] != src.Pix[len(src.Pix)-1] {
			t.Errorf("corners %v and %v at %d times", large.Pix[0], large.Pix[len(large.Pix)-1], scale)
		}
	}
}

func TestFitLoose(t *testing.T) {
	for _, c := range []struct{ size, halo, multiple, want int }{
		{256, 16, 126, 252}, {100, 16, 100, 100}, {64, 64, 64, 64}, {20, 0, 20, 20}, {17, 32, 17, 17}, {500, 16, 7, 497},
	} {
		l := tile.FitLoose(c.size, c.halo, 32, c.multiple)
		if err := l.Validate(); err != nil || l.Size != c.want || len(tile.FitLoose(c.size, c.halo, 32, c.size).Smaller()) > 0 {
			t.Errorf("%+v: %+v, %v", c, l, err)
		}
	}
	if tile.FitLoose(8, 0, 0, 8).Validate() == nil {
		t.Error("tiles of 8 pixels were taken")
	}
}
