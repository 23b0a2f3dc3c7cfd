package promptcir

import (
	"fmt"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/damage"
)

const (
	// skipAbove is the default of [Config.SkipAbove]. Cameras and phones save
	// at 92 to 98.
	skipAbove = 90
	// blocky is the least blockiness of a photo that was damaged before it was
	// saved at a high quality: between what JPEGs of quality 91 and more reach
	// and where those of quality 70 begin that were saved again.
	blocky = 0.6
)

// undamaged reports whether a photo is to be left alone, and in words why: a
// JPEG of a quality above the limit that shows no blocks of an earlier save.
// Where that cannot be told it is restored; a small photo costs next to nothing.
func undamaged(src *ops.Source, above int) (why string, ok bool) {
	if src == nil || src.Format != "jpeg" || above >= 100 || min(src.Width, src.Height) < damage.TooSmall {
		return "", false
	}
	info, err := damage.Header(src.Content())
	if err != nil || info.Quality <= above {
		return "", false
	}
	blocks, err := damage.Blockiness(src)
	if err != nil || blocks >= blocky {
		return "", false
	}
	return fmt.Sprintf("undamaged: JPEG quality %d, blockiness %.2f", info.Quality, blocks), true
}
