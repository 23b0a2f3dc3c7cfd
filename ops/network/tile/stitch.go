package tile

import "fmt"

// Planar is a piece of a photo as a network knows it: three planes R, G and B,
// one after the other, each Rect.H rows of Rect.W values in [0,1].
type Planar struct {
	Rect Rect
	Pix  []float32
}

// NewPlanar returns a black piece of the shape and place of r.
func NewPlanar(r Rect) Planar { return Planar{Rect: r, Pix: make([]float32, 3*r.W*r.H)} }

// row is the part from x on of row y of plane c; x and y are the photo's.
func (p Planar) row(c, y, x, n int) []float32 {
	at := (c*p.Rect.H+y-p.Rect.Y)*p.Rect.W + x - p.Rect.X
	return p.Pix[at : at+n]
}

// Stitcher joins the restored tiles of one plan to strips. The tiles of a
// row come left to right; a row leaves behind its last rows, which the strip
// below needs. Strips asked for in order therefore restore every tile once; a
// strip asked for out of order restores the row above it again, so that what it
// looks like never depends on the order of asking.
//
// It holds [Plan.RowsKept] rows and is not safe for concurrent use.
type Stitcher struct {
	plan  Plan
	along []float32 // weight of the right tile at each pixel of a band
	down  []float32 // of the lower one
	right Planar    // the band that the tile before shares with the next
	carry Planar    // what row held has restored behind strip held; its Rect.Y is 0
	held  int       // -1: none
}

// NewStitcher returns a stitcher that holds nothing yet.
func NewStitcher(p Plan) *Stitcher {
	s := &Stitcher{plan: p, held: -1, along: ramp(p.x.feather), down: ramp(p.y.feather)}
	if p.Cols() > 1 {
		s.right = NewPlanar(Rect{0, 0, p.x.feather, p.y.tile})
	}
	if p.Rows() > 1 {
		s.carry = NewPlanar(Rect{0, 0, p.W, p.y.feather + p.y.halo})
	}
	return s
}

// ramp rises smoothly from nearly 0 to nearly 1: smoothstep at pixel centres.
func ramp(n int) []float32 {
	w := make([]float32, n)
	for i := range w {
		t := (float64(i) + 0.5) / float64(n)
		w[i] = float32(t * t * (3 - 2*t))
	}
	return w
}

// Strip makes strip k. It calls restore for each row of tiles that it needs
// (none, one or two); restore calls done for every tile, left to right, with the
// restored tile, which the stitcher then owns until done returns. Finished
// pixels go to emit as a part of a piece; the parts make up the strip.
func (s *Stitcher) Strip(k int, restore func(tiles []Tile, done func(Planar)) error, emit func(p Planar, part Rect)) error {
	if k < 0 || k >= s.plan.Strips() {
		return fmt.Errorf("strip %d of a photo with %d strips", k, s.plan.Strips())
	}
	last := min(k, s.plan.Rows()-1)
	if k > 0 && s.held != k-1 {
		if err := s.row(k-1, restore, func(Planar, Rect) {}); err != nil {
			return err
		}
	}
	if last < k { // the row above reaches to the end of the photo
		rest := s.carry
		rest.Rect.Y = s.plan.Strip(k).Y
		emit(rest, s.plan.Strip(k))
		return nil
	}
	return s.row(k, restore, emit)
}

// Reset forgets what earlier strips have left behind.
func (s *Stitcher) Reset() { s.held = -1 }

// row restores and joins one row of tiles.
func (s *Stitcher) row(r int, restore func([]Tile, func(Planar)) error, emit func(Planar, Rect)) error {
	tiles := s.plan.Row(r)
	above := r > 0 && s.held == r-1
	s.held = -1 // until the whole row is there
	next := 0
	err := restore(tiles, func(w Planar) {
		t := tiles[next]
		if w.Rect != t.Rect || len(w.Pix) != 3*w.Rect.W*w.Rect.H {
			panic(fmt.Sprintf("tile: tile %v of %d values came where %v was due", w.Rect, len(w.Pix), t.Rect))
		}
		next++
		part := s.join(t, w, above)
		emit(w, part.Intersect(s.plan.Strip(r)))
	})
	if err != nil {
		return err
	}
	if next != len(tiles) {
		return fmt.Errorf("tile: %d of the %d tiles of row %d were restored", next, len(tiles), r)
	}
	s.held = r
	return nil
}

// join blends tile w of tile t, in place, with its neighbours to the left and
// above, keeps what its neighbours to the right and below will need, and returns
// the part that is final as far as columns go.
func (s *Stitcher) join(t Tile, w Planar, above bool) Rect {
	f, core := s.plan.x.feather, t.Core
	for c := range 3 {
		for y := core.Y; t.Col > 0 && y < core.Bottom(); y++ {
			blend(w.row(c, y, core.X, f), s.right.row(c, y-core.Y, 0, f), s.along)
		}
	}
	if t.Col < s.plan.Cols()-1 {
		core.W = s.plan.x.stride
		for c := range 3 {
			for y := core.Y; y < core.Bottom(); y++ {
				copy(s.right.row(c, y-core.Y, 0, f), w.row(c, y, core.Right(), f))
			}
		}
	}
	if above {
		s.blendAbove(w, core)
	}
	s.keepBelow(w, core)
	return core
}

// blendAbove blends the first rows of core with those that the row above left.
func (s *Stitcher) blendAbove(w Planar, core Rect) {
	for c := range 3 {
		for i, a := range s.down {
			dst := w.row(c, core.Y+i, core.X, core.W)
			src := s.carry.row(c, i, core.X, core.W)
			for x, v := range src {
				dst[x] = v + a*(dst[x]-v)
			}
		}
	}
}

// keepBelow keeps the rows of core that belong to the next strip.
func (s *Stitcher) keepBelow(w Planar, core Rect) {
	next := core.Y + s.plan.StripHeight
	for c := range 3 {
		for y := next; y < core.Bottom(); y++ {
			copy(s.carry.row(c, y-next, core.X, core.W), w.row(c, y, core.X, core.W))
		}
	}
}

// blend fades from old to dst: weight 0 keeps old. Equal values stay as they are.
func blend(dst, old, ramp []float32) {
	for i, a := range ramp {
		dst[i] = old[i] + a*(dst[i]-old[i])
	}
}
