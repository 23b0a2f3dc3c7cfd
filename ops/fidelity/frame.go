package fidelity

import (
	"fmt"
	"math"

	"github.com/burnish-photo/burnish/ops/jpeg/coefficients"
)

// frame is how a file's components make up a picture.
type frame struct {
	width, height         int
	unitWidth, unitHeight int
	bands                 int
	planes                []plane
}

// plane is one component.
type plane struct {
	columns int // blocks of a row
	h, v    int // blocks of a unit
	w, t    int // pixels that a sample spans, across and down
	from    [3]float32
	to      [3]float32 // a unit of it adds so much to each band
	shift   float32    // taken off its samples before the transform
	steps   [64]float32
	halves  [64]float32 // of the steps; infinite where the file does not tell
	tells   [64]float32 // distance from which on a coefficient tells of earlier saves
	known   int64       // coefficients of a block
}

// Of JFIF: what the bands add to Y, Cb and Cr, and these to the bands.
var (
	luma, blue, red = [3]float32{0.299, 0.587, 0.114}, [3]float32{-0.168735892, -0.331264108, 0.5}, [3]float32{0.5, -0.418687589, -0.081312411}
	addY            = [3]float32{1, 1, 1}
	addCb           = [3]float32{0, -0.344136286, 1.772}
	addCr           = [3]float32{1.402, -0.714136286, 0}
)

func newFrame(r *coefficients.Reader, bands int) (*frame, error) {
	f := &frame{width: r.Width, height: r.Height, unitWidth: r.UnitWidth, unitHeight: r.UnitHeight, bands: bands}
	switch {
	case r.Space == coefficients.Gray && bands == 1:
		f.planes = []plane{{from: [3]float32{1}, to: [3]float32{1}, shift: 128}}
	case r.Space == coefficients.Gray && bands == 3:
		f.planes = []plane{{from: luma, to: addY, shift: 128}}
	case r.Space == coefficients.YCbCr && bands == 3:
		f.planes = []plane{{from: luma, to: addY, shift: 128}, {from: blue, to: addCb}, {from: red, to: addCr}}
	case r.Space == coefficients.RGB && bands == 3:
		for i := range 3 {
			p := plane{shift: 128}
			p.from[i], p.to[i] = 1, 1
			f.planes = append(f.planes, p)
		}
	case r.Space == coefficients.Other:
		return nil, fmt.Errorf("%w: a JPEG of %d components that are not gray, YCbCr or RGB", ErrOther, len(r.Components))
	default:
		return nil, fmt.Errorf("%w: it has %d bands", ErrOther, bands)
	}
	for i, c := range r.Components {
		p := &f.planes[i]
		p.columns, p.h, p.v = c.Columns, c.H, c.V
		p.w, p.t = f.unitWidth/8/c.H, f.unitHeight/8/c.V
		if 8*c.H*p.w != f.unitWidth || 8*c.V*p.t != f.unitHeight {
			return nil, fmt.Errorf("%w: the sampling factors of its components are no multiples of one another", ErrOther)
		}
	}
	return f, nil
}

// prepare takes the quantization in.
func (f *frame) prepare(tables []coefficients.Table) {
	for i := range f.planes {
		p := &f.planes[i]
		p.known = 0
		for k, step := range tables[i].Steps {
			p.steps[k], p.halves[k] = float32(step), float32(step)/2
			if step == 0 || !tables[i].Known[k] {
				p.halves[k] = float32(math.Inf(1))
			} else {
				p.known++
			}
			p.tells[k] = max(p.halves[k], coarse/2) / 2
			if i > 0 {
				p.tells[k] = float32(math.Inf(1))
			}
		}
	}
}
