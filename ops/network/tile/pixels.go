package tile

import "fmt"

// Sample is the type of one band of one pixel: full scale is the type's largest
// value.
type Sample interface{ uint8 | uint16 }

// Pixels is a piece of a photo as decoders know it: rows of interleaved pixels.
// One or two bands are gray, three or more begin with R, G and B; a band behind
// the colours (alpha) is never touched here.
type Pixels[T Sample] struct {
	Rect   Rect
	Bands  int
	Stride int // samples from one row to the next
	Pix    []T
}

// row is the n pixels of row y from x on; x and y are the photo's.
func (p Pixels[T]) row(y, x, n int) []T {
	at := (y-p.Rect.Y)*p.Stride + (x-p.Rect.X)*p.Bands
	return p.Pix[at : at+n*p.Bands]
}

// colours is the number of bands that are colour: 1 or 3.
func (p Pixels[T]) colours() int {
	if p.Bands < 3 {
		return 1
	}
	return 3
}

func full[T Sample]() float32 { return float32(^T(0)) }

// Pad says what lies beyond the photo to the right and below.
type Pad int

const (
	Repeat Pad = iota // its last column and row, as JPEG encoders do
	Mirror            // its columns and rows before the last, backwards, as PromptCIR's authors do
)

// Load fills dst from src, which must hold all pixels of the photo (w × h) below
// dst; pixels beyond the photo are as pad says. Gray becomes three equal planes.
func Load[T Sample](dst Planar, src Pixels[T], w, h int, pad Pad) error {
	in := dst.Rect.Intersect(Rect{0, 0, w, h})
	if in.W == 0 || in.H == 0 || in.X != dst.Rect.X || in.Y != dst.Rect.Y || !src.Rect.Contains(in) {
		return fmt.Errorf("tile: tile %v of a photo of %d×%d pixels cannot be filled from %v", dst.Rect, w, h, src.Rect)
	}
	for y := in.Y; y < in.Bottom(); y++ {
		row := src.row(y, in.X, in.W)
		r, g, b := dst.row(0, y, in.X, dst.Rect.W), dst.row(1, y, in.X, dst.Rect.W), dst.row(2, y, in.X, dst.Rect.W)
		if src.colours() == 1 {
			loadGray(r[:in.W], row, src.Bands)
			copy(g, r[:in.W])
			copy(b, r[:in.W])
		} else {
			loadRGB(r[:in.W], g, b, row, src.Bands)
		}
		for _, plane := range [][]float32{r, g, b} {
			extend(plane, in.W, pad)
		}
	}
	for c := range 3 {
		for y := in.Bottom(); y < dst.Rect.Bottom(); y++ {
			copy(dst.row(c, y, in.X, dst.Rect.W), dst.row(c, in.Y+pad.from(y-in.Y, in.H), in.X, dst.Rect.W))
		}
	}
	return nil
}

// from is which of n places the one at i, beyond them, is like.
func (p Pad) from(i, n int) int {
	if p == Repeat || n == 1 {
		return n - 1
	}
	i %= 2 * (n - 1)
	return min(i, 2*(n-1)-i)
}

func loadRGB[T Sample](r, g, b []float32, row []T, bands int) {
	scale := 1 / full[T]()
	g, b = g[:len(r)], b[:len(r)]
	for i := range r {
		p := row[i*bands:][:3]
		r[i] = float32(p[0]) * scale
		g[i] = float32(p[1]) * scale
		b[i] = float32(p[2]) * scale
	}
}

func loadGray[T Sample](v []float32, row []T, bands int) {
	scale := 1 / full[T]()
	for i := range v {
		v[i] = float32(row[i*bands]) * scale
	}
}

// extend fills row behind its first n values.
func extend(row []float32, n int, pad Pad) {
	for i := n; i < len(row); i++ {
		row[i] = row[pad.from(i, n)]
	}
}

// Store writes part of src to dst, clamped to the scale and rounded to nearest.
// Gray is the BT.601 luma of the three planes. Other bands keep what they held.
func Store[T Sample](dst Pixels[T], src Planar, part Rect) error {
	if !dst.Rect.Contains(part) || !src.Rect.Contains(part) {
		return fmt.Errorf("tile: %v cannot be copied from tile %v to %v", part, src.Rect, dst.Rect)
	}
	for y := part.Y; y < part.Bottom(); y++ {
		row := dst.row(y, part.X, part.W)
		r, g, b := src.row(0, y, part.X, part.W), src.row(1, y, part.X, part.W), src.row(2, y, part.X, part.W)
		if dst.colours() == 1 {
			storeGray(row, dst.Bands, r, g, b)
		} else {
			storeRGB(row, dst.Bands, r, g, b)
		}
	}
	return nil
}

func storeRGB[T Sample](row []T, bands int, r, g, b []float32) {
	g, b = g[:len(r)], b[:len(r)]
	for i := range r {
		p := row[i*bands:][:3]
		p[0], p[1], p[2] = quantize[T](r[i]), quantize[T](g[i]), quantize[T](b[i])
	}
}

func storeGray[T Sample](row []T, bands int, r, g, b []float32) {
	g, b = g[:len(r)], b[:len(r)]
	for i := range r {
		row[i*bands] = quantize[T](0.299*r[i] + 0.587*g[i] + 0.114*b[i])
	}
}

// quantize maps [0,1] to the full scale; what is not a number becomes 0.
func quantize[T Sample](v float32) T {
	top := full[T]()
	v = v*top + 0.5
	switch {
	case v >= top:
		return ^T(0)
	case v > 0:
		return T(v)
	}
	return 0
}

// Copy copies a part of src to dst with all its bands.
func Copy[T Sample](dst, src Pixels[T], part Rect) error {
	if dst.Bands != src.Bands || !dst.Rect.Contains(part) || !src.Rect.Contains(part) {
		return fmt.Errorf("tile: %v of %v, %d bands, cannot be copied to %v, %d bands", part, src.Rect, src.Bands, dst.Rect, dst.Bands)
	}
	for y := part.Y; y < part.Bottom(); y++ {
		copy(dst.row(y, part.X, part.W), src.row(y, part.X, part.W))
	}
	return nil
}

// Cut fills dst with the part of src that its rectangle names; what lies beyond
// src to the right and below repeats its last column and row.
func Cut(dst, src Planar) error {
	in := dst.Rect.Intersect(src.Rect)
	if in.W == 0 || in.H == 0 || in.X != dst.Rect.X || in.Y != dst.Rect.Y {
		return fmt.Errorf("tile: tile %v cannot be cut from %v", dst.Rect, src.Rect)
	}
	for c := range 3 {
		for y := dst.Rect.Y; y < dst.Rect.Bottom(); y++ {
			row := dst.row(c, y, in.X, dst.Rect.W)
			copy(row, src.row(c, min(y, in.Bottom()-1), in.X, in.W))
			extend(row, in.W, Repeat)
		}
	}
	return nil
}

// Paste copies part of src, which both hold, to dst.
func Paste(dst, src Planar, part Rect) {
	for c := range 3 {
		for y := part.Y; y < part.Bottom(); y++ {
			copy(dst.row(c, y, part.X, part.W), src.row(c, y, part.X, part.W))
		}
	}
}
