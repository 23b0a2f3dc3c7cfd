package fidelity

const (
	// settling is how often values are looked for outside of the picture.
	settling = 64
	// overshoot makes that quicker.
	overshoot = 1.5
)

// edge is what a block holds of what lies outside of the picture. The file gives
// coefficients for it all, but nobody knows what the encoder filled up with.
type edge struct {
	partial bool // some of it lies outside
	outside bool // all of it
	w, h    int  // samples within the picture
	filling block
}

// findEdges sets the edges of the unit's blocks. At first they are filled with what
// the file decodes to.
func (u *unit) findEdges() {
	whole := u.w == u.unitWidth && u.h == u.unitHeight
	for c := range u.planes {
		p := &u.planes[c]
		for b := range u.parts[c] {
			e := &u.parts[c][b].edge
			e.partial, e.outside = false, false
			if whole {
				continue
			}
			e.w = min((u.w+p.w-1)/p.w-8*(b%p.h), 8)
			e.h = min((u.h+p.t-1)/p.t-8*(b/p.h), 8)
			e.outside = e.w <= 0 || e.h <= 0
			e.partial = !e.outside && (e.w < 8 || e.h < 8)
			if e.partial {
				for k, q := range u.block(c, b) {
					e.filling[k] = float32(q) * p.steps[k]
				}
				e.filling.inverse()
			}
		}
	}
}

// settle looks for values outside of the picture with which the block agrees with
// the file, and puts them among its samples.
func (a *part) settle(p *plane, stored []int16) {
	for range settling {
		a.edge.fill(&a.values)
		f := a.values
		f.transform()
		var count Count
		if p.compare(&f, stored, &count) == 0 {
			return
		}
		p.clamp(&a.move, &f, stored, inwards)
		a.move.inverse()
		a.edge.add(&a.move)
	}
	a.edge.fill(&a.values)
}

// fill sets the samples that lie outside of the picture.
func (e *edge) fill(samples *block) {
	for i := range samples {
		if i%8 >= e.w || i/8 >= e.h {
			samples[i] = e.filling[i]
		}
	}
}

// add moves the filling.
func (e *edge) add(move *block) {
	for i, v := range move {
		e.filling[i] += overshoot * v
	}
}
