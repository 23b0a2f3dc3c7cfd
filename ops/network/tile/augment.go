package tile

// Augmentations counts the orientations of test-time augmentation, the dihedral
// group: a tile transposed or not, flipped along either axis or not.
const Augmentations = 8

const (
	transposed = 1 << iota
	flippedX
	flippedY
)

// AugmentedRect is the shape of r in orientation i, at the same place.
func AugmentedRect(r Rect, i int) Rect {
	if i&transposed != 0 {
		r.W, r.H = r.H, r.W
	}
	return r
}

// Augment puts src in orientation i, 0 to Augmentations-1, where 0 leaves it as
// it is; dst has the shape that [AugmentedRect] tells.
func Augment(dst, src Planar, i int) {
	each(src.Rect, i, func(plain, augmented int) { dst.Pix[augmented] = src.Pix[plain] })
}

// AddInverse adds to dst what src is with orientation i undone, times share.
func AddInverse(dst, src Planar, i int, share float32) {
	each(dst.Rect, i, func(plain, augmented int) { dst.Pix[plain] += share * src.Pix[augmented] })
}

// each visits the values of a tile of the shape of r: where they lie as it is,
// and where in orientation i.
func each(r Rect, i int, visit func(plain, augmented int)) {
	stepX, stepY := 1, r.W
	if i&transposed != 0 {
		stepX, stepY = r.H, 1
	}
	origin := 0
	if i&flippedX != 0 {
		origin += (r.W - 1) * stepX
		stepX = -stepX
	}
	if i&flippedY != 0 {
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
