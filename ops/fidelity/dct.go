package fidelity

import "math"

// block is 8×8 samples or coefficients, row by row.
type block [64]float32

// Halves of the cosines of multiples of π/16; root is that of the mean.
var (
	c1   = float32(math.Cos(1*math.Pi/16) / 2)
	c2   = float32(math.Cos(2*math.Pi/16) / 2)
	c3   = float32(math.Cos(3*math.Pi/16) / 2)
	c5   = float32(math.Cos(5*math.Pi/16) / 2)
	c6   = float32(math.Cos(6*math.Pi/16) / 2)
	c7   = float32(math.Cos(7*math.Pi/16) / 2)
	root = float32(math.Sqrt2 / 4)
)

// transform is the DCT of ITU-T T.81, A.3.3, which is orthonormal.
func (b *block) transform() {
	for i := 0; i < 64; i += 8 {
		forward(b, i, 1)
	}
	for i := range 8 {
		forward(b, i, 8)
	}
}

func forward(b *block, at, step int) {
	x := [8]float32{b[at&63], b[(at+step)&63], b[(at+2*step)&63], b[(at+3*step)&63], b[(at+4*step)&63], b[(at+5*step)&63], b[(at+6*step)&63], b[(at+7*step)&63]}
	s0, s1, s2, s3 := x[0]+x[7], x[1]+x[6], x[2]+x[5], x[3]+x[4]
	d0, d1, d2, d3 := x[0]-x[7], x[1]-x[6], x[2]-x[5], x[3]-x[4]
	e0, e1, e2, e3 := s0+s3, s1+s2, s0-s3, s1-s2
	b[at&63] = root * (e0 + e1)
	b[(at+step)&63] = c1*d0 + c3*d1 + c5*d2 + c7*d3
	b[(at+2*step)&63] = c2*e2 + c6*e3
	b[(at+3*step)&63] = c3*d0 - c7*d1 - c1*d2 - c5*d3
	b[(at+4*step)&63] = root * (e0 - e1)
	b[(at+5*step)&63] = c5*d0 - c1*d1 + c7*d2 + c3*d3
	b[(at+6*step)&63] = c6*e2 - c2*e3
	b[(at+7*step)&63] = c7*d0 - c5*d1 + c3*d2 - c1*d3
}

// inverse undoes transform.
func (b *block) inverse() {
	for i := range 8 {
		backward(b, i, 8)
	}
	for i := 0; i < 64; i += 8 {
		backward(b, i, 1)
	}
}

func backward(b *block, at, step int) {
	f := [8]float32{b[at&63], b[(at+step)&63], b[(at+2*step)&63], b[(at+3*step)&63], b[(at+4*step)&63], b[(at+5*step)&63], b[(at+6*step)&63], b[(at+7*step)&63]}
	a0, a1 := root*(f[0]+f[4]), root*(f[0]-f[4])
	a2, a3 := c2*f[2]+c6*f[6], c6*f[2]-c2*f[6]
	e0, e1, e2, e3 := a0+a2, a1+a3, a1-a3, a0-a2
	o0 := c1*f[1] + c3*f[3] + c5*f[5] + c7*f[7]
	o1 := c3*f[1] - c7*f[3] - c1*f[5] - c5*f[7]
	o2 := c5*f[1] - c1*f[3] + c7*f[5] + c3*f[7]
	o3 := c7*f[1] - c5*f[3] + c3*f[5] - c1*f[7]
	b[at&63], b[(at+7*step)&63] = e0+o0, e0-o0
	b[(at+step)&63], b[(at+6*step)&63] = e1+o1, e1-o1
	b[(at+2*step)&63], b[(at+5*step)&63] = e2+o2, e2-o2
	b[(at+3*step)&63], b[(at+4*step)&63] = e3+o3, e3-o3
}
