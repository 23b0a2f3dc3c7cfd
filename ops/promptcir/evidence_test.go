package promptcir

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/ops/network/tile"
)

// painted is a tile of gray whose values, in steps of 255, are as at has them.
func painted(side int, at func(x, y int) float64) tile.Planar {
	p := tile.NewPlanar(tile.Rect{W: side, H: side})
	for y := range side {
		for x := range side {
			for c := range 3 {
				p.Pix[(c*side+y)*side+x] = float32(at(x, y) / 255)
			}
		}
	}
	return p
}

// bars are edges, 16 pixels apart, in the first quarter of a tile of 256 pixels.
func bars(height float64) func(x, y int) float64 {
	return func(x, y int) float64 {
		if x/64 > 0 || x%16 < 3 || x%16 > 10 {
			return 100
		}
		return 100 + height
	}
}

func TestCorrection(t *testing.T) {
	const side = 256
	random := rand.New(rand.NewPCG(1, 2))
	noise := make([]float64, side*side)
	for i := range noise {
		noise[i] = random.NormFloat64()
	}
	plus := func(f func(x, y int) float64, by func(x, y int) float64) func(x, y int) float64 {
		return func(x, y int) float64 { return f(x, y) + by(x, y) }
	}
	grain := func(by float64) func(x, y int) float64 {
		return func(x, y int) float64 { return by * noise[y*side+x] }
	}
	beside := func(by float64) func(x, y int) float64 { // ringing
		return func(x, y int) float64 {
			if x/64 > 0 || x%16 < 3 {
				return 0
			}
			return by * math.Cos(math.Pi*float64(x+y%2))
		}
	}
	clean := bars(30)
	for name, test := range map[string]struct {
		in, out   func(x, y int) float64
		low, high float64
	}{
		"nothing is changed":             {clean, clean, 0, 0},
		"ringing goes":                   {plus(clean, beside(6)), plus(clean, beside(1)), 1.5, 5},
		"a little ringing goes":          {plus(clean, beside(0.4)), plus(clean, beside(0.1)), 0, unknownLimit},
		"edges become rougher":           {clean, plus(clean, beside(6)), 0, 0},
		"grain is smoothed everywhere":   {plus(clean, grain(8)), plus(clean, grain(6)), 0, unknownLimit},
		"nothing is there":               {func(int, int) float64 { return 128 }, func(int, int) float64 { return 128 }, 0, 0},
		"drawn edges, changed at random": {plus(bars(200), grain(2)), plus(bars(200), grain(1.9)), 0, unknownLimit},
	} {
		in, out := painted(side, test.in), painted(side, test.out)
		got := correction([]evidence{measure(in, out, in.Rect)})
		t.Logf("%s: %.2f", name, got)
		if got < test.low || got > test.high {
			t.Errorf("%s: correction %.2f, want %.2f to %.2f", name, got, test.low, test.high)
		}
	}
	if got := correction(nil); got != 0 {
		t.Errorf("no tile: %g", got)
	}
}

// What lies beyond the photo is not evidence.
func TestPaddingIsNotMeasured(t *testing.T) {
	in := painted(64, bars(30))
	out := painted(64, func(x, y int) float64 {
		if x >= 40 || y >= 24 {
			return 0
		}
		return bars(30)(x, y)
	})
	e := measure(in, out, tile.Rect{W: 40, H: 24})
	if len(e.changes) != 15 || correction([]evidence{e}) != 0 {
		t.Errorf("%d blocks, correction %g; want 15 and 0", len(e.changes), correction([]evidence{e}))
	}
}

// Tiles of any part of a photo can be measured.
func TestMeasureOfOddParts(t *testing.T) {
	for _, s := range [][2]int{{1, 1}, {9, 64}, {64, 7}, {20, 64}} {
		p := painted(64, bars(30))
		measure(p, p, tile.Rect{W: s[0], H: s[1]})
	}
}

// lite 0.6.0 changes gray JPEGs of quality 96 by up to 0.79 for the worse, and those
// of quality 85 by 0.80 and more for the better.
func TestPhotosWithoutColourHaveALimitOfTheirOwn(t *testing.T) {
	const side = 64
	gray, out := painted(side, bars(30)), painted(side, func(x, y int) float64 { return bars(30)(x, y) })
	coloured := painted(side, bars(30))
	coloured.Pix[5] += 0.1 // red, of one pixel
	for name, test := range map[string]struct {
		in    tile.Planar
		limit string
	}{
		"gray":     {gray, "< 0.80"},
		"coloured": {coloured, "< 0.30"},
	} {
		j := &judgement{limit: jpegLimit, gray: max(jpegLimit, grayLimit), tiles: map[tile.Rect]evidence{}}
		j.Tile(test.in, out, test.in.Rect)
		if reason, _ := j.Verdict(); !strings.Contains(reason, test.limit) {
			t.Errorf("%s: %s, want %s", name, reason, test.limit)
		}
	}
}
