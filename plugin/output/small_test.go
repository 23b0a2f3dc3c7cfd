package output

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/burnish-photo/burnish/ops/vips"
)

// TestColoursOfSmallPictures has ones that change much from block to block, of
// sizes that leave blocks at the edges in part outside of them.
func TestColoursOfSmallPictures(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	wave := func(i int) byte { return byte(max(i%512, 511-i%512) - 256) }
	for _, size := range [][2]int{{32, 25}, {32, 13}, {27, 32}, {9, 40}, {64, 33}, {64, 57}, {127, 97}, {128, 129}, {200, 131}, {300, 241}, {900, 129}} {
		w, h := size[0], size[1]
		for range 4 {
			a, b, c, d := random.IntN(512), random.IntN(512), 512*(1+random.IntN(3))/2, 512*(1+random.IntN(3))/2
			pixels := make([]byte, 0, w*h*3)
			for y := range h {
				for x := range w {
					pixels = append(pixels, wave(a+x*c/w), wave(b+y*d/h), 32)
				}
			}
			p, err := vips.FromMemory(pixels, w, h, 3, "uchar")
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			file := filepath.Join(t.TempDir(), "a.png")
			if err := p.Save("pngsave", file, nil); err != nil {
				t.Fatal(err)
			}
			path, notes, err := stage(t, open(t, file), "{path: a.jpg}")
			if err != nil {
				t.Errorf("%d×%d: %v", w, h, err)
				continue
			}
			if _, err := os.Stat(path); err != nil {
				t.Error(err)
			}
			if got, err := strconv.ParseFloat(notes["delta_e:a.jpg"], 64); err != nil || got > 1.5 {
				t.Errorf("%d×%d: ΔE %s (%v)", w, h, fmt.Sprint(notes["delta_e:a.jpg"]), err)
			}
		}
	}
}
