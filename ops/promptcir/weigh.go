package promptcir

import (
	"cmp"

	"github.com/burnish-photo/burnish/ops"
)

const (
	// A window takes about so many bytes a pixel for each multiply-accumulate a
	// pixel of the network: run node by node, or with blocks in one piece, which
	// keep no intermediate results.
	bytesPerMAC, blockBytesPerMAC = 0.022, 0.0065
	// usualMACs is what a network is taken for that does not tell.
	usualMACs = 100_000
	// stripBytes is what a pixel of a strip takes: decoded, restored and on its
	// way to the encoder.
	stripBytes = 18
)

// Weigh predicts the windows under way, the strips, and the arithmetic.
func (o *operator) Weigh(width, height int) ops.Weight {
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
	w.Bytes += int64(width) * int64(min(height, d.height+d.above+d.below)) * stripBytes
	return w
}
