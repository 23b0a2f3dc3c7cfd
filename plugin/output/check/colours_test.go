package check

import (
	"math"
	"testing"

	"github.com/burnish-photo/burnish/ops/vips"
)

// TestDifferenceIsThatOfLibvips compares two low-passes of many colours.
func TestDifferenceIsThatOfLibvips(t *testing.T) {
	const side = 64
	for _, bands := range []int{1, 3} {
		var samples [2]*lowPass
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
			if samples[i], err = takeLowPass(t.Context(), p, grid{cell: 1, step: 1, columns: side, rows: side}); err != nil {
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

// TestDeltaE has pairs of the paper's test data: near blue, grays, and hues that
// lie opposite (Sharma, Wu and Dalal, 2005, table 1).
func TestDeltaE(t *testing.T) {
	for _, test := range []struct {
		p, q [3]float64
		want float64
	}{
		{[3]float64{50, 2.6772, -79.7751}, [3]float64{50, 0, -82.7485}, 2.0425},
		{[3]float64{50, 2.8361, -74.0200}, [3]float64{50, 0, -82.7485}, 3.4412},
		{[3]float64{50, -1.3802, -84.2814}, [3]float64{50, 0, -82.7485}, 1},
		{[3]float64{50, 0, 0}, [3]float64{50, -1, 2}, 2.3669},
		{[3]float64{50, 2.4900, -0.0010}, [3]float64{50, -2.4900, 0.0009}, 7.1792},
		{[3]float64{50, 2.4900, -0.0010}, [3]float64{50, -2.4900, 0.0011}, 7.2195},
		{[3]float64{50, -0.0010, 2.4900}, [3]float64{50, 0.0009, -2.4900}, 4.8045},
		{[3]float64{50, 2.5, 0}, [3]float64{73, 25, -18}, 27.1492},
		{[3]float64{50, 2.5, 0}, [3]float64{61, -5, 29}, 22.8977},
		{[3]float64{60.2574, -34.0099, 36.2677}, [3]float64{60.4626, -34.1751, 39.4387}, 1.2644},
		{[3]float64{63.0109, -31.0961, -5.8663}, [3]float64{62.8187, -29.7946, -4.0864}, 1.2630},
		{[3]float64{22.7233, 20.0904, -46.6940}, [3]float64{23.0331, 14.9730, -42.5619}, 2.0373},
	} {
		for _, got := range []float64{curves().deltaE(test.p, test.q), curves().deltaE(test.q, test.p)} {
			if math.Abs(got-test.want) > 2e-4 {
				t.Errorf("%v and %v: %.4f, not %.4f", test.p, test.q, got, test.want)
			}
		}
	}
}

func TestRoot(t *testing.T) {
	for x := 0.01; x < 1.0005; x += 0.00037 {
		if got, want := curves().root(x), math.Cbrt(x); math.Abs(got-want) > 2e-5 {
			t.Errorf("of %.5f: %.7f, not %.7f", x, got, want)
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
			a, err := takeLowPass(t.Context(), whole, g)
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
