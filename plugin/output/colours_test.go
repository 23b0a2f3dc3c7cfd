package output

import (
	"math"
	"testing"

	"github.com/burnish-photo/burnish/ops/vips"
)

// TestDifferenceIsThatOfLibvips compares two low-passes of many colours.
func TestDifferenceIsThatOfLibvips(t *testing.T) {
	const side = 64
	for _, bands := range []int{1, 3} {
		var samples [2]*sampler
		var images [2]*vips.Image
		seed := uint32(7)
		for i := range samples {
			pixels := make([]byte, side*side*bands)
			for at := range pixels {
				seed = seed*1664525 + 1013904223
				pixels[at] = byte(at/7 + i*int(seed>>28))
			}
			p, err := vips.FromMemory(pixels, side, side, bands, "uchar")
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			images[i] = p
			if samples[i], err = sample(t.Context(), p, grid{cell: 1, step: 1, columns: side, rows: side}); err != nil {
				t.Fatal(err)
			}
		}
		var labs [2]*vips.Image
		for i, p := range images {
			l, err := p.Do("colourspace", vips.Args{"space": "lab"})
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			labs[i] = l
		}
		d, err := labs[0].Do("dE00", vips.Args{"right": labs[1]})
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		out, err := vips.Call("avg", vips.Args{"in": d})
		if err != nil {
			t.Fatal(err)
		}
		want := out["out"].(float64)
		if got := plainDifference(samples[0], samples[1]); math.Abs(got-want) > 0.02 || want < 1 {
			t.Errorf("%d bands: ΔE %.3f, libvips says %.3f", bands, got, want)
		}
	}
}

// TestLowPassOfAnySize has last cells of a few rows, all ways to take one, and
// the same of each.
func TestLowPassOfAnySize(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {7, 300}, {2100, 34}, {2048, 67}, {650, 9}, {20000, 3}} {
		for _, blocks := range []bool{false, true} {
			w, h := size[0], size[1]
			pixels := make([]byte, w*h*3)
			for i := range pixels {
				pixels[i] = byte(i * 31 / 7)
			}
			p, err := vips.FromMemory(pixels, w, h, 3, "uchar")
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			whole, err := p.Materialise(t.Context(), 1<<30, "")
			if err != nil {
				t.Fatal(err)
			}
			defer whole.Close()
			if _, ok := whole.Whole(); !ok {
				t.Fatal("a materialised image is not whole")
			}
			lazy, err := p.Do("invert", nil)
			if err != nil {
				t.Fatal(err)
			}
			defer lazy.Close()
			back, err := lazy.Do("invert", nil)
			if err != nil {
				t.Fatal(err)
			}
			defer back.Close()
			g := newGrid(w, h, blocks)
			a, err := sample(t.Context(), whole, g)
			if err != nil {
				t.Fatal(err)
			}
			streamed, b, err := tee(back, g)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := vips.Call("avg", vips.Args{"in": streamed}); err != nil {
				t.Fatal(err)
			}
			streamed.Close()
			for cell := range a.counts {
				for band := range 3 {
					if x, y, z := a.at(cell, band), b.at(cell, band), mean(pixels, w, h, cell, band, g); x != y || math.IsNaN(x) || g.step == 1 && math.Abs(x-z) > 1e-6*z {
						t.Fatalf("%d×%d: cell %d is %v of memory, %v streamed, %v counted", w, h, cell, x, y, z)
					}
				}
			}
		}
	}
}

// mean counts a cell pixel by pixel.
func mean(pixels []byte, w, h, cell, band int, g grid) float64 {
	sum, n := 0, 0
	for y := cell / g.columns * g.cell; y < min(h, (cell/g.columns+1)*g.cell); y++ {
		for x := cell % g.columns * g.cell; x < min(w, (cell%g.columns+1)*g.cell); x++ {
			sum, n = sum+int(pixels[(y*w+x)*3+band]), n+1
		}
	}
	return float64(sum) / float64(n) * 257
}
