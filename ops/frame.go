package ops

// Frame says where an image's pixels lie in the photo as stored: it takes a
// place there to the place here, both as parts of the width and the height from
// the upper left. The zero value says that nobody knows, as after a rotation by
// any angle.
type Frame struct {
	right [3]float64 // across here: of across and down there, and what is added
	down  [3]float64
}

// Whole is the frame of the photo as stored.
var Whole = Frame{right: [3]float64{1, 0, 0}, down: [3]float64{0, 1, 0}}

// turns are what each EXIF orientation asks for, from 1.
var turns = [...]Frame{
	Whole,
	{[3]float64{-1, 0, 1}, [3]float64{0, 1, 0}},
	{[3]float64{-1, 0, 1}, [3]float64{0, -1, 1}},
	{[3]float64{1, 0, 0}, [3]float64{0, -1, 1}},
	{[3]float64{0, 1, 0}, [3]float64{1, 0, 0}},
	{[3]float64{0, -1, 1}, [3]float64{1, 0, 0}},
	{[3]float64{0, -1, 1}, [3]float64{-1, 0, 1}},
	{[3]float64{0, 1, 0}, [3]float64{-1, 0, 1}},
}

// Known reports whether places can be told.
func (f Frame) Known() bool { return f != Frame{} }

// then is f followed by next; not known where either is not.
func (f Frame) then(next Frame) Frame {
	if !f.Known() || !next.Known() {
		return Frame{}
	}
	line := func(l [3]float64) (out [3]float64) {
		for i := range out {
			out[i] = l[0]*f.right[i] + l[1]*f.down[i]
		}
		out[2] += l[2]
		return out
	}
	return Frame{line(next.right), line(next.down)}
}

// Turned is the frame after pixels of that EXIF orientation were turned upright.
func (f Frame) Turned(orientation int) Frame {
	if orientation < 1 || orientation > len(turns) {
		return Frame{}
	}
	return f.then(turns[orientation-1])
}

// BeforeTurn is the frame for places that count in the photo as turned upright
// rather than as stored.
func (f Frame) BeforeTurn(orientation int) Frame {
	switch orientation {
	case 6:
		orientation = 8
	case 8:
		orientation = 6
	}
	return Whole.Turned(orientation).then(f)
}

// Cut is the frame after a box of that place and size was cut out of width×height
// pixels.
func (f Frame) Cut(left, top, boxWidth, boxHeight, width, height int) Frame {
	if boxWidth < 1 || boxHeight < 1 {
		return Frame{}
	}
	w, h := float64(boxWidth), float64(boxHeight)
	return f.then(Frame{
		[3]float64{float64(width) / w, 0, -float64(left) / w},
		[3]float64{0, float64(height) / h, -float64(top) / h},
	})
}

// Box is a rectangle by its corners, in parts of an image's width and height.
type Box struct{ Left, Top, Right, Bottom float64 }

// Box takes a rectangle of the stored photo to where it is here, cut off at the
// image's edges; false where nothing of it is left.
func (f Frame) Box(b Box) (Box, bool) {
	x0, y0 := f.Place(b.Left, b.Top)
	x1, y1 := f.Place(b.Right, b.Bottom)
	within := func(n float64) float64 { return min(1, max(0, n)) }
	moved := Box{within(min(x0, x1)), within(min(y0, y1)), within(max(x0, x1)), within(max(y0, y1))}
	outside := max(x0, x1) < 0 || max(y0, y1) < 0 || min(x0, x1) > 1 || min(y0, y1) > 1
	gone := moved.Right <= moved.Left && b.Right > b.Left || moved.Bottom <= moved.Top && b.Bottom > b.Top
	return moved, f.Known() && !outside && !gone
}

// Place takes a place of the stored photo to where it is here.
func (f Frame) Place(x, y float64) (float64, float64) {
	return f.right[0]*x + f.right[1]*y + f.right[2], f.down[0]*x + f.down[1]*y + f.down[2]
}

// Sideways reports whether width and height have changed places.
func (f Frame) Sideways() bool { return f.right[1] != 0 }
