package network

import (
	"math"
	"testing"

	"github.com/burnish-photo/burnish/ops/network/tile"
	"github.com/burnish-photo/burnish/ops/vips"
)

// look gives a photo of one band to a chooser, strip by strip.
func look(t *testing.T, w, h, side int, at func(x, y int) byte) []tile.Planar {
	t.Helper()
	c := newChooser[uint8](w, h, side)
	for top := 0; top < h; top += side {
		rows := min(side, h-top)
		in := vips.Rows{Top: top, Height: rows, Width: w, Bands: 1, Stride: w, Pixels: make([]byte, rows*w)}
		for i := range in.Pixels {
			in.Pixels[i] = at(i%w, top+i/w)
		}
		out := in
		out.Pixels = make([]byte, len(in.Pixels))
		if err := c.look(in, out); err != nil {
			t.Fatal(err)
		}
	}
	return c.tiles()
}

func TestTilesAreChosenByContent(t *testing.T) {
	const side, w, h = 64, 64 * 9, 64 * 6
	textured := map[tile.Rect]bool{}
	for _, at := range [][2]int{{1, 1}, {4, 0}, {7, 2}, {0, 4}, {5, 5}, {8, 3}} { // one in each region
		textured[tile.Rect{X: at[0] * side, Y: at[1] * side, W: side, H: side}] = true
	}
	tiles := look(t, w, h, side, func(x, y int) byte {
		if textured[tile.Rect{X: x / side * side, Y: y / side * side, W: side, H: side}] && x%8 < 4 && y%64 < 32 {
			return 200
		}
		return 90
	})
	if len(tiles) != longRegions*shortRegions {
		t.Fatalf("%d tiles", len(tiles))
	}
	for _, chosen := range tiles {
		if !textured[chosen.Rect] {
			t.Errorf("%v was chosen, where nothing is", chosen.Rect)
		}
		if v := chosen.Pix[0] * 255; math.Abs(float64(v)-200) > 0.01 {
			t.Errorf("%v begins with %g", chosen.Rect, v)
		}
	}
}

// Photos of any shape give tiles that begin within them.
func TestTilesOfOddPhotos(t *testing.T) {
	for _, s := range [][2]int{{64, 640}, {640, 64}, {20, 900}, {900, 9}, {1, 1}, {640, 641}, {1000, 130}} {
		photo := tile.Rect{W: s[0], H: s[1]}
		tiles := look(t, s[0], s[1], 64, func(x, y int) byte { return byte(x*7 + y*3) })
		if len(tiles) == 0 {
			t.Errorf("%v: no tile", s)
		}
		for _, chosen := range tiles {
			r := chosen.Rect
			if in := r.Intersect(photo); in.W == 0 || in.H == 0 || r.W != 64 || r.H != 64 || s[0] >= 64 && s[1] >= 64 && in != r {
				t.Errorf("%v: %v", s, r)
			}
		}
	}
}
