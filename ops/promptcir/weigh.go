package promptcir

import (
	"cmp"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/fidelity"
	"github.com/burnish-photo/burnish/ops/vips"
)

const (
	// A window takes about so many bytes a pixel for each multiply-accumulate a
	// pixel of the network: run node by node, or with blocks in one piece, which
	// keep no intermediate results.
	bytesPerMAC, blockBytesPerMAC = 0.022, 0.0065
	// usualMACs is what a network is taken for that does not tell.
	usualMACs = 100_000
	// passing is the rows of pixels around the strips: in the decoder and its
	// line buffer, on their way to the encoder, and in that.
	passing = 1000
	number  = 3 * 4 // bytes of a pixel of the network's
)

// Weigh predicts the windows under way, the strips, and the arithmetic.
func (o *operator) Weigh(width, height, pixel int) ops.Weight {
	d := o.windows.divide(width, height)
	var w ops.Weight
	var most float64
	window := float64(d.windowW * d.windowH)
	w.Pixels = window * float64(d.windows*o.windows.turns*len(o.contracts))
	for i, c := range o.contracts {
		proof := o.lanes[0].models[i].Proof()
		macs, bytes := cmp.Or(c.MACs, proof.MACs), bytesPerMAC
		if proof.Blocks > 0 {
			bytes = blockBytesPerMAC + proof.Ordinary*(bytesPerMAC-blockBytesPerMAC)
		}
		w.MACs += macs * window * float64(d.windows*o.windows.turns)
		most = max(most, cmp.Or(macs, usualMACs)*bytes)
	}
	w.Bytes = int64(float64(min(o.runs(), d.cols)) * window * most)
	rows := min(height, d.windowH) + min(height, d.height+vips.Behind) + min(height, passing)
	w.Bytes += int64(width) * int64(pixel*rows+number*min(height, d.held))
	if o.skip != skipNever && width*height <= wholePixels {
		w.Bytes += 2 * int64(width) * int64(height) * int64(pixel) // as it was, and restored
	}
	if _, moved := modes[o.fidelity]; moved {
		w.Bytes += fidelity.Weigh(width, height, pixel)
	}
	return w
}
