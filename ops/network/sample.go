package network

import (
	"context"
	"math"
	"slices"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/network/tile"
	"github.com/burnish-photo/burnish/ops/vips"
)

const (
	// sampleSide is that of the tiles that a large photo is judged by, in pixels.
	sampleSide = 256
	// Regions along the long and the short side of a photo; a tile is taken of each.
	longRegions, shortRegions = 3, 2
	// wholePixels is the size of a photo up to which it is restored and judged by
	// all of its tiles: samples would be no small part of that.
	wholePixels = 1 << 20
)

// sample restores some tiles of the file that src names, spread over the photo and
// chosen by content, and shows them to judge. The file is read once more, since the
// photo on its way may be a stream that can be read only once.
func (o *Operator) sample(ctx context.Context, src *ops.Source, judge Judge) error {
	file, err := openAgain(src)
	if err != nil {
		return err
	}
	defer file.Close()
	p, err := readable(file)
	if err != nil {
		return err
	}
	defer p.Close()
	var tiles []tile.Planar
	switch p.Format() {
	case "uchar":
		tiles, err = chosenTiles[uint8](ctx, p, o.sampleSide())
	case "ushort":
		tiles, err = chosenTiles[uint16](ctx, p, o.sampleSide())
	}
	if err != nil {
		return err
	}
	return o.answer(ctx, tiles, seenBy(judge, p))
}

func openAgain(src *ops.Source) (*vips.Image, error) {
	if src.Page > 0 {
		return vips.OpenPage(src.Content(), src.Page, vips.Sequential)
	}
	return vips.Open(src.Content(), vips.Sequential)
}

// sampleSide is that of the usual tiles where devices prepare themselves for each
// shape.
func (o *Operator) sampleSide() int {
	if o.tiling.layout.Fitted {
		return tile.Fit(sampleSide, 0, 0, o.tiling.layout.Multiple).Size
	}
	return o.tiling.layout.Size
}

// answer runs the network on tiles, with the check and the fallbacks of every tile.
func (o *Operator) answer(ctx context.Context, tiles []tile.Planar, observe observer) error {
	j := o.newJob(ctx, min(o.devices.runs(), len(tiles)))
	j.observe, j.augmentations, j.strength = observe, 1, 1
	places := make([]tile.Tile, len(tiles))
	for i, t := range tiles {
		places[i].Rect = t.Rect
	}
	load := func(dst tile.Planar) error {
		i := slices.IndexFunc(tiles, func(t tile.Planar) bool { return t.Rect == dst.Rect })
		copy(dst.Pix, tiles[i].Pix)
		return nil
	}
	return j.restore(places, load, func(tile.Planar) {})
}

// chosenTiles reads p once and keeps the tile of each region that tells most.
func chosenTiles[T tile.Sample](ctx context.Context, p *vips.Image, side int) ([]tile.Planar, error) {
	c := newChooser[T](p.Width(), p.Height(), side)
	view, err := p.Strips(vips.Strips{Height: side, Cheap: true, Bands: 1, Format: "uchar", Interpretation: "b-w", Func: c.look})
	if err != nil {
		return nil, err
	}
	defer view.Close()
	if err := view.Drain(ctx); err != nil {
		return nil, err
	}
	return c.tiles(), nil
}

// chooser looks at every tile of a photo, as its rows go by, and keeps the most
// telling of each region: in turns the one with the most texture, and the one
// with the strongest edges beside flat areas, where ringing shows.
type chooser[T tile.Sample] struct {
	photo      tile.Rect
	side       int
	cols, rows int // of regions
	best       []float64
	kept       []tile.Planar
}

func newChooser[T tile.Sample](w, h, side int) *chooser[T] {
	c := &chooser[T]{photo: tile.Rect{W: w, H: h}, side: side, cols: longRegions, rows: shortRegions}
	if h > w {
		c.cols, c.rows = c.rows, c.cols
	}
	n := c.cols * c.rows
	c.best, c.kept = slices.Repeat([]float64{-1}, n), make([]tile.Planar, n)
	return c
}

// look judges the tiles of one strip. Tiles lie within the photo where it is
// large enough. Its output means nothing.
func (c *chooser[T]) look(in, out vips.Rows) error {
	clear(out.Pixels)
	if in.Height < c.side && in.Top > 0 {
		return nil
	}
	src := pixels[T](in)
	for x := 0; x == 0 || x+c.side <= c.photo.W; x += c.side {
		r := tile.Rect{X: x, Y: in.Top, W: c.side, H: c.side}
		region := c.region(r.Intersect(c.photo))
		score := telling(src, r.Intersect(c.photo), region%2 == 0)
		if score <= c.best[region] {
			continue
		}
		t := tile.NewPlanar(r)
		if err := tile.Load(t, src, c.photo.W, c.photo.H, tile.Repeat); err != nil {
			return err
		}
		c.best[region], c.kept[region] = score, t
	}
	return nil
}

// region is the one that the middle of r lies in.
func (c *chooser[T]) region(r tile.Rect) int {
	return (r.Y+r.H/2)*c.rows/c.photo.H*c.cols + (r.X+r.W/2)*c.cols/c.photo.W
}

func (c *chooser[T]) tiles() []tile.Planar {
	return slices.DeleteFunc(c.kept, func(t tile.Planar) bool { return t.Pix == nil })
}

// telling is how much a tile tells of damage: by its texture, the mean jump
// between neighbouring pixels; or else by its edges beside flat areas, that times how far the
// peaks of its busy parts rise above those of its calm ones.
func telling[T tile.Sample](src tile.Pixels[T], r tile.Rect, texture bool) float64 {
	var sum float64
	var peaks []float64
	for y := r.Y; y+tile.Grid <= r.Bottom(); y += tile.Grid {
		for x := r.X; x+tile.Grid <= r.Right(); x += tile.Grid {
			mean, peak := jumps(src, x, y)
			sum += mean
			peaks = append(peaks, peak)
		}
	}
	if len(peaks) == 0 {
		return 0
	}
	mean := sum / float64(len(peaks))
	if texture {
		return mean
	}
	slices.Sort(peaks)
	const calm = 4.0 / 255 // of full scale: jumps of noise
	return mean * quantile(peaks, 0.9) / (quantile(peaks, 0.25) + calm*float64(^T(0)))
}

// jumps are the mean and the largest difference of neighbours across, in every
// other row of a block.
func jumps[T tile.Sample](src tile.Pixels[T], x, y int) (mean, peak float64) {
	band := 0
	if src.Bands >= 3 {
		band = 1 // green stands for luma
	}
	for row := y; row < y+tile.Grid; row += 2 {
		at := src.Pix[(row-src.Rect.Y)*src.Stride+x*src.Bands+band:]
		for i := 1; i < tile.Grid; i++ {
			d := math.Abs(float64(at[i*src.Bands]) - float64(at[(i-1)*src.Bands]))
			mean, peak = mean+d, max(peak, d)
		}
	}
	return mean / (tile.Grid / 2 * (tile.Grid - 1)), peak
}

// quantile is one of sorted values.
func quantile(sorted []float64, q float64) float64 {
	return sorted[int(q*float64(len(sorted)-1)+0.5)]
}
