package tile

import (
	"errors"
	"fmt"
)

// Rect is a rectangle of pixels in the photo's coordinates. It may reach beyond
// the photo.
type Rect struct{ X, Y, W, H int }

// Right is the first column behind r.
func (r Rect) Right() int { return r.X + r.W }

// Bottom is the first row behind r.
func (r Rect) Bottom() int { return r.Y + r.H }

// Intersect is the part that r and o share; its sides are never negative.
func (r Rect) Intersect(o Rect) Rect {
	x, y := max(r.X, o.X), max(r.Y, o.Y)
	return Rect{x, y, max(0, min(r.Right(), o.Right())-x), max(0, min(r.Bottom(), o.Bottom())-y)}
}

// Contains reports whether o lies within r.
func (r Rect) Contains(o Rect) bool {
	return o.X >= r.X && o.Y >= r.Y && o.Right() <= r.Right() && o.Bottom() <= r.Bottom()
}

// Times is the same part of a photo that is so many times larger.
func (r Rect) Times(scale int) Rect { return Rect{r.X * scale, r.Y * scale, r.W * scale, r.H * scale} }

// Over is what r is the [Rect.Times] of.
func (r Rect) Over(scale int) Rect { return Rect{r.X / scale, r.Y / scale, r.W / scale, r.H / scale} }

func (r Rect) String() string { return fmt.Sprintf("%dx%d+%d+%d", r.W, r.H, r.X, r.Y) }

// Tile is one of the pieces that a plan divides a photo into.
type Tile struct {
	Row, Col int
	Rect     Rect // what the network sees; at the right and bottom it may reach beyond the photo
	Core     Rect // what the network's answer is used for, with the bands shared with its neighbours
}

// Plan is the division of one photo. It is a value of constant size, whatever
// the photo's.
type Plan struct {
	W, H         int // the photo
	StripHeight  int // rows of a strip; the last strip may be shorter
	Above, Below int // the most input rows that a strip needs above its first and below its last row

	x, y axis
}

// Plan divides a photo of w × h pixels. It panics when l is invalid or a side is
// not positive: both are known before a photo's pixels are touched.
func (l Layout) Plan(w, h int) Plan { return PlanOf(l, l, w, h) }

// PlanOf is [Layout.Plan] with tiles as long as across has them and as high as
// down has them.
func PlanOf(across, down Layout, w, h int) Plan {
	if err := errors.Join(across.Validate(), down.Validate()); err != nil {
		panic(err)
	}
	if w < 1 || h < 1 {
		panic(fmt.Sprintf("tile: a photo of %d×%d pixels cannot be planned", w, h))
	}
	down.Parallel = 0
	p := Plan{W: w, H: h, x: across.axis(w), y: down.axis(h)}
	p.StripHeight = p.y.stride
	last := p.Strips() - 1
	for _, k := range []int{0, 1, 2, last - 2, last - 1, last} { // in between all strips are alike
		if k < 0 || k > last {
			continue
		}
		s, in := p.Strip(k), p.Input(k)
		p.Above = max(p.Above, s.Y-in.Y)
		p.Below = max(p.Below, in.Bottom()-s.Bottom())
	}
	return p
}

// Scaled is the plan for answers that are so many times as wide and high as what the
// network sees: all of its places and sizes are those of the larger photo. A
// [Stitcher] joins such answers.
func (p Plan) Scaled(by int) Plan {
	p.W, p.H, p.StripHeight = p.W*by, p.H*by, p.StripHeight*by
	p.Above, p.Below = p.Above*by, p.Below*by
	p.x, p.y = p.x.scaled(by), p.y.scaled(by)
	return p
}

// TileSize is the shape of all tiles of the plan.
func (p Plan) TileSize() (w, h int) { return p.x.tile, p.y.tile }

// Rows counts the rows of tiles: as many as strips, or one less when the last
// row's tiles reach to the end of the photo.
func (p Plan) Rows() int { return p.y.n }

// Cols counts the tiles of a row.
func (p Plan) Cols() int { return p.x.n }

// Tiles is the number of tiles of the whole photo.
func (p Plan) Tiles() int { return p.x.n * p.y.n }

// Row lists the tiles of one row, left to right.
func (p Plan) Row(r int) []Tile {
	tiles := make([]Tile, p.x.n)
	y0, y1 := p.y.core(r)
	for c := range tiles {
		x0, x1 := p.x.core(c)
		tiles[c] = Tile{
			Row: r, Col: c,
			Rect: Rect{p.x.origin(c), p.y.origin(r), p.x.tile, p.y.tile},
			Core: Rect{x0, y0, x1 - x0, y1 - y0},
		}
	}
	return tiles
}

// Strips is the number of strips.
func (p Plan) Strips() int { return ceilDiv(p.H, p.StripHeight) }

// Strip is the part of the photo that strip k is.
func (p Plan) Strip(k int) Rect {
	y := k * p.StripHeight
	return Rect{0, y, p.W, min(p.StripHeight, p.H-y)}
}

// Input is the part of the photo that strip k is made from when nothing of the
// strip above has been kept.
func (p Plan) Input(k int) Rect {
	y0 := p.y.origin(min(max(k-1, 0), p.y.n-1))
	y1 := min(p.H, p.y.origin(min(k, p.y.n-1))+p.y.tile)
	return Rect{0, y0, p.W, y1 - y0}
}

// RowsKept is the rows of the photo's width that a [Stitcher] keeps as numbers.
func (p Plan) RowsKept() int { return p.y.feather + p.y.halo }

// FirstNewRow is the first row of the photo that strip k is made from when the strip
// above has been made just before.
func (p Plan) FirstNewRow(k int) int {
	y := p.Strip(k).Y
	if k >= p.y.n { // the row above reaches to the end
		return y
	}
	return min(y, p.y.origin(k))
}

// axis is the division of one side of a photo.
type axis struct {
	extent, tile, stride int
	halo, feather, n     int
	grid                 int // that origins lie on
}

func (a axis) scaled(by int) axis {
	return axis{a.extent * by, a.tile * by, a.stride * by, a.halo * by, a.feather * by, a.n, a.grid * by}
}

func (l Layout) axis(extent int) axis {
	if extent <= l.Size {
		return axis{extent: extent, tile: roundUp(extent, l.Multiple), stride: extent, n: 1, grid: Grid}
	}
	if l.Fitted {
		l.Size = l.fitted(extent)
	}
	return axis{
		extent: extent, tile: l.Size, stride: l.Stride(), halo: l.Halo, feather: l.Feather, n: l.count(extent), grid: Grid,
	}
}

// count is the number of tiles along an axis longer than one of them; the
// last tile needs no halo behind it.
func (l Layout) count(extent int) int { return 1 + ceilDiv(extent-l.Size+l.Halo, l.Stride()) }

// evenCount is count with as many tiles more as the last ones leave room for.
func (l Layout) evenCount(extent int) int { return roundUp(l.count(extent), max(l.Parallel, 1)) }

// Sides of long pixels and more get tiles larger by up to a quarter, across by
// up to a half, where each step that is taken computes least percent less.
const (
	long    = 2048
	quarter = 4
	least   = 3
)

// fitted is the size of a photo's tiles along one side.
func (l Layout) fitted(extent int) int {
	size := l.smallest(extent)
	if extent < long {
		return size
	}
	room := l.Size / quarter
	if l.Parallel > 1 { // few sizes have rows of tiles that come out even
		room *= 2
	}
	work, most := l.evenCount(extent)*size, min(l.Size+room, extent)
	for step := lcm(l.Multiple, Grid); l.Size+step <= most; {
		l.Size += step
		larger := l.smallest(extent)
		if w := l.evenCount(extent) * larger; 100*w <= (100-least)*work {
			size, work = larger, w
		}
	}
	return size
}

// smallest is the smallest valid size with which no more tiles are needed.
func (l Layout) smallest(extent int) int {
	n, size := l.count(extent), l.Size
	for step := lcm(l.Multiple, Grid); ; size = l.Size {
		l.Size -= step
		if l.Size <= 0 || l.Validate() != nil || l.count(extent) > n {
			return size
		}
	}
}

// origin is the first pixel of tile i: Halo before its core, moved to lie
// within the photo, but for what alignment needs.
func (a axis) origin(i int) int {
	end := roundUp(max(a.extent-a.tile, 0), a.grid)
	return min(max(i*a.stride-a.halo, 0), end)
}

// core is what tile i answers for, up to the end of the band that it shares
// with tile i+1.
func (a axis) core(i int) (from, to int) {
	if i == a.n-1 {
		return i * a.stride, a.extent
	}
	return i * a.stride, (i+1)*a.stride + a.feather
}
