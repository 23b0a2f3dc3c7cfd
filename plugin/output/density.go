package output

import (
	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin/output/metadata"
	"github.com/burnish-photo/burnish/plugin/output/metadata/container"
)

// dense is p with a density. The caller closes it.
func dense(p *vips.Image, d container.Density) (*vips.Image, error) {
	return p.Do("copy", vips.Args{"xres": d.X / 25.4, "yres": d.Y / 25.4})
}

// setDensity has the output tell the photo's density, in EXIF where the format
// has no other place and EXIF may stay.
func (w *encodeJob) setDensity(img ops.Image) error {
	d, ok := metadata.Density(img)
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
	if format != "tiff" && w.tellsDensity() {
		w.metadata.Density = d
	}
	if !w.tellsDensity() && container.Carries(format).EXIF && w.request.Config.policy.Allows("exif") {
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
