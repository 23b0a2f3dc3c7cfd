package tile

import (
	"fmt"
	"math"
)

// Enlarge fills dst with src at so many times its size, linearly between the middles
// of pixels.
func Enlarge(dst, src Planar, scale int) {
	for c := range 3 {
		for y := range dst.Rect.H {
			top, bottom, down := between(y, scale, src.Rect.H)
			upper, lower := src.row(c, src.Rect.Y+top, src.Rect.X, src.Rect.W), src.row(c, src.Rect.Y+bottom, src.Rect.X, src.Rect.W)
			to := dst.row(c, dst.Rect.Y+y, dst.Rect.X, dst.Rect.W)
			for x := range to {
				left, right, across := between(x, scale, src.Rect.W)
				a := upper[left] + across*(upper[right]-upper[left])
				b := lower[left] + across*(lower[right]-lower[left])
				to[x] = a + down*(b-a)
			}
		}
	}
}

// EnlargeRest fills the bands of dst that are no colours with those of src at so many
// times its size, as [Enlarge] does. Rows beyond src, of a photo of h rows, are taken
// to be as its nearest.
func EnlargeRest[T Sample](dst, src Pixels[T], scale int) error {
	if dst.Bands != src.Bands || dst.Rect.W != src.Rect.W*scale {
		return fmt.Errorf("tile: %v, %d bands, is not %v, %d bands, at %d times the size", dst.Rect, dst.Bands, src.Rect, src.Bands, scale)
	}
	for y := dst.Rect.Y; y < dst.Rect.Bottom(); y++ {
		top, bottom, down := between(y, scale, src.Rect.Bottom())
		upper, lower := src.row(max(top, src.Rect.Y), 0, src.Rect.W), src.row(max(bottom, src.Rect.Y), 0, src.Rect.W)
		to := dst.row(y, 0, dst.Rect.W)
		for x := range dst.Rect.W {
			left, right, across := between(x, scale, src.Rect.W)
			for band := src.colours(); band < src.Bands; band++ {
				at := func(row []T, x int) float32 { return float32(row[x*src.Bands+band]) }
				a := at(upper, left) + across*(at(upper, right)-at(upper, left))
				b := at(lower, left) + across*(at(lower, right)-at(lower, left))
				to[x*dst.Bands+band] = T(a + down*(b-a) + 0.5)
			}
		}
	}
	return nil
}

// between is which two of n places the one at i, of places scale times finer, lies
// between, and how near to the second, from 0 to 1.
func between(i, scale, n int) (before, after int, share float32) {
	at := (float32(i)+0.5)/float32(scale) - 0.5
	floor := int(math.Floor(float64(at)))
	return max(floor, 0), min(floor+1, n-1), at - float32(floor)
}

// Reduce is src at one of so many parts of its size, each pixel the mean of those that
// it stands for.
func Reduce(src Planar, scale int) Planar {
	dst := NewPlanar(src.Rect.Over(scale))
	share := 1 / float32(scale*scale)
	for c := range 3 {
		for y := range src.Rect.H {
			from := src.row(c, src.Rect.Y+y, src.Rect.X, src.Rect.W)
			to := dst.row(c, dst.Rect.Y+y/scale, dst.Rect.X, dst.Rect.W)
			for x, v := range from {
				to[x/scale] += share * v
			}
		}
	}
	return dst
}
