package network

import (
	"fmt"
	"math"

	"github.com/burnish-photo/burnish/ops/network/tile"
)

// How far restoration may move the mean colour, as a part of full scale. JPEG
// at quality 5 leaves the means of blocks of this side within 0.04 of the clean
// photo's, so that a network that does its work stays well inside.
const (
	blockSide  = 32   // pixels
	blockShift = 0.12 // of one block
	tileShift  = 0.05 // of a whole tile
)

// check rejects a tile that is not a restoration of what the network was
// given: black or blank, shifted in colour, or another picture altogether.
// NaN and infinity have been rejected before.
//
// An answer that is larger is compared at the size of in. blockDrift is how far the
// mean of a block may move; that of a whole tile, as [tileShift] is to [blockShift].
func check(in, out tile.Planar, blockDrift float64) error {
	w, h := in.Rect.W, in.Rect.H
	if scale := out.Rect.W / w; scale > 1 {
		out = tile.Reduce(out, scale)
	}
	tileDrift := blockDrift * tileShift / blockShift
	for channel := range 3 {
		a, b := in.Pix[channel*w*h:][:w*h], out.Pix[channel*w*h:][:w*h]
		var sum float64
		for y := 0; y < h; y += blockSide {
			for x := 0; x < w; x += blockSide {
				block := tile.Rect{X: x, Y: y, W: min(blockSide, w-x), H: min(blockSide, h-y)}
				shift := difference(a, b, w, block)
				n := float64(block.W * block.H)
				if math.Abs(shift)/n > blockDrift {
					return fmt.Errorf("the network moved the mean of %v of channel %d by %+.2f of full scale; the tile is rejected", block, channel, shift/n)
				}
				sum += shift
			}
		}
		if mean := sum / float64(w*h); math.Abs(mean) > tileDrift {
			return fmt.Errorf("the network moved the mean of channel %d by %+.2f of full scale; the tile is rejected", channel, mean)
		}
	}
	return nil
}

// difference is the sum of b − a over a block of two planes w pixels wide.
func difference(a, b []float32, w int, block tile.Rect) float64 {
	var sum float64
	for y := block.Y; y < block.Bottom(); y++ {
		rowA, rowB := a[y*w+block.X:][:block.W], b[y*w+block.X:][:block.W]
		var row float32
		for i, v := range rowA {
			row += rowB[i] - v
		}
		sum += float64(row)
	}
	return sum
}
