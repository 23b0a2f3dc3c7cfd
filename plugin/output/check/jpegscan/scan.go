package jpegscan

import (
	"encoding/binary"
	"errors"
	"fmt"
)

var errCode = errors.New("invalid Huffman code")

// scan reads all units of all components.
func (d *decoder) scan() error {
	across, down := d.layout()
	d.bits = newBits(d.blocks()*blockBytes + 32)
	restart, left := byte(rst0), d.interval
	var slots []slot
	for y := range down {
		slots = d.slots(slots[:0], y)
		for x := range across {
			if d.interval > 0 && left == 0 {
				if err := d.restart(restart); err != nil {
					return err
				}
				restart, left = rst0+(restart-rst0+1)%8, d.interval
			}
			left--
			if err := d.unit(slots, x); err != nil {
				return fmt.Errorf("block %d×%d of %d×%d: %w", x, y, across, down, err)
			}
		}
	}
	marker, err := d.bits.end(&d.in)
	if err == nil && marker != eoi {
		return fmt.Errorf("marker %#02x stands where its end should", marker)
	}
	return err
}

// slot is the place of a block in the units of a row.
type slot struct {
	*component
	first int     // its column in the first unit
	row   []int64 // of cells that it counts in; none where it lies below the picture
}

// slots are those of row y of units, in the order of the file.
func (d *decoder) slots(slots []slot, y int) []slot {
	across := over(d.width, d.cell)
	for i := range d.components {
		c := &d.components[i]
		for by := y * c.v; by < (y+1)*c.v; by++ {
			var row []int64
			if by < c.rows {
				row = c.sums[min(by/c.cellV*across, len(c.sums)-across):][:across]
			}
			for first := range c.h {
				slots = append(slots, slot{c, first, row})
			}
		}
	}
	return slots
}

// layout makes room for the sums, and says how many units there are. A scan
// of one component has no more blocks than its picture (A.2.2).
func (d *decoder) layout() (across, down int) {
	h, v := d.factors()
	across, down = over(d.width, 8*h), over(d.height, 8*v)
	for i := range d.components {
		c := &d.components[i]
		c.columns, c.rows = over(d.width*c.h, 8*h), over(d.height*c.v, 8*v)
		c.cellH, c.cellV = max(1, d.cell*c.h/(8*h)), max(1, d.cell*c.v/(8*v))
		c.cells = make([]int32, across*c.h)
		for x := range c.cells {
			if c.cells[x] = int32(min(x/c.cellH, over(d.width, d.cell)-1)); x >= c.columns {
				c.cells[x] = -1
			}
		}
		c.sums = make([]int64, over(d.width, d.cell)*over(d.height, d.cell))
	}
	return across, down
}

// over is how many pieces of size n make room for a.
func over(a, n int) int { return (a + n - 1) / n }

// factors are the largest of the sampling factors, 1 for a single component,
// whose own do not count.
func (d *decoder) factors() (h, v int) {
	if len(d.components) == 1 {
		d.components[0].h, d.components[0].v = 1, 1
	}
	for _, c := range d.components {
		h, v = max(h, c.h), max(v, c.v)
	}
	return h, v
}

// blockBytes is more than the longest block takes: a code for each of its
// coefficients, of 31 bits at the most with its value.
const blockBytes = 64 * 31 / 8

// blocks is how many there are in a unit.
func (d *decoder) blocks() (n int) {
	for _, c := range d.components {
		n += c.h * c.v
	}
	return n
}

// unit reads the blocks of the x-th unit of a row: all of their codes (F.2.2).
// A filling leaves 56 bits at least, and two runs, or the code of a mean and a
// run, take 54 at the most.
func (d *decoder) unit(slots []slot, x int) error {
	d.bits.ready(&d.in)
	data, at, next, n := d.bits.data, d.bits.at, d.bits.next, d.bits.n // in registers
	for i := range slots {
		s := &slots[i]
		next |= binary.BigEndian.Uint64(data[at:]) >> (n & 63)
		at += (63 - n) >> 3
		n |= 56
		e := s.dc.quick[next>>(64-quickBits)]
		if e.bits == 0 {
			e = s.dc.long(next)
		}
		size := e.symbol
		if e.bits == 0 || size > 11 {
			return d.broken(at, n, errCode)
		}
		next <<= (e.bits - size) & 63
		// The first bit of a value is its sign (F.2.2.1).
		s.last += int32(next>>1>>(63-size)) + int32(next>>63-1)&(1-1<<size)
		next <<= size & 63
		n -= int(e.bits)
		for k := 1; ; {
			r := s.ac.runs[next>>(64-runBits)]
			to := k + r.by()
			if to < 64 {
				next <<= r.bits()
				n -= r.bits()
				k = to
				next |= binary.BigEndian.Uint64(data[at:]) >> (n & 63)
				at += (63 - n) >> 3
				n |= 56
				r = s.ac.runs[next>>(64-runBits)]
				if to += r.by(); to < 64 {
					next <<= r.bits()
					n -= r.bits()
					k = to
					continue
				}
			}
			if to == 64 || to >= ended && to < ended+64 {
				next <<= r.bits()
				n -= r.bits()
				break
			}
			// A long code, one that is none, or some of the next block's.
			next |= binary.BigEndian.Uint64(data[at:]) >> (n & 63)
			at += (63 - n) >> 3
			n |= 56
			e, err := s.ac.one(next, &k)
			if err != nil {
				return d.broken(at, n, err)
			}
			next <<= e.bits & 63
			n -= int(e.bits)
			if k == 64 {
				break
			}
			next |= binary.BigEndian.Uint64(data[at:]) >> (n & 63)
			at += (63 - n) >> 3
			n |= 56
		}
		// Cells that do not exist are of blocks that fill up the last units.
		if at := s.cells[x*s.h+s.first]; uint(at) < uint(len(s.row)) {
			s.row[at] += int64(s.last)
		}
	}
	d.bits.at, d.bits.next, d.bits.n = at, next, n
	if d.bits.ended && d.bits.left() < 0 {
		return d.broken(at, n, errCode)
	}
	return nil
}

// one is the code that comes next in a table of coefficients. It moves k on to
// the coefficient behind it, 64 at the end of the block.
func (h *huffman) one(next uint64, k *int) (entry, error) {
	e := h.find(next)
	switch {
	case e.bits == 0 || !e.coefficient():
		return e, errCode
	case e.symbol == endOfBlock:
		*k = 64
		return e, nil
	}
	if *k += int(e.symbol>>4) + 1; *k > 64 {
		return e, errors.New("more than 64 coefficients in a block")
	}
	return e, nil
}

// Symbols that stand for no coefficient.
const (
	endOfBlock = 0x00 // the rest is zero
	skip16     = 0xf0 // sixteen zeros
)

// broken is the end of the file where that is what is wrong, with what the
// bits are at.
func (d *decoder) broken(at, n int, err error) error {
	if d.bits.at, d.bits.n = at, n; d.bits.ended && d.bits.left() < 32 {
		if d.bits.marker != 0 {
			return errShort
		}
		return d.in.failure()
	}
	return err
}

// restart ends an interval with the marker that has to stand there, and begins
// the next one.
func (d *decoder) restart(want byte) error {
	marker, err := d.bits.end(&d.in)
	if err != nil {
		return err
	}
	if marker != want {
		return fmt.Errorf("marker %#02x stands where %#02x should", marker, want)
	}
	for i := range d.components {
		d.components[i].last = 0
	}
	return nil
}
