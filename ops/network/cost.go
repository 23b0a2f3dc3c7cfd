package network

import (
	"cmp"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/vips"
)

const (
	// A tile takes about so many bytes a pixel for each multiply-accumulate a
	// pixel of the network: run node by node, or by fused kernels, which keep no
	// intermediate results.
	bytesPerMAC, fusedBytesPerMAC = 0.022, 0.0065
	// usualMACs is what a network is taken for that does not tell.
	usualMACs = 100_000
	// passing is the rows of pixels around the strips: in the decoder and its
	// line buffer, on their way to the encoder, and in that.
	passing = 1000
	number  = 3 * 4 // bytes of a pixel of the network's
)

// EstimateCost predicts the tiles under way, the strips, and the arithmetic.
func (o *Operator) EstimateCost(width, height, pixel int) ops.Cost {
	d := o.tiling.divide(width, height)
	var c ops.Cost
	var most float64
	size, answers := float64(d.tileW*d.tileH), float64(d.tiles*o.tiling.augmentations)
	c.Pixels = size * answers * float64(len(o.contracts))
	for i, contract := range o.contracts {
		test := o.devices.runners[0].models[i].usual.SelfTest()
		macs, bytes := cmp.Or(contract.MACs, test.MACs), bytesPerMAC
		if test.FusedBlocks > 0 {
			bytes = fusedBytesPerMAC + test.UnfusedShare*(bytesPerMAC-fusedBytesPerMAC)
		}
		c.MACs += macs * size * answers
		most = max(most, cmp.Or(macs, usualMACs)*bytes)
	}
	c.Bytes = int64(float64(min(o.devices.runs(), d.cols)) * size * most)
	rows := min(height, d.tileH) + min(height, d.height+vips.Behind) + min(height, passing)
	c.Bytes += int64(width) * int64(pixel*rows+number*min(height, d.rowsKept))
	if s := int64(o.scale); s > 1 { // tiles, finished rows and numbers of the answer besides
		tiles := int64(min(o.devices.runs(), d.cols)) * int64(size) * 2 * number
		c.Bytes += s*s*tiles + int64(width)*s*(int64(pixel)*int64(min(height, d.height+vips.Behind))*s+number*int64(min(height, d.rowsKept))*s)
	}
	if o.skip.Tiles != nil && width*height <= wholePixels {
		c.Bytes += 2 * int64(width) * int64(height) * int64(pixel) // as it was, and restored
	}
	if o.finish != nil {
		c.Bytes += o.finish.Bytes(width, height, pixel)
	}
	return c
}
