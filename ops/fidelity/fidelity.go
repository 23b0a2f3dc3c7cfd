// Package fidelity holds a picture against the JPEG that it was restored from,
// and moves it by as little as is needed to agree with that. It knows nothing of
// networks, outputs and configuration.
//
// # What agreeing means
//
// A JPEG does not tell the picture, but for every coefficient the interval of
// one quantization step that it lay in. A picture agrees with the file where
// saving it again, with the same tables, gives the same coefficients: R, G and B
// are turned to the file's components by the equations of JFIF, a component that
// is stored at a lower resolution is averaged over the pixels of each sample, and
// the transform of each block lies within half a step of the stored coefficient.
//
// Whole numbers do not allow more: rounding the colours of 64 pixels moves a
// coefficient by a fraction of one, and rounding its samples before the transform, as
// encoders do, by up to 4 in the mean of a block, so that the very photo a file was made
// of lies outside here and there. Hence [Tolerance], with which there always is a picture
// that agrees. Blocks at the right and lower edge hold samples
// outside of the picture: they agree if there are values for those with which they do.
//
// A plain decode need not agree with its file: decoders interpolate colours that are
// stored at a lower resolution, and cut off what lies beyond 0 to 255.
//
// # Projection
//
// [Project] clamps the coefficients of each block that lie outside, and adds the
// transform of the difference, at full resolution, to the pixels: the nearest
// picture that agrees, in the file's own components. Rounding and clipping to 0 to
// 255 may lead out again, so it is repeated where that matters. Everything stays
// within one unit of the file, so the picture streams without a halo.
//
// # Earlier saves
//
// A file knows of its last save only. Where a photo was saved badly before, a good
// restoration leaves the intervals, and moving it back would bring the earlier damage
// back too. That is told by how coefficients lie in their intervals: of a photo that was
// saved once they grow fewer towards the ends, and few are outside; of others they go
// on. [Auto] goes by that.
package fidelity

import (
	"errors"
	"fmt"

	"github.com/burnish-photo/burnish/ops/jpeg/coefficients"
	"github.com/burnish-photo/burnish/ops/vips"
)

// Tolerance is how far beyond its interval a coefficient may lie, in steps of
// 8-bit samples. [Project] gets nearer, but where colours are saturated.
const Tolerance = 4.0

// Count is how coefficients lie in their intervals.
type Count struct {
	Coefficients int64   // that the file gives
	Outside      int64   // of the interval
	Beyond       int64   // the interval and the tolerance
	Greatest     float64 // distance from an interval, in steps of 8-bit samples

	telling evidence
}

func (c *Count) add(o Count) {
	c.Coefficients += o.Coefficients
	c.Outside += o.Outside
	c.Beyond += o.Beyond
	c.telling.left += o.telling.left
	c.telling.stayed += o.telling.stayed
	c.Greatest = max(c.Greatest, o.Greatest)
}

// Share is the part that lies outside of its interval.
func (c Count) Share() float64 {
	if c.Coefficients == 0 {
		return 0
	}
	return float64(c.Outside) / float64(c.Coefficients)
}

// Report is what was found in a picture, by component: luma first, or red.
type Report struct {
	Before []Count // as it came
	After  []Count // as it was left
	Height int     // of the picture
	Rows   int     // of pixels that were looked at; what is below has no sound coefficients
	Kept   int     // of those, how many [Auto] left as they came
}

// Total adds up components.
func Total(counts []Count) (all Count) {
	for _, c := range counts {
		all.add(c)
	}
	return all
}

// String says in words what [Project] did.
func (r Report) String() string {
	before, after := Total(r.Before), Total(r.After)
	text := fmt.Sprintf("%.2f%% of the coefficients moved, by up to %.1f", 100*before.Share(), before.Greatest)
	switch {
	case r.Kept == r.Rows && r.Kept > 0:
		text = fmt.Sprintf("left as restored: the photo had been saved before (%.2f%% of the coefficients differ, by up to %.1f)", 100*before.Share(), before.Greatest)
	case r.Kept > 0:
		text += fmt.Sprintf("; %d of %d rows left as restored: the photo had been saved before", r.Kept, r.Rows)
	case after.Beyond > 0:
		text += fmt.Sprintf("; %d could not be reached, by up to %.1f", after.Beyond, after.Greatest)
	}
	if r.Rows < r.Height {
		text += fmt.Sprintf("; the file is damaged from row %d on", r.Rows)
	}
	return text
}

// ErrOther is a picture that cannot be held against the file.
var ErrOther = errors.New("cannot be held against the file")

// frameOf is how the file that r reads makes up p, where it can.
func frameOf(r *coefficients.Reader, p *vips.Image) (*frame, error) {
	if r.Width != p.Width() || r.Height != p.Height() {
		return nil, fmt.Errorf("%w: it has %d×%d pixels, the file %d×%d", ErrOther, p.Width(), p.Height(), r.Width, r.Height)
	}
	if p.Format() != "uchar" {
		return nil, fmt.Errorf("%w: its samples are %s, not 8-bit", ErrOther, p.Format())
	}
	return newFrame(r, p.Bands())
}

// EstimateCost is how many bytes [Project] takes for a picture of pixels of so many bytes:
// rows on their way, and coefficients.
func EstimateCost(width, height, pixel int) int64 {
	const tallest, samples = 32, 3 // rows of a unit, components
	rows := min(height, tallest) + min(height, tallest+vips.Behind)
	return int64(width)*int64(pixel*rows+2*samples*tallest) + min(int64(width)*int64(height)*2*samples, coefficients.InMemory)
}
