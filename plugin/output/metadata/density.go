package metadata

import (
	"math"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/plugin/output/metadata/container"
)

// Density is what an output of the image is to tell: the photo's own, which a change of
// size leaves as it is, or one that a step set; false where neither is there.
func Density(img ops.Image) (container.Density, bool) {
	told := container.ReadDensities(img.Source.Content(), img.Source.Format)
	x, y := img.Pixels.Resolution()
	now := container.Density{X: x * 25.4, Y: y * 25.4}
	// What libvips says where a file says nothing.
	usual := []container.Density{{X: 25.4, Y: 25.4}, {X: 72, Y: 72}}
	for _, d := range append(usual, told...) {
		if same(now, d) {
			if len(told) == 0 {
				return container.Density{}, false
			}
			if img.Source.Orientation >= 5 {
				return container.Density{X: told[0].Y, Y: told[0].X}, true
			}
			return told[0], true
		}
	}
	return now, true
}

func same(a, b container.Density) bool {
	return math.Abs(a.X-b.X) < 0.02*b.X && math.Abs(a.Y-b.Y) < 0.02*b.Y
}
