package jpegscan

import (
	"errors"
	"fmt"
	"io"
)

// Index tells where in a JPEG's data each part of its picture lies, so that a
// part is read without what comes before it, and is the picture itself at an
// eighth of its size. It is made in one pass that makes no pixels. It is
// immutable but for Eighth, which is the caller's.
type Index struct {
	Width, Height int // of the picture, in pixels
	// Eighth is the picture at an eighth of its sides, rounded up: the means of
	// its blocks, row by row, gray or RGB as the file has them. It is nil where
	// their colours are told otherwise, as in CMYK.
	Eighth []byte
	Bands  int // of Eighth

	unitWidth, unitHeight int // of a unit, in pixels
	across, down          int // units
	interval              int // units from one restart to the next; 0: there are none
	header                header
	places                []place
	pieces                []checkpoint
}

// stride is how many units apart the places of a row are.
const stride = 32

// place is where a unit begins: the bit, counted without what the file has
// between the coded data, and the means before.
type place struct {
	bit  int64
	last [4]int16
}

// checkpoint is a byte of the coded data and where it lies in the file.
type checkpoint struct{ data, file int64 }

// maxIndexed is the most pixels of a picture that is indexed: the index of more
// would take too much memory.
const maxIndexed = 1 << 30

var errTooLarge = errors.New("too many pixels for an index")

// NewIndex reads a JPEG to its end, as [Read] does. It gives up once stop
// returns an error, which it is asked now and then.
func NewIndex(r io.Reader, stop func() error) (*Index, error) {
	d := &decoder{in: input{r: r, buffer: make([]byte, 0, 64<<10)}, keep: true}
	if err := d.headers(); err != nil {
		return nil, err
	}
	if d.width*d.height > maxIndexed {
		return nil, errTooLarge
	}
	x := &Index{Width: d.width, Height: d.height, interval: d.interval}
	h, v := d.factors()
	x.unitWidth, x.unitHeight = 8*h, 8*v
	x.across, x.down = over(d.width, x.unitWidth), over(d.height, x.unitHeight)
	x.header = d.kept
	if n := len(d.components); n == 1 || n == 3 {
		x.Bands = n
		x.Eighth = make([]byte, over(d.width, 8)*over(d.height, 8)*n)
	}
	if err := d.index(x, stop); err != nil {
		return nil, err
	}
	x.header.finish(d)
	return x, nil
}

// index reads all units, a row at a time.
func (d *decoder) index(x *Index, stop func() error) error {
	d.bits = newBits(d.blocks()*blockBytes + 32)
	d.bits.pieces = &x.pieces
	rows := newRows(d, x)
	x.places = make([]place, 0, x.down*over(x.across, stride))
	restart, left := byte(rst0), d.interval
	for y := range x.down {
		if err := stop(); err != nil {
			return err
		}
		for u := range x.across {
			if d.interval > 0 && left == 0 {
				if err := d.restart(restart); err != nil {
					return err
				}
				restart, left = rst0+(restart-rst0+1)%8, d.interval
			}
			left--
			if u%stride == 0 {
				x.places = append(x.places, d.place())
			}
			if err := d.unit(rows.slots, u); err != nil {
				return fmt.Errorf("unit %d×%d of %d×%d: %w", u, y, x.across, x.down, err)
			}
		}
		rows.emit(d, x, y)
	}
	marker, err := d.bits.end(&d.in)
	if err == nil && marker != eoi {
		return fmt.Errorf("marker %#02x stands where its end should", marker)
	}
	return err
}

// place is where the next unit begins.
func (d *decoder) place() (p place) {
	p.bit = d.bits.position()
	for i, c := range d.components {
		p.last[i] = int16(c.last)
	}
	return p
}

// rows are the means of the blocks of one row of units.
type rows struct {
	slots []slot
	sums  [][][]int64 // by component and row of blocks
}

func newRows(d *decoder, x *Index) *rows {
	r := &rows{}
	for i := range d.components {
		c := &d.components[i]
		c.cells = make([]int32, x.across*c.h)
		for n := range c.cells {
			c.cells[n] = int32(n)
		}
		var of [][]int64
		for range c.v {
			row := make([]int64, x.across*c.h)
			of = append(of, row)
			for first := range c.h {
				r.slots = append(r.slots, slot{c, first, row})
			}
		}
		r.sums = append(r.sums, of)
	}
	return r
}

// emit writes the row's means to the picture and clears them.
func (r *rows) emit(d *decoder, x *Index, y int) {
	h, v := x.unitWidth/8, x.unitHeight/8
	width, height := over(x.Width, 8), over(x.Height, 8)
	rgb := len(d.components) == 3 && (d.adobe == 0 || d.adobe < 0 && !d.kept.jfif && d.isRGB())
	var step [3]int64
	for i := range min(3, len(d.components)) {
		step[i] = int64(d.steps[d.components[i].table])
	}
	for by := range v {
		row := y*v + by
		if x.Eighth == nil || row >= height {
			break
		}
		out := x.Eighth[row*width*x.Bands:][:width*x.Bands]
		var from [3][]int64
		for i := range x.Bands {
			from[i] = r.sums[i][by*d.components[i].v/v]
		}
		for column := range width {
			var value [3]int64 // in eighths
			for i := range x.Bands {
				value[i] = from[i][column*d.components[i].h/h]*step[i] + 1024
			}
			if x.Bands == 1 {
				out[column] = level(value[0] << 13)
				continue
			}
			if !rgb {
				l, cb, cr := value[0]<<13, value[1]-1024, value[2]-1024
				value = [3]int64{l + 11485*cr, l - 2819*cb - 5850*cr, l + 14516*cb}
			} else {
				value = [3]int64{value[0] << 13, value[1] << 13, value[2] << 13}
			}
			for i, n := range value {
				out[3*column+i] = level(n)
			}
		}
	}
	for _, of := range r.sums {
		for _, row := range of {
			clear(row)
		}
	}
}

// isRGB reports whether the components are named so.
func (d *decoder) isRGB() bool {
	return d.components[0].id == 'R' && d.components[1].id == 'G' && d.components[2].id == 'B'
}

// level rounds a value in eighths of 1/8192.
func level(n int64) byte { return byte(min(max((n+1<<15)>>16, 0), 255)) }
