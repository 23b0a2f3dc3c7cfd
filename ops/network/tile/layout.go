// Package tile divides a photo into overlapping tiles of one fixed shape and
// puts what a network made of them together again without seams.
//
// A photo is restored from top to bottom in full-width strips, so that a file
// of any height passes through bounded memory. Everything here is arithmetic on
// slices: the package knows neither the network that fills the tiles nor the
// library that decodes the photo.
//
// # Geometry
//
// Along each axis tile i answers for the pixels from i·stride on. It sees
// Halo more pixels on every side that is not an edge of the photo, and shares
// Feather pixels with the next tile, over which the two are blended:
//
//	stride = Size − 2·Halo − Feather
//
// Tile origins are multiples of [Grid], so the network always meets the JPEG
// blocks in the phase in which they were coded. The tiles at the edges are
// moved inwards instead of being padded: real pixels feed the network's global
// statistics better than invented ones. Only what alignment leaves over at the
// right and bottom edge (less than Grid) is padded, by repeating the last pixel,
// which is how JPEG encoders themselves fill their incomplete blocks, and which
// works for a photo of a single pixel, where there is nothing to mirror.
//
// An axis not longer than Size needs one tile, which then is only as long as
// the photo, rounded up to Multiple. Where the layout is fitted, several tiles
// are only as long as it takes that so many of them reach from end to end.
package tile

import (
	"errors"
	"fmt"
)

// Grid is the alignment of tile origins in pixels: the macroblock of a JPEG
// with 4:2:0 chroma, twice the 8-pixel block.
const Grid = 16

// Layout is the shape of the tiles, in pixels.
type Layout struct {
	Size     int // width and height of a tile
	Halo     int // outermost pixels of a restored tile that are thrown away; a multiple of Grid
	Feather  int // width of the band over which neighbouring tiles are blended
	Multiple int // the network accepts only sides that are multiples of this
	// Fitted makes the tiles of a photo smaller where as few of them do, and
	// those of a long side up to a quarter or a half larger where that saves much: less of the photo
	// is computed twice. For devices that take any shape alike.
	Fitted bool
	// Parallel is how many tiles of a row run at a time, 0 for one: where the
	// last of a long row would run alone, that counts as much.
	Parallel int
}

// Stride is the distance between neighbouring tiles, unless they are fitted.
func (l Layout) Stride() int { return l.Size - 2*l.Halo - l.Feather }

// Validate reports every reason why photos cannot be planned with l.
func (l Layout) Validate() error {
	var errs []error
	fault := func(format string, args ...any) { errs = append(errs, fmt.Errorf("tile layout: "+format, args...)) }
	if l.Multiple < 1 {
		fault("multiple %d must be at least 1", l.Multiple)
	} else if l.Size%l.Multiple != 0 {
		fault("size %d must be a multiple of %d, which the network demands", l.Size, l.Multiple)
	}
	if l.Halo < 0 || l.Halo%Grid != 0 {
		fault("halo %d must be a multiple of %d and not negative, to keep tiles on the JPEG grid", l.Halo, Grid)
	}
	if l.Feather < 0 {
		fault("feather %d must not be negative", l.Feather)
	}
	switch s := l.Stride(); {
	case s <= 0 || s%Grid != 0:
		fault("size %d less twice halo %d less feather %d leaves a stride of %d, which must be a positive multiple of %d",
			l.Size, l.Halo, l.Feather, s, Grid)
	case s < l.Halo+l.Feather:
		fault("stride %d must be at least halo %d plus feather %d: take a larger size", s, l.Halo, l.Feather)
	}
	return errors.Join(errs...)
}

// Fit returns the layout with tiles of at most size pixels that respects a
// network's multiple and halo: the halo is rounded up to Grid and the size down
// to what both the network and the grid accept. It is valid when size is at
// least about four times the halo; Validate tells.
func Fit(size, halo, feather, multiple int) Layout {
	l := Layout{Halo: roundUp(max(halo, 0), Grid), Feather: roundUp(max(feather, 0), Grid), Multiple: max(multiple, 1)}
	step := lcm(l.Multiple, Grid)
	l.Size = max(size/step, 1) * step
	return l
}

// FitLoose is [Fit] for a network whose multiple does not go with [Grid], or that
// takes inputs of one size only, which then is both size and multiple: the size is
// rounded down to the multiple alone, and the feather takes up what the grid leaves.
// Halo and feather shrink where the size has no room for them. Validate tells whether
// it is valid: not below 16 pixels.
func FitLoose(size, halo, feather, multiple int) Layout {
	multiple = max(multiple, 1)
	size = max(size/multiple, 1) * multiple
	halo, feather = roundUp(max(halo, 0), Grid), roundUp(max(feather, 0), Grid)
	var l Layout
	for _, room := range [][2]int{{halo, feather}, {halo, Grid}, {halo, 0}, {Grid, Grid}, {Grid, 0}, {0, Grid}, {0, 0}} {
		l = Layout{Size: size, Halo: min(room[0], halo), Multiple: multiple}
		stride := (size - 2*l.Halo - min(room[1], feather)) / Grid * Grid
		if l.Feather = size - 2*l.Halo - stride; l.Validate() == nil {
			return l
		}
	}
	return l
}

// Smaller lists the layouts of smaller tiles that still do, the largest
// first: each of half the size of the one before, or the least that is valid.
func (l Layout) Smaller() (all []Layout) {
	step := lcm(l.Multiple, Grid)
	least := max(roundUp(3*l.Halo+2*l.Feather, step), step)
	for {
		size := max(l.Size/2/step*step, least)
		if size >= l.Size {
			return all
		}
		l.Size = size
		all = append(all, l)
	}
}

// Common is the least common multiple of two sides.
func Common(a, b int) int { return lcm(max(a, 1), max(b, 1)) }

func ceilDiv(a, b int) int { return (a + b - 1) / b }

func roundUp(a, m int) int { return ceilDiv(a, m) * m }

func lcm(a, b int) int {
	g, r := a, b
	for r != 0 {
		g, r = r, g%r
	}
	return a / g * b
}
