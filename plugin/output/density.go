package output

import (
	"math"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin/output/metadata/container"
)

// density is what the output is to tell: the photo's own, which a change of
// size leaves as it is, or one that a step set; false where neither is there.
func density(img ops.Image) (container.Density, bool) {
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

// dense is p with a density. The caller closes it.
func dense(p *vips.Image, d container.Density) (*vips.Image, error) {
	return p.Do("copy", vips.Args{"xres": d.X / 25.4, "yres": d.Y / 25.4})
}

// setDensity has the output tell the photo's density, in EXIF where the format
// has no other place and EXIF may stay.
func (w *encodeJob) setDensity(img ops.Image) error {
	d, ok := density(img)
	if !ok {
		return nil
	}
	dense, err := dense(w.pixels, d)
	if err != nil {
		return err
	}
	w.pixels.Close()
	w.pixels = dense
	format := w.request.Encoder.Format
	if format == "jpeg" && w.tellsDensity() {
		w.metadata.Density = d
	}
	if !w.tellsDensity() && container.Carries(format).EXIF && w.request.Config.policy.allows("exif") {
		w.metadata.EXIF = container.WithDensity(w.metadata.EXIF, d)
	}
	return nil
}

// tellsDensity reports whether the output's format has a place of its own for
// the density, EXIF apart.
func (w *encodeJob) tellsDensity() bool {
	switch w.request.Encoder.Format {
	case "png", "tiff":
		return true
	case "jpeg":
		return w.pixels.Interpretation() != "cmyk" // that has an Adobe segment in place of JFIF
	}
	return false
}
