package promptcir

import (
	"math"
	"slices"

	"github.com/burnish-photo/burnish/ops/network/tile"
)

// What of a network's changes is evidence of damage. The numbers were chosen on
// the validation photos, damaged in 80 ways, on drawings and on cameras' own
// files, by what restoring them gains and spoils. `make gate` prints the table
// and fits the limits, for a new model.
const (
	// evidenceBlock is the side in pixels of the blocks that changes are measured
	// in. They need not lie on the grid of a JPEG, which scaling removes.
	evidenceBlock = 8
	corner        = evidenceBlock / 2
	// contrastUnit is the standard deviation of luma, in steps of 255, of a block in
	// which a change counts half: a network is off by more where there is more to
	// be off by.
	contrastUnit = 20
	peak         = 0.98 // quantile of the blocks' changes that counts

	edge       = 8.0  // standard deviation of luma of a block with an edge
	drawnEdge  = 50.0 // and of one with an edge that is drawn or printed
	calmer     = 0.05 // by how much its calmest corner has to become flatter to count
	fewEdges   = 20   // blocks: fewer tell nothing
	drawnShare = 0.5  // of the edges: from here on a picture is a drawing
	drawnFloor = 0.6  // share of a drawing's edges that become calmer by chance

	// Spread of the changes, as the logarithm of the peak over the median: noise
	// is changed evenly, damage is not.
	noiseSpread, photoSpread = 0.35, 0.65
)

// evidence is what the network would change in one tile, in steps of 255.
type evidence struct {
	changes []float64 // root mean square of the change of luma, of each block
	weighed []float64 // the same, less where there is contrast
	edges   int       // blocks with an edge
	calmed  int       // of those, whose calmest corner becomes flatter: ringing goes
	drawn   int       // blocks with a drawn edge
}

// measure compares what the network was given with its answer over part of
// both, which is not padding.
func measure(in, out tile.Planar, part tile.Rect) evidence {
	was, is := lumaOf(in, part), lumaOf(out, part)
	var e evidence
	for top := 0; top+evidenceBlock <= part.H; top += evidenceBlock {
		for left := 0; left+evidenceBlock <= part.W; left += evidenceBlock {
			e.block(was, is, top*part.W+left, part.W)
		}
	}
	return e
}

// hasColour reports whether the channels of a piece differ by half a step of 255
// anywhere.
func hasColour(p tile.Planar) bool {
	n := len(p.Pix) / 3
	for i, r := range p.Pix[:n] {
		g, b := p.Pix[n+i], p.Pix[2*n+i]
		if max(r, g, b)-min(r, g, b) > 0.5/255 {
			return true
		}
	}
	return false
}

// block adds the block that begins at was[at].
func (e *evidence) block(was, is []float64, at, stride int) {
	var all moments
	var change float64
	calmest, before, after := math.Inf(1), 0.0, 0.0
	for y := 0; y < evidenceBlock; y += corner {
		for x := 0; x < evidenceBlock; x += corner {
			var old, now moments
			for row := range corner {
				from := at + (y+row)*stride + x
				for i, v := range was[from : from+corner] {
					w := is[from+i]
					old.add(v)
					now.add(w)
					change += (w - v) * (w - v)
				}
			}
			all.join(old)
			if a, b := old.variance(), now.variance(); a+b < calmest {
				calmest, before, after = a+b, math.Sqrt(a), math.Sqrt(b)
			}
		}
	}
	contrast, changed := math.Sqrt(all.variance()), math.Sqrt(change/all.n)
	e.changes = append(e.changes, changed)
	e.weighed = append(e.weighed, changed/(1+contrast/contrastUnit))
	if contrast > drawnEdge {
		e.drawn++
	}
	if contrast > edge {
		e.edges++
		if before > after+calmer {
			e.calmed++
		}
	}
}

// correction is what the tiles of a photo tell, in one figure: the largest
// change that stands for more than chance, in steps of 255, as far as it is one
// of damage. It counts for less
//
//   - where few edges lose their ringing: beside edges a network makes damaged
//     photos flatter, and undamaged ones rougher as often as flatter;
//   - where most edges are those of drawings and text, of which networks
//     take more away than damage: there nearly all of them have to lose ringing;
//   - where all blocks are changed alike, since that is noise.
func correction(tiles []evidence) float64 {
	var changes, weighed []float64
	var edges, calmed, drawn int
	for _, t := range tiles {
		changes, weighed = append(changes, t.changes...), append(weighed, t.weighed...)
		edges, calmed, drawn = edges+t.edges, calmed+t.calmed, drawn+t.drawn
	}
	if len(weighed) == 0 {
		return 0
	}
	slices.Sort(changes)
	slices.Sort(weighed)
	calming, floor := 0.5, 0.0
	if edges >= fewEdges {
		calming = float64(calmed) / float64(edges)
		floor = drawnFloor * min(1, float64(drawn)/float64(edges)/drawnShare)
	}
	spread := math.Log((quantile(changes, peak) + 0.1) / (quantile(changes, 0.5) + 0.1))
	return quantile(weighed, peak) * rise(calming, floor, 1) * rise(spread, noiseSpread, photoSpread)
}

// rise goes from 0 at low to 1 at high.
func rise(v, low, high float64) float64 { return min(max((v-low)/(high-low), 0), 1) }

// quantile is one of sorted values.
func quantile(sorted []float64, q float64) float64 {
	return sorted[int(q*float64(len(sorted)-1)+0.5)]
}

// moments are sums over values.
type moments struct{ n, sum, squares float64 }

func (m *moments) add(v float64) { m.n, m.sum, m.squares = m.n+1, m.sum+v, m.squares+v*v }

func (m *moments) join(o moments) {
	m.n, m.sum, m.squares = m.n+o.n, m.sum+o.sum, m.squares+o.squares
}

func (m *moments) variance() float64 {
	mean := m.sum / m.n
	return max(m.squares/m.n-mean*mean, 0)
}

// lumaOf is the BT.601 luma of a part of p, in steps of 255.
func lumaOf(p tile.Planar, part tile.Rect) []float64 {
	luma := make([]float64, 0, part.W*part.H)
	plane := p.Rect.W * p.Rect.H
	for y := range part.H {
		at := (part.Y-p.Rect.Y+y)*p.Rect.W + part.X - p.Rect.X
		for i := at; i < at+part.W; i++ {
			luma = append(luma, 255*(0.299*float64(p.Pix[i])+0.587*float64(p.Pix[plane+i])+0.114*float64(p.Pix[2*plane+i])))
		}
	}
	return luma
}
