package network

import (
	"cmp"
	"fmt"

	"github.com/burnish-photo/burnish/ops/network/onnx"
	"github.com/burnish-photo/burnish/ops/network/tile"
)

// Pixels over which neighbouring tiles are blended; of narrow tiles so much would
// be too large a part.
const (
	feather       = 32
	narrowFeather = 16
	narrowTile    = 256
)

// Tiling says how photos are divided into tiles.
type Tiling struct {
	// Size is the side of a tile in pixels; 0 is the side that the model was
	// measured with. On CPUs tiles of long photos are up to a half wider and a
	// quarter higher.
	Size int
	// Tight gives tiles no halo and blends them over few pixels: less of the photo
	// is computed twice, and tiles that do not agree show more easily.
	Tight bool
	// Average takes the mean of overlapping tiles, over mirrored edges, as
	// PromptCIR's authors do, in place of halo and feather.
	Average bool
	// Augment is test-time augmentation: the mean of the answers to all eight
	// orientations of a tile.
	Augment bool
}

// A photo of more than wide pixels across is divided into tiles half as high and a third
// longer, where that leaves them leastHeight: as much of it is computed twice, and
// half as many of its rows are held.
const (
	wide        = 14_000
	leastHeight = 128
)

// tiling divides photos in one of two ways.
type tiling struct {
	layout        tile.Layout // across
	down          tile.Layout
	fixed         bool           // to one size of tiles
	scale         int            // of the answers
	low           [2]tile.Layout // across and down, of photos wider than wide; Size 0: as others
	wide          int
	overlap       tile.Overlap // in place of layout where its Size is not 0
	augmentations int          // of every tile, averaged
}

// fit is the tiling for a model.
func (t Tiling) fit(c onnx.Contract) (tiling, error) {
	f := tiling{augmentations: 1, scale: max(c.Scale, 1), fixed: c.Fixed != [2]int{}}
	if f.scale > 1 && (t.Average || t.Augment) {
		return f, fmt.Errorf("model %s: answers that are %d times as large cannot be averaged", c.Name, f.scale)
	}
	if t.Augment {
		f.augmentations = tile.Augmentations
	}
	size := cmp.Or(t.Size, c.Tile)
	step := tile.Common(c.Multiple, tile.Grid)
	switch {
	case f.fixed:
		f.layout, f.down = tile.FitLoose(c.Fixed[0], c.Halo, feather, c.Fixed[0]), tile.FitLoose(c.Fixed[1], c.Halo, feather, c.Fixed[1])
	case step > size && c.Multiple%tile.Grid != 0:
		f.layout = tile.FitLoose(size, c.Halo, feather, c.Multiple)
		f.fixed = true
	case t.Average:
		f.overlap = tile.FitOverlap(size, c.Multiple)
		// For the smaller tiles of fallbacks.
		f.layout = fit(f.overlap.Size, c.Halo, f.overlap.Multiple)
	case t.Tight:
		f.layout = tile.Fit(size, 0, narrowFeather, c.Multiple)
	default:
		f.layout = fit(size, c.Halo, c.Multiple)
	}
	if f.down.Size == 0 {
		f.down = f.layout
	}
	if err := cmp.Or(f.layout.Validate(), f.down.Validate()); err != nil {
		return f, fmt.Errorf("model %s: %w", c.Name, err)
	}
	if f.fixed {
		return f, nil
	}
	long, low := fit(f.layout.Size*4/3, f.layout.Halo, c.Multiple), fit(f.layout.Size/2, f.layout.Halo, c.Multiple)
	if low.Size >= leastHeight && low.Validate() == nil && f.overlap.Size == 0 {
		f.low, f.wide = [2]tile.Layout{long, low}, wide
	}
	return f, nil
}

// setFitted lets tiles be of the size that suits the photo, run so many at a time.
func (t *tiling) setFitted(yes bool, parallel int) {
	for _, l := range []*tile.Layout{&t.layout, &t.down, &t.low[0], &t.low[1]} {
		l.Fitted, l.Parallel = yes && !t.fixed, parallel
	}
}

// plan is the division into tiles that are blended. What prepares itself for
// each shape of tiles is given one only.
func (t tiling) plan(width, height int) tile.Plan {
	if width*t.scale > t.wide && t.low[0].Size > 0 && t.layout.Fitted {
		return tile.PlanOf(t.low[0], t.low[1], width, height)
	}
	return tile.PlanOf(t.layout, t.down, width, height)
}

// fit is the layout of tiles of at most size pixels.
func fit(size, halo, multiple int) tile.Layout {
	if size < narrowTile {
		return tile.Fit(size, halo, narrowFeather, multiple)
	}
	return tile.Fit(size, halo, feather, multiple)
}

func (t tiling) String() string {
	if t.overlap.Size > 0 {
		return fmt.Sprintf("tile=%d shared=%d turns=%d", t.overlap.Size, t.overlap.Shared, t.augmentations)
	}
	text := fmt.Sprintf("tile=%d halo=%d feather=%d", t.layout.Size, t.layout.Halo, t.layout.Feather)
	if t.low[0].Size > 0 {
		text += fmt.Sprintf(" wide=%dx%d", t.low[0].Size, t.low[1].Size)
	}
	if t.down.Size != t.layout.Size {
		text += fmt.Sprintf(" down=%d", t.down.Size)
	}
	if t.augmentations > 1 {
		text += fmt.Sprintf(" turns=%d", t.augmentations)
	}
	return text
}

// division is how one photo is cut into strips and tiles.
type division struct {
	w, h                 int
	height, above, below int // of strips; input rows beyond them
	cols, tiles          int // side by side, and in all
	tileW, tileH         int
	rowsKept             int // as numbers
	strips               int
	strip                func(k int) tile.Rect
	firstNewRow          func(k int) int // the first input row of a strip made after the one above
	joiner               func() joiner
	pad                  tile.Pad
}

// joiner puts tiles together to strips.
type joiner interface {
	Strip(k int, restore func([]tile.Tile, func(tile.Planar)) error, emit func(tile.Planar, tile.Rect)) error
}

func (t tiling) divide(width, height int) division {
	if t.overlap.Size > 0 {
		p := t.overlap.Plan(width, height)
		d := division{
			w: width, h: height, height: p.StripHeight, above: p.Above, below: p.Below,
			cols: p.Cols(), tiles: p.Tiles(), strips: p.Strips(), rowsKept: p.RowsKept(), strip: p.Strip, firstNewRow: p.FirstNewRow,
			joiner: func() joiner { return tile.NewAverager(p) }, pad: tile.Mirror,
		}
		d.tileW, d.tileH = p.TileSize()
		return d
	}
	p := t.plan(width, height)
	d := division{
		w: width, h: height, height: p.StripHeight, above: p.Above, below: p.Below,
		cols: p.Cols(), tiles: p.Tiles(), strips: p.Strips(), rowsKept: p.RowsKept(), strip: p.Strip, firstNewRow: p.FirstNewRow,
		joiner: func() joiner { return tile.NewStitcher(p.Scaled(t.scale)) }, pad: tile.Repeat,
	}
	if t.fixed { // tiles may be much larger than the photo
		d.pad = tile.Mirror
	}
	d.tileW, d.tileH = p.TileSize()
	return d
}
