package fidelity

import (
	"github.com/burnish-photo/burnish/ops/jpeg/coefficients"
	"github.com/burnish-photo/burnish/ops/vips"
)

const (
	// rounds is how often a unit is moved at the most, and inwards by how much
	// deeper into the interval each round does so than the one before.
	rounds  = 96
	inwards = 0.125
	// near is how near to its interval a coefficient is left alone after the first
	// round: about what rounding does to it, at five standard deviations.
	near = 1.0
	// content is the round from which on the tolerance will do, as where colours are
	// saturated.
	content = 16
)

// unit is the memory of one unit of the file: the blocks of all components that
// show one part of the picture.
type unit struct {
	*frame
	column int          // of units
	w, h   int          // of it, the pixels within the picture
	pixels [3][]float32 // by band, whole; outside of the picture they repeat those at its edge
	exact  [3][]float32 // before rounding
	stored []coefficients.Plane
	parts  [][]part // by component, its blocks
	counts []Count  // the same
	dirty  bool
}

// part is one block of a unit.
type part struct {
	values block // samples, then coefficients
	move   block // what is added to the coefficients, then to the samples
	moves  bool
	edge   edge
}

func newUnit(f *frame) *unit {
	u := &unit{frame: f, counts: make([]Count, len(f.planes))}
	for b := range u.pixels {
		u.pixels[b], u.exact[b] = make([]float32, f.unitWidth*f.unitHeight), make([]float32, f.unitWidth*f.unitHeight)
	}
	for _, p := range f.planes {
		u.parts = append(u.parts, make([]part, p.h*p.v))
	}
	return u
}

// pass judges the unit that begins at column x of the rows and, where move says,
// moves its pixels.
func (u *unit) pass(rows vips.Rows, stored []coefficients.Plane, x int, move bool, before, after []Count) {
	u.stored, u.column, u.dirty = stored, x/u.unitWidth, false
	u.load(rows, x)
	for round := 0; ; round++ {
		outside := u.judge(round)
		if round == 0 {
			for c := range before {
				before[c].add(u.counts[c])
			}
		}
		if !outside || !move || round == rounds {
			break
		}
		u.add(round)
	}
	for c := range after {
		after[c].add(u.counts[c])
	}
	if u.dirty {
		u.store(rows, x)
	}
}

// judge counts, and finds what is to be moved: at first all that is outside, later
// what is not near.
func (u *unit) judge(round int) (outside bool) {
	limit, inwards := float32(0), float32(round)*inwards
	if round > 0 {
		limit = near
	}
	if round >= content {
		limit = Tolerance
	}
	u.findEdges() // anew, so that whoever judges the picture later finds the same
	for c := range u.planes {
		p, count := &u.planes[c], &u.counts[c]
		*count = Count{}
		for b := range u.parts[c] {
			a := &u.parts[c][b]
			a.moves = false
			if a.edge.outside {
				continue
			}
			p.sample(a, b, u.unitWidth, &u.pixels)
			stored := u.block(c, b)
			if a.edge.partial {
				a.settle(p, stored)
			}
			a.values.transform()
			if p.compare(&a.values, stored, count) > limit {
				p.clamp(&a.move, &a.values, stored, inwards)
				a.moves, outside = true, true
			}
		}
	}
	return outside
}

// block is what the file has of block b of component c.
func (u *unit) block(c, b int) []int16 {
	p := &u.planes[c]
	at := b/p.h*p.columns + u.column*p.h + b%p.h
	return u.stored[c][64*at:][:64]
}

// compare counts the coefficients of a block; greatest is how far beyond its
// interval one lies.
func (p *plane) compare(f *block, stored []int16, count *Count) (greatest float32) {
	count.Coefficients += p.known
	stored = stored[:64]
	for k := range f {
		d := f[k] - float32(stored[k])*p.steps[k]
		d = max(d, -d)
		if d > p.tells[k] && stored[k] != 0 {
			count.telling.add(d > 2*p.tells[k])
		}
		if over := d - p.halves[k]; over > 0 {
			count.Outside++
			if over > Tolerance {
				count.Beyond++
			}
			greatest = max(greatest, over)
		}
	}
	count.Greatest = max(count.Greatest, float64(greatest))
	return greatest
}

// clamp is what brings the coefficients that are outside back in, and that much
// deeper.
func (p *plane) clamp(move, f *block, stored []int16, inwards float32) {
	stored = stored[:64]
	for k := range f {
		d, half := f[k]-float32(stored[k])*p.steps[k], p.halves[k]
		inner := half - min(inwards, half/2)
		switch {
		case d > half:
			move[k] = inner - d
		case d < -half:
			move[k] = -inner - d
		default:
			move[k] = 0
		}
	}
}

// add moves the pixels, and rounds and clips them. What is too little to change a
// rounded pixel adds up from round to round, in some of them sooner than in others.
func (u *unit) add(round int) {
	u.dirty = true
	if round < 2 {
		for b, exact := range u.exact[:u.bands] {
			copy(exact, u.pixels[b])
			for i := range exact {
				exact[i] += float32(round) * thresholds[i/u.unitWidth%8][i%8]
			}
		}
	}
	for c := range u.planes {
		for b := range u.parts[c] {
			if a := &u.parts[c][b]; a.moves {
				a.move.inverse()
				u.planes[c].spread(&a.move, b, u.unitWidth, u.exact[:u.bands])
			}
		}
	}
	for b, pixels := range u.pixels[:u.bands] {
		for i, v := range u.exact[b] {
			v = min(max(v, 0), 255)
			u.exact[b][i], pixels[i] = v, float32(int32(v+0.5))
		}
	}
	u.repeat()
}

// thresholds are those of ordered dithering (Bayer 1973), within half a step.
var thresholds = func() (all [8][8]float32) {
	for y := range 8 {
		for x := range 8 {
			n := 0
			for bit := range 3 {
				n = n<<2 | (x>>bit^y>>bit)&1<<1 | y>>bit&1
			}
			all[y][x] = (float32(n)+0.5)/64 - 0.5
		}
	}
	return all
}()
