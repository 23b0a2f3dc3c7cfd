package transform

import (
	"fmt"
	"math"
)

// size is that of an image, in pixels.
type size struct{ width, height int }

func (s size) swapped() size { return size{s.height, s.width} }

func (s size) pixels() float64 { return float64(s.width) * float64(s.height) }

// turn is how an image is turned: clockwise, then mirrored.
type turn struct {
	degrees    int  // 0, 90, 180 or 270
	horizontal bool // mirror left and right
	vertical   bool // mirror top and bottom
}

func (t turn) any() bool { return t != turn{} }

func (t turn) swaps() bool { return t.degrees%180 != 0 }

// byOrientation are what each EXIF orientation asks for, from 1.
var byOrientation = [...]turn{
	{}, {0, true, false}, {180, false, false}, {180, true, false},
	{90, true, false}, {90, false, false}, {270, true, false}, {270, false, false},
}

// turn is what an operation turns an image of that orientation by, and the
// orientation that is left.
func (o *Operation) turn(orientation int) (t turn, left int) {
	left = orientation
	if o.Orientation == "drop" {
		left = 1
	}
	if o.Orientation == "" || o.Orientation == "turn" {
		left = 1
		if o.Rotate == 0 && orientation >= 1 && orientation <= len(byOrientation) {
			t = byOrientation[orientation-1]
		}
	}
	if o.Rotate != 0 {
		t.degrees = o.Rotate
	}
	t.horizontal = t.horizontal || o.Flip
	t.vertical = o.Flop
	return t, left
}

// geometry is what an operation makes of an image of one size.
type geometry struct {
	scaled size // then
	result size // of crop, embed and area; the scaled one where there is neither
	how    cut
}

// cut is how the result comes from what was scaled.
type cut int

const (
	cutNothing cut = iota
	cutSmart
	cutCrop
	cutEmbed
	cutArea
)

// plan is what an operation makes of an upright image of that size.
func (o *Operation) plan(in size) (g geometry, err error) {
	force := o.Force || !o.Crop && !o.Embed && !o.Enlarge && o.Rotate == 0 && (o.Width > 0 || o.Height > 0)
	box := o.box(in)
	factor := 1.0
	x, y := float64(in.width)/float64(box.width), float64(in.height)/float64(box.height)
	switch {
	case box.width > 0 && box.height > 0 && o.Crop:
		factor = min(x, y)
	case box.width > 0 && box.height > 0:
		factor = max(x, y)
	case box.width > 0 && o.Crop:
		box.height = in.height
	case box.width > 0:
		factor = x
		box.height = max(1, round(float64(in.height)/factor))
	case box.height > 0 && o.Crop:
		box.width = in.width
	case box.height > 0:
		factor = y
		box.width = max(1, round(float64(in.width)/factor))
	default:
		box = in
	}
	if !o.Enlarge && !force && in.width < box.width && in.height < box.height {
		factor, box = 1, in
	}
	g.scaled = size{max(1, round(float64(in.width)/factor)), max(1, round(float64(in.height)/factor))}
	if force {
		g.scaled = size{max(1, box.width), max(1, box.height)}
	}
	zoomed := o.Zoom + 1
	g.scaled = size{g.scaled.width * zoomed, g.scaled.height * zoomed}
	if force && o.Width+o.Height > 0 { // then the zoomed one is scaled back
		g.scaled = size{max(1, box.width), max(1, box.height)}
	}
	g.result, g.how = o.cut(g.scaled, box, force)
	return g, g.check()
}

// box is the width and height that are asked for.
func (o *Operation) box(in size) size {
	box := size{o.Width, o.Height}
	if !o.Fit || box.width == 0 || box.height == 0 {
		return box
	}
	if float64(in.width)*float64(box.height) > float64(box.width)*float64(in.height) {
		box.height = max(1, round(float64(box.width)*float64(in.height)/float64(in.width)))
	} else {
		box.width = max(1, round(float64(box.height)*float64(in.width)/float64(in.height)))
	}
	return box
}

// cut is how the result comes out of what was scaled to the box.
func (o *Operation) cut(scaled, box size, force bool) (size, cut) {
	inner := size{min(scaled.width, box.width), min(scaled.height, box.height)}
	switch {
	case o.Gravity == "smart" && o.Crop && !force:
		if inner == scaled {
			return scaled, cutNothing
		}
		return inner, cutSmart
	case o.Crop && !force:
		if inner == scaled {
			return scaled, cutNothing
		}
		return inner, cutCrop
	case o.Embed && !force:
		if box == scaled || o.Zoom > 0 {
			return scaled, cutNothing
		}
		return box, cutEmbed
	case o.Left > 0 || o.Top > 0 || o.AreaWidth > 0 || o.AreaHeight > 0:
		area := size{o.AreaWidth, o.AreaHeight}
		if area.width == 0 {
			area.width = box.width
		}
		if area.height == 0 {
			area.height = box.height
		}
		return area, cutArea
	}
	return scaled, cutNothing
}

// check refuses what is larger than images may be, and areas outside of them.
func (g geometry) check() error {
	for _, s := range []size{g.scaled, g.result} {
		if s.pixels() > MaxPixels {
			return fmt.Errorf("%d×%d pixels are more than an operation may make, which is %d in all", s.width, s.height, int(MaxPixels))
		}
	}
	if g.result.width > MaxSide || g.result.height > MaxSide {
		return fmt.Errorf("%d×%d pixels are more than an operation may make, which is %d a side", g.result.width, g.result.height, MaxSide)
	}
	return nil
}

// place is the corner of the part that crop keeps.
func (o *Operation) place(of, box size) (left, top int) {
	left, top = (of.width-box.width+1)/2, (of.height-box.height+1)/2
	switch o.Gravity {
	case "north":
		top = 0
	case "east":
		left = of.width - box.width
	case "south":
		top = of.height - box.height
	case "west":
		left = 0
	}
	return max(left, 0), max(top, 0)
}

func round(x float64) int { return int(math.Floor(x + 0.5)) }

// reduction is by how much each side of an image may be reduced before the first
// operation, so that none is to be enlarged again: 1 is not at all.
func reduction(operations []Operation, in size, orientation int) float64 {
	for i := range operations {
		o := &operations[i]
		if o.Zoom > 0 {
			return 1
		}
		t, left := o.turn(orientation)
		orientation = left
		if t.swaps() {
			in = in.swapped()
		}
		g, err := o.plan(in)
		switch {
		case err != nil:
			return 1
		case g.scaled != in:
			return max(1, min(float64(in.width)/float64(g.scaled.width), float64(in.height)/float64(g.scaled.height)))
		case g.how != cutNothing || o.Blur > 0 || o.Text.Text != "":
			return 1
		}
	}
	return 1
}
