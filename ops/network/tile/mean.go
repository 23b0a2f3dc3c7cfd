package tile

import "fmt"

// Overlap is the shape of tiles whose answers are averaged, each pixel over
// all tiles that hold it, as PromptCIR's authors do: no halo is thrown away
// and nothing is feathered. The photo is extended to the right and below, by
// mirroring, to a multiple of Multiple; the last tiles end where that does.
type Overlap struct {
	Size     int // width and height of a tile, a multiple of Multiple
	Shared   int // pixels that neighbouring tiles share; the last share more
	Multiple int
}

// FitOverlap returns tiles of at most size pixels, a quarter of which is
// shared, for a network that accepts multiples of multiple only. The authors
// take 384 and 96, and multiples of 32.
func FitOverlap(size, multiple int) Overlap {
	m := lcm(max(multiple, 1), 32)
	size = max(size/m, 1) * m
	return Overlap{Size: size, Shared: size / 4 / Grid * Grid, Multiple: m}
}

// MeanPlan is the division of one photo into tiles to be averaged.
type MeanPlan struct {
	W, H         int // the photo
	StripHeight  int
	Above, Below int // see [Plan]

	x, y meanAxis
}

// Plan divides a photo of w × h pixels, which are positive.
func (o Overlap) Plan(w, h int) MeanPlan {
	p := MeanPlan{W: w, H: h, x: o.axis(w), y: o.axis(h)}
	p.StripHeight = p.y.stride
	for k := range p.Strips() {
		s := p.Strip(k)
		rows := p.rows(s)
		p.Above = max(p.Above, s.Y-p.y.origins[rows[0]])
		p.Below = max(p.Below, min(h, p.y.origins[rows[len(rows)-1]]+p.y.tile)-s.Bottom())
	}
	return p
}

// RowsKept is the rows of the photo's width that an [Averager] keeps as numbers.
func (p MeanPlan) RowsKept() int { return 3*p.y.tile + p.StripHeight }

// FirstNewRow is the first row of the photo that strip k is made from when the strip
// above has been made just before.
func (p MeanPlan) FirstNewRow(k int) int {
	y, held := p.Strip(k).Y, -1
	if k > 0 {
		above := p.rows(p.Strip(k - 1))
		held = above[len(above)-1]
	}
	for _, r := range p.rows(p.Strip(k)) {
		if r > held {
			return min(y, p.y.origins[r])
		}
	}
	return y
}

// Cols counts the tiles of a row.
func (p MeanPlan) Cols() int { return len(p.x.origins) }

// Tiles is the number of tiles of the whole photo.
func (p MeanPlan) Tiles() int { return len(p.x.origins) * len(p.y.origins) }

// TileSize is the shape of all tiles of the plan.
func (p MeanPlan) TileSize() (w, h int) { return p.x.tile, p.y.tile }

// Strips is the number of strips.
func (p MeanPlan) Strips() int { return ceilDiv(p.H, p.StripHeight) }

// Strip is the part of the photo that strip k is.
func (p MeanPlan) Strip(k int) Rect {
	y := k * p.StripHeight
	return Rect{0, y, p.W, min(p.StripHeight, p.H-y)}
}

// rows lists the rows of tiles that have a part in s.
func (p MeanPlan) rows(s Rect) (rows []int) {
	for r, y := range p.y.origins {
		if y < s.Bottom() && y+p.y.tile > s.Y {
			rows = append(rows, r)
		}
	}
	return rows
}

// row lists the tiles of row r, left to right.
func (p MeanPlan) row(r int) []Tile {
	tiles := make([]Tile, p.Cols())
	for c, x := range p.x.origins {
		w := Rect{x, p.y.origins[r], p.x.tile, p.y.tile}
		tiles[c] = Tile{Row: r, Col: c, Rect: w, Core: w}
	}
	return tiles
}

// meanAxis is the division of one side.
type meanAxis struct {
	tile, stride int
	origins      []int
	share        []float32 // of one tile in the mean at each pixel
}

func (o Overlap) axis(extent int) meanAxis {
	padded := roundUp(extent, o.Multiple)
	a := meanAxis{tile: min(o.Size, padded), stride: extent, share: make([]float32, padded)}
	last := padded - a.tile
	if last > 0 {
		a.stride = o.Size - o.Shared
	}
	for at := 0; at < last; at += a.stride {
		a.origins = append(a.origins, at)
	}
	a.origins = append(a.origins, last)
	for _, at := range a.origins {
		for i := range a.tile {
			a.share[at+i]++
		}
	}
	for i, n := range a.share {
		a.share[i] = 1 / n
	}
	return a
}

// Averager joins the tiles of a [MeanPlan] to strips. It holds up to three
// rows of tiles and is not safe for concurrent use. Strips may be asked for in
// any order; in order, every tile is restored once.
type Averager struct {
	plan MeanPlan
	held map[int]Planar // rows of tiles, each averaged along the row
	free []Planar
	out  Planar
}

// NewAverager returns an averager that holds nothing yet.
func NewAverager(p MeanPlan) *Averager {
	return &Averager{plan: p, held: map[int]Planar{}, out: NewPlanar(Rect{W: p.W, H: p.StripHeight})}
}

// Strip makes strip k; see [Stitcher.Strip].
func (a *Averager) Strip(k int, restore func(tiles []Tile, done func(Planar)) error, emit func(p Planar, part Rect)) error {
	if k < 0 || k >= a.plan.Strips() {
		return fmt.Errorf("strip %d of a photo with %d strips", k, a.plan.Strips())
	}
	s := a.plan.Strip(k)
	for r, row := range a.held { // what no later strip needs
		if row.Rect.Bottom() <= s.Y || row.Rect.Y >= s.Bottom() {
			a.free = append(a.free, row)
			delete(a.held, r)
		}
	}
	rows := a.plan.rows(s)
	for _, r := range rows {
		if _, ok := a.held[r]; !ok {
			if err := a.row(r, restore); err != nil {
				return err
			}
		}
	}
	a.out.Rect.Y = s.Y
	clear(a.out.Pix)
	for _, r := range rows {
		a.addRow(a.held[r], s)
	}
	emit(a.out, s)
	return nil
}

// row restores row r and holds its mean.
func (a *Averager) row(r int, restore func([]Tile, func(Planar)) error) error {
	tiles := a.plan.row(r)
	sum := a.buffer(tiles[0].Rect.Y)
	next := 0
	err := restore(tiles, func(w Planar) {
		if w.Rect != tiles[next].Rect {
			panic(fmt.Sprintf("tile: tile %v came where %v was due", w.Rect, tiles[next].Rect))
		}
		next++
		n := min(w.Rect.W, a.plan.W-w.Rect.X)
		share := a.plan.x.share[w.Rect.X:][:n]
		for c := range 3 {
			for y := w.Rect.Y; y < w.Rect.Bottom(); y++ {
				addTo(sum.row(c, y, w.Rect.X, n), w.row(c, y, w.Rect.X, n), share)
			}
		}
	})
	if err == nil && next != len(tiles) {
		err = fmt.Errorf("tile: %d of the %d tiles of row %d were restored", next, len(tiles), r)
	}
	if err != nil {
		a.free = append(a.free, sum)
		return err
	}
	a.held[r] = sum
	return nil
}

// buffer is a black row of tiles whose first pixels lie at y.
func (a *Averager) buffer(y int) Planar {
	place := Rect{0, y, a.plan.W, a.plan.y.tile}
	if n := len(a.free); n > 0 {
		p := a.free[n-1]
		a.free = a.free[:n-1]
		p.Rect = place
		clear(p.Pix)
		return p
	}
	return NewPlanar(place)
}

// addRow adds the share that a row of tiles has in the strip s.
func (a *Averager) addRow(row Planar, s Rect) {
	part := row.Rect.Intersect(s)
	for c := range 3 {
		for y := part.Y; y < part.Bottom(); y++ {
			dst, share := a.out.row(c, y, 0, a.plan.W), a.plan.y.share[y]
			for x, v := range row.row(c, y, 0, a.plan.W) {
				dst[x] += v * share
			}
		}
	}
}

func addTo(dst, src, share []float32) {
	for i, v := range src {
		dst[i] += v * share[i]
	}
}
