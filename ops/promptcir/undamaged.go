package promptcir

import (
	"fmt"
	"os"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/jpeg"
	"github.com/burnish-photo/burnish/ops/vips"
)

const (
	// skipAbove is the default of [Config.SkipAbove]. Cameras and phones save
	// at 92 to 98.
	skipAbove = 90
	// blocky is the least blockiness of a photo that was damaged before it was
	// saved at a high quality: between what JPEGs of quality 91 and more reach
	// and where those of quality 70 begin that were saved again.
	blocky = 0.6
	// sampleSide bounds the part of a photo that is looked at, in pixels.
	sampleSide = 1024
	// tooSmall is the side below which blocks cannot be counted on to show;
	// restoring such a photo costs next to nothing.
	tooSmall = 128
)

// undamaged reports whether a photo is to be left alone, and in words why: a
// JPEG of a quality above the limit that shows no blocks of an earlier save.
// Where that cannot be told it is restored.
func undamaged(src *ops.Source, above int) (why string, ok bool) {
	if src == nil || src.Format != "jpeg" || above >= 100 || min(src.Width, src.Height) < tooSmall {
		return "", false
	}
	info, err := header(src.Path)
	if err != nil || info.Quality <= above {
		return "", false
	}
	blocks, err := blockiness(src)
	if err != nil || blocks >= blocky {
		return "", false
	}
	return fmt.Sprintf("undamaged: JPEG quality %d, blockiness %.2f", info.Quality, blocks), true
}

func header(path string) (jpeg.Info, error) {
	f, err := os.Open(path)
	if err != nil {
		return jpeg.Info{}, err
	}
	defer f.Close()
	return jpeg.Read(f)
}

// blockiness measures the middle of the file's luma. It decodes the file on
// its own, since the photo on its way may be a stream that is read only once.
func blockiness(src *ops.Source) (float64, error) {
	p, err := vips.Open(src.Path, vips.Sequential)
	if err != nil {
		return 0, err
	}
	w, h := min(sampleSide, p.Width()), min(sampleSide, p.Height())
	for _, step := range []struct {
		operation string
		args      vips.Args
	}{
		{"extract_area", vips.Args{"left": (p.Width() - w) / 2, "top": (p.Height() - h) / 2, "width": w, "height": h}},
		{"colourspace", vips.Args{"space": "b-w"}},
		{"extract_band", vips.Args{"band": 0}},
		{"cast", vips.Args{"format": "uchar"}},
	} {
		next, err := p.Do(step.operation, step.args)
		p.Close()
		if err != nil {
			return 0, err
		}
		p = next
	}
	defer p.Close()
	luma, err := p.Pixels()
	if err != nil {
		return 0, err
	}
	return jpeg.Blockiness(luma, w, h), nil
}
