package tile

// Turns counts the ways to lay a window: transposed or not, flipped along
// either axis or not.
const Turns = 8

const (
	transposed = 1 << iota
	flippedX
	flippedY
)

// Turned is the shape of r after turn t, at the same place.
func Turned(r Rect, t int) Rect {
	if t&transposed != 0 {
		r.W, r.H = r.H, r.W
	}
	return r
}

// Turn lays src as turn t says, 0 to Turns-1, where 0 leaves it; dst has the
// shape that [Turned] tells.
func Turn(dst, src Planar, t int) {
	each(src.Rect, t, func(plain, turned int) { dst.Pix[turned] = src.Pix[plain] })
}

// AddTurnedBack adds to dst what src is with turn t undone, times share.
func AddTurnedBack(dst, src Planar, t int, share float32) {
	each(dst.Rect, t, func(plain, turned int) { dst.Pix[plain] += share * src.Pix[turned] })
}

// each visits the values of a window of the shape of r: where they lie as it
// is, and where after turn t.
func each(r Rect, t int, visit func(plain, turned int)) {
	stepX, stepY := 1, r.W
	if t&transposed != 0 {
		stepX, stepY = r.H, 1
	}
	origin := 0
	if t&flippedX != 0 {
		origin += (r.W - 1) * stepX
		stepX = -stepX
	}
	if t&flippedY != 0 {
		origin += (r.H - 1) * stepY
		stepY = -stepY
	}
	plain := 0
	for c := range 3 {
		for y := range r.H {
			at := c*r.W*r.H + origin + y*stepY
			for range r.W {
				visit(plain, at)
				plain++
				at += stepX
			}
		}
	}
}
