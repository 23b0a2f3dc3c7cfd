package promptcir

import (
	"cmp"
	"fmt"

	"github.com/burnish-photo/burnish/ops/network/onnx"
	"github.com/burnish-photo/burnish/ops/network/tile"
)

// Qualities, from quick to thorough.
const (
	fast      = "fast"      // large windows, blended over few pixels
	balanced  = "balanced"  // the model's own windows and halo
	reference = "reference" // the authors' padding and windows, averaged over all turns and models
)

const (
	fastSide      = 512 // pixels; of windows, where no tile size is asked for
	referenceSide = 384 // the authors'
)

// A photo of more than wide pixels across is divided into windows half as high and a third
// longer, where that leaves them leastHeight: as much of it is computed twice, and
// half as many of its rows are held.
const (
	wide        = 14_000
	leastHeight = 128
)

// windows divide photos in one of two ways.
type windows struct {
	layout  tile.Layout
	low     [2]tile.Layout // across and down, of photos wider than wide; Size 0: as others
	wide    int
	overlap tile.Overlap // in place of layout where its Size is not 0
	turns   int          // of every window, averaged
}

// windowsFor are those of a quality, for a model and a tile size or 0.
func windowsFor(quality string, size int, c onnx.Contract) (windows, error) {
	w := windows{turns: 1}
	switch quality {
	case fast:
		w.layout = tile.Fit(cmp.Or(size, fastSide), 0, narrowFeather, c.Multiple)
	case reference:
		w.overlap, w.turns = tile.FitOverlap(cmp.Or(size, referenceSide), c.Multiple), tile.Turns
		// For the ladder's smaller windows.
		w.layout = fit(w.overlap.Size, c.Halo, w.overlap.Multiple)
	default:
		w.layout = fit(cmp.Or(size, c.Tile), c.Halo, c.Multiple)
	}
	if err := w.layout.Validate(); err != nil {
		return w, fmt.Errorf("model %s: %w", c.Name, err)
	}
	long, low := fit(w.layout.Size*4/3, w.layout.Halo, c.Multiple), fit(w.layout.Size/2, w.layout.Halo, c.Multiple)
	if low.Size >= leastHeight && low.Validate() == nil && w.overlap.Size == 0 {
		w.low, w.wide = [2]tile.Layout{long, low}, wide
	}
	return w, nil
}

// fitted lets windows be of the size that suits the photo, run so many at a time.
func (w *windows) fitted(yes bool, together int) {
	for _, l := range []*tile.Layout{&w.layout, &w.low[0], &w.low[1]} {
		l.Fitted, l.Together = yes, together
	}
}

// plan is the division into windows that are blended. What prepares itself for
// each shape of windows is given one only.
func (w windows) plan(width, height int) tile.Plan {
	if width > w.wide && w.low[0].Size > 0 && w.layout.Fitted {
		return tile.PlanOf(w.low[0], w.low[1], width, height)
	}
	return w.layout.Plan(width, height)
}

// fit is the layout of windows of at most size pixels.
func fit(size, halo, multiple int) tile.Layout {
	if size < narrowWindow {
		return tile.Fit(size, halo, narrowFeather, multiple)
	}
	return tile.Fit(size, halo, feather, multiple)
}

func (w windows) String() string {
	if w.overlap.Size > 0 {
		return fmt.Sprintf("tile=%d shared=%d turns=%d", w.overlap.Size, w.overlap.Shared, w.turns)
	}
	text := fmt.Sprintf("tile=%d halo=%d feather=%d", w.layout.Size, w.layout.Halo, w.layout.Feather)
	if w.low[0].Size > 0 {
		text += fmt.Sprintf(" wide=%dx%d", w.low[0].Size, w.low[1].Size)
	}
	return text
}

// division is how one photo is cut into strips and windows.
type division struct {
	w, h                 int
	height, above, below int // of strips; input rows beyond them
	cols, windows        int // side by side, and in all
	windowW, windowH     int
	held                 int // rows kept as numbers
	strips               int
	strip                func(k int) tile.Rect
	follows              func(k int) int // the first input row of a strip made after the one above
	joiner               func() joiner
	pad                  tile.Pad
}

// joiner puts windows together to strips.
type joiner interface {
	Strip(k int, restore func([]tile.Tile, func(tile.Planar)) error, emit func(tile.Planar, tile.Rect)) error
}

func (w windows) divide(width, height int) division {
	if w.overlap.Size > 0 {
		p := w.overlap.Plan(width, height)
		d := division{
			w: width, h: height, height: p.StripHeight, above: p.Above, below: p.Below,
			cols: p.Cols(), windows: p.Windows(), strips: p.Strips(), held: p.Held(), strip: p.Strip, follows: p.Follows,
			joiner: func() joiner { return tile.NewAverager(p) }, pad: tile.Mirror,
		}
		d.windowW, d.windowH = p.WindowSize()
		return d
	}
	p := w.plan(width, height)
	d := division{
		w: width, h: height, height: p.StripHeight, above: p.Above, below: p.Below,
		cols: p.Cols(), windows: p.Windows(), strips: p.Strips(), held: p.Held(), strip: p.Strip, follows: p.Follows,
		joiner: func() joiner { return tile.NewStitcher(p) }, pad: tile.Repeat,
	}
	d.windowW, d.windowH = p.WindowSize()
	return d
}
