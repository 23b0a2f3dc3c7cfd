// Package damage estimates what JPEG compression has done to a photo: from the
// quantization tables of its file, which know the last save, and from the
// blocks that it shows, which remember earlier ones.
package damage

import (
	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/handle"
	"github.com/burnish-photo/burnish/ops/jpeg"
	"github.com/burnish-photo/burnish/ops/vips"
)

// sampleSide bounds the part of a photo that is looked at, in pixels.
const sampleSide = 1024

// TooSmall is the side, in pixels, below which blocks cannot be counted on to
// show.
const TooSmall = 128

// Header reads what a JPEG file says of its compression.
func Header(path string) (jpeg.Info, error) {
	f, err := handle.Open(path)
	if err != nil {
		return jpeg.Info{}, err
	}
	defer f.Close()
	return jpeg.Read(f)
}

// Blockiness measures the middle of the file's luma, as [jpeg.Blockiness]
// does. It decodes the file on its own, since the photo on its way may be a
// stream that is read only once.
func Blockiness(src *ops.Source) (float64, error) {
	file, err := vips.Open(src.Content(), vips.Sequential)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	w, h := min(sampleSide, file.Width()), min(sampleSide, file.Height())
	p, err := vips.Chain(file,
		vips.Op("extract_area", vips.Args{"left": (file.Width() - w) / 2, "top": (file.Height() - h) / 2, "width": w, "height": h}),
		vips.Op("colourspace", vips.Args{"space": "b-w"}),
		vips.Op("extract_band", vips.Args{"band": 0}),
		vips.Op("cast", vips.Args{"format": "uchar"}))
	if err != nil {
		return 0, err
	}
	defer p.Close()
	luma, err := p.Pixels()
	if err != nil {
		return 0, err
	}
	return jpeg.Blockiness(luma, w, h), nil
}

// Of is the damage of a photo, 0 for none to 1: by how much the JPEG quality
// that it looks like falls short of 100, in hundredths. It looks like the worse
// of the quality of its file, where that is a JPEG, and the quality at which
// photos show as many blocks.
func Of(src *ops.Source) (float64, error) {
	quality := 100.0
	if src.Format == "jpeg" {
		if info, err := Header(src.Content()); err == nil {
			quality = float64(info.Quality)
		}
	}
	if min(src.Width, src.Height) >= TooSmall {
		blocks, err := Blockiness(src)
		if err != nil {
			return 0, err
		}
		quality = min(quality, looksLike(blocks))
	}
	return 1 - quality/100, nil
}

// medians are the blockiness, as the median of 24 photos, of JPEGs of each
// quality.
var medians = []struct{ blockiness, quality float64 }{
	{0.17, 100}, {0.27, 95}, {0.54, 90}, {0.73, 85}, {0.92, 80}, {1.10, 75}, {1.21, 70}, {1.49, 60},
	{1.78, 50}, {2.09, 40}, {2.54, 30}, {3.42, 20}, {4.90, 10}, {7.09, 5}, {10, 1},
}

// looksLike is the JPEG quality with that blockiness.
func looksLike(blockiness float64) float64 {
	before := medians[0]
	if blockiness <= before.blockiness {
		return before.quality
	}
	for _, m := range medians[1:] {
		if blockiness <= m.blockiness {
			part := (blockiness - before.blockiness) / (m.blockiness - before.blockiness)
			return before.quality + part*(m.quality-before.quality)
		}
		before = m
	}
	return before.quality
}
