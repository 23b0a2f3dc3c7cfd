package check

import (
	"context"
	"encoding/binary"
	"sync"
	"unsafe"

	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin/output/check/jpegscan"
)

// grid is how a picture is cut into cells for a low-pass, and which of its rows
// count.
type grid struct {
	cell          int // its side, in pixels
	step          int // from one row that counts to the next, within a cell
	columns, rows int
}

const gridSide = 64 // cells

// newGrid cuts a picture of w×h pixels. Where blocks are to be compared, cells
// hold whole ones and every row counts.
func newGrid(w, h int, blocks bool) grid {
	g := grid{cell: max(8, (max(w, h)+gridSide-1)/gridSide)}
	g.step = max(1, g.cell/8)
	if blocks {
		g.cell, g.step = (g.cell+jpegscan.Unit-1)/jpegscan.Unit*jpegscan.Unit, 1
	}
	g.columns, g.rows = (w+g.cell-1)/g.cell, (h+g.cell-1)/g.cell
	return g
}

// lowPass is that of an image: the means of a grid of cells.
// Transparent pixels count as laid on white.
type lowPass struct {
	grid
	width, bands int // bands without transparency
	alpha, deep  bool
	backdrop     float64 // what transparent pixels lie on, on a scale of 16 bits

	mu         sync.Mutex
	seen       map[int]bool // strips, by their first row
	sums       []float64    // on a scale of 16 bits
	counts     []float64
	columnSums []uint16 // of the bytes of some rows
}

// hasLowPass reports whether a low-pass is taken of such pixels: those of 8 or 16
// bits.
func hasLowPass(p *vips.Image) bool {
	format := p.Format()
	return p.Coding() == "none" && (format == "uchar" || format == "ushort")
}

func newLowPass(g grid, p *vips.Image) *lowPass {
	s := &lowPass{grid: g, width: p.Width(), bands: p.Bands(), alpha: p.HasAlpha(), deep: p.Format() == "ushort", backdrop: 65535}
	if p.Interpretation() == "cmyk" {
		s.backdrop = 0 // no ink
	}
	if s.alpha {
		s.bands--
	}
	s.allocate()
	return s
}

// scannedLowPass is the low-pass of a JPEG whose picture g cuts.
func scannedLowPass(g grid, p jpegscan.LowPass) *lowPass {
	s := &lowPass{grid: g, bands: p.Bands}
	s.allocate()
	for i, v := range p.Values {
		s.sums[i], s.counts[i/p.Bands] = float64(v), 1
	}
	return s
}

func (s *lowPass) allocate() {
	s.seen = map[int]bool{}
	s.sums = make([]float64, s.columns*s.rows*s.bands)
	s.counts = make([]float64, s.columns*s.rows)
}

// inMemory is the size in bytes up to which pixels are made at once, which
// costs less than a stream of them.
const inMemory = 8 << 20

// takeLowPass evaluates p for its low-pass alone; nil where none is taken.
func takeLowPass(ctx context.Context, p *vips.Image, g grid) (*lowPass, error) {
	if !hasLowPass(p) {
		_, err := vips.Call("avg", vips.Args{"in": p})
		return nil, err
	}
	if _, whole := p.Whole(); !whole && p.Size() <= inMemory {
		kept, err := p.Materialise(ctx, inMemory, "")
		if err != nil {
			return nil, err
		}
		defer kept.Close()
		p = kept
	}
	streamed, s, err := tee(p, g)
	if err != nil {
		return nil, err
	}
	defer streamed.Close()
	if _, whole := p.Whole(); !whole {
		_, err = vips.Call("avg", vips.Args{"in": streamed})
	}
	return s, err
}

// tee is p and its low-pass: of pixels that are there at once, of others as
// they stream by; nil where none is taken. The caller closes the image.
func tee(p *vips.Image, g grid) (*vips.Image, *lowPass, error) {
	if !hasLowPass(p) {
		return p.Ref(), nil, nil
	}
	s := newLowPass(g, p)
	if rows, whole := p.Whole(); whole {
		s.add(rows)
		return p.Ref(), s, nil
	}
	streamed, err := p.Strips(vips.Strips{Height: 16, Cheap: true, Func: func(in, out vips.Rows) error {
		for y := out.Top; y < out.Top+out.Height; y++ {
			copy(out.Row(y), in.Row(y))
		}
		s.add(out)
		return nil
	}})
	return streamed, s, err
}

// add counts a strip once.
func (s *lowPass) add(strip vips.Rows) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen[strip.Top] {
		return
	}
	s.seen[strip.Top] = true
	const most = 256 // rows whose bytes a sum by column has room for
	end := strip.Top + strip.Height
	for from := strip.Top; from < end; {
		to := min(end, (from/s.cell+1)*s.cell, from+most*s.step)
		s.addRows(strip, from, to)
		from = to
	}
}

// addRows counts rows of one row of cells.
func (s *lowPass) addRows(strip vips.Rows, from, to int) {
	cells, top := from/s.cell*s.columns, from/s.cell*s.cell
	from = top + (from-top+s.step-1)/s.step*s.step // the first row of a cell counts
	rows := max(0, to-from+s.step-1) / s.step
	if !s.deep && !s.alpha {
		s.addBytes(strip, cells, from, to)
	} else {
		for y := from; y < to; y += s.step {
			if row := strip.Row(y); s.deep {
				addRow(s, cells, unsafe.Slice((*uint16)(unsafe.Pointer(&row[0])), len(row)/2), 1)
			} else {
				addRow(s, cells, row, 257)
			}
		}
	}
	for c := range s.columns {
		s.counts[cells+c] += float64(rows * (min((c+1)*s.cell, s.width) - c*s.cell))
	}
}

// addBytes adds rows of bytes to the sums by column, and these to their cells.
func (s *lowPass) addBytes(strip vips.Rows, cells, from, to int) {
	if s.columnSums == nil {
		s.columnSums = make([]uint16, s.width*s.bands)
	}
	clear(s.columnSums)
	strip.AddColumns(s.columnSums, from, to, s.step)
	for c := range s.columns {
		sums := s.sums[(cells+c)*s.bands:][:s.bands]
		cell := s.columnSums[c*s.cell*s.bands : min((c+1)*s.cell, s.width)*s.bands]
		for b := range sums {
			total := 0
			for at := b; at < len(cell); at += s.bands {
				total += int(cell[at])
			}
			sums[b] += float64(total) * 257
		}
	}
}

// addRow adds a row's values, times scale, to their cells.
func addRow[T uint8 | uint16](s *lowPass, cells int, row []T, scale float64) {
	stride := s.bands
	if s.alpha {
		stride++
	}
	for c := range s.columns {
		sums := s.sums[(cells+c)*s.bands:][:s.bands]
		cell := row[c*s.cell*stride : min((c+1)*s.cell, s.width)*stride]
		if s.alpha {
			addOnBackdrop(sums, cell, scale, s.backdrop)
			continue
		}
		for b := range sums {
			total := 0
			for i := b; i < len(cell); i += stride {
				total += int(cell[i])
			}
			sums[b] += float64(total) * scale
		}
	}
}

// addOnBackdrop adds pixels whose last value is their opacity.
func addOnBackdrop[T uint8 | uint16](sums []float64, cell []T, scale, backdrop float64) {
	for at := 0; at < len(cell); at += len(sums) + 1 {
		opacity := float64(cell[at+len(sums)]) * scale / 65535
		for b := range sums {
			sums[b] += float64(cell[at+b])*scale*opacity + backdrop*(1-opacity)
		}
	}
}

// at is the value of a cell on a scale of 16 bits.
func (s *lowPass) at(cell, band int) float64 { return s.sums[cell*s.bands+band] / s.counts[cell] }

// image is the low-pass with the meaning and the profile of p. The caller
// closes it.
func (s *lowPass) image(p *vips.Image) (*vips.Image, error) {
	var pixels []byte
	for cell := range s.counts {
		for b := range s.bands {
			pixels = binary.NativeEndian.AppendUint16(pixels, uint16(s.at(cell, b)+0.5))
		}
	}
	grid, err := vips.FromMemory(pixels, s.columns, s.rows, s.bands, "ushort")
	if err != nil {
		return nil, err
	}
	defer grid.Close()
	meaning := p.Interpretation()
	switch {
	case meaning == "cmyk":
	case s.bands < 3:
		meaning = "grey16"
	default:
		meaning = "rgb16"
	}
	typed, err := grid.Do("copy", vips.Args{"interpretation": meaning})
	if err != nil {
		return nil, err
	}
	defer typed.Close()
	profile, _ := p.Blob(vips.FieldICC)
	return typed.WithBlob(vips.FieldICC, profile)
}
