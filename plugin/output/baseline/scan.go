package baseline

import (
	"errors"
	"fmt"
)

var errCode = errors.New("it holds a code that does not exist")

// scan reads all units of all components.
func (d *decoder) scan() error {
	across, down := d.layout()
	restart, left := byte(rst0), d.interval
	var slots []slot
	for y := range down {
		slots = d.slots(slots[:0], y)
		for x := range across {
			if d.interval > 0 && left == 0 {
				marker, err := d.bits.end(&d.in)
				if err != nil {
					return err
				}
				if marker != restart {
					return fmt.Errorf("marker %#02x stands where %#02x should", marker, restart)
				}
				restart, left = rst0+(restart-rst0+1)%8, d.interval
				for i := range d.components {
					d.components[i].last = 0
				}
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

// unit reads the blocks of the x-th unit of a row.
func (d *decoder) unit(slots []slot, x int) error {
	for i := range slots {
		s := &slots[i]
		difference, err := d.block(s.dc, s.ac)
		if err != nil {
			return err
		}
		s.last += difference
		// Cells that do not exist are of blocks that fill up the last units.
		if at := s.cells[x*s.h+s.first]; uint(at) < uint(len(s.row)) {
			s.row[at] += int64(s.last)
		}
	}
	return nil
}

// block reads all codes of a block (F.2.2). It gives by how much its DC differs
// from the one before.
func (d *decoder) block(dc, ac *huffman) (difference int32, err error) {
	next, n := d.bits.next, d.bits.n // in registers
	if n < 32 {
		next, n = d.bits.fill(&d.in, next, n)
	}
	e := dc.quick[next>>(64-quickBits)]
	if e.bits == 0 {
		e = dc.long(next)
	}
	size := e.symbol
	if e.bits == 0 || size > 11 {
		return 0, d.broken(n, errCode)
	}
	next <<= (e.bits - size) & 63
	if size > 0 {
		difference = int32(next >> (64 - size))
		if difference < 1<<(size-1) {
			difference -= 1<<size - 1
		}
	}
	next <<= size & 63
	n -= int(e.bits)
	for k := 1; ; {
		if n < 32 {
			next, n = d.bits.fill(&d.in, next, n)
		}
		r := ac.runs[next>>(64-runBits)]
		to := k + r.by()
		if to < 64 {
			next <<= r.bits()
			n -= r.bits()
			k = to
			continue
		}
		if to == 64 || to >= ended && to < ended+64 {
			next <<= r.bits()
			n -= r.bits()
			break
		}
		// A long code, one that is none, or some of the next block's.
		e := ac.find(next)
		if e.bits == 0 || !e.coefficient() {
			return 0, d.broken(n, errCode)
		}
		next <<= e.bits & 63
		n -= int(e.bits)
		if e.symbol == endOfBlock {
			break
		}
		if k += int(e.symbol>>4) + 1; k > 64 {
			return 0, d.broken(n, errors.New("it holds a block of more than 64 coefficients"))
		}
		if k == 64 {
			break
		}
	}
	d.bits.next, d.bits.n = next, n
	if n < 0 {
		return 0, d.broken(n, errCode)
	}
	return difference, nil
}

// Symbols that stand for no coefficient.
const (
	endOfBlock = 0x00 // the rest is zero
	skip16     = 0xf0 // sixteen zeros
)

// broken is the end of the file where that is what is wrong, with n bits left.
func (d *decoder) broken(n int, err error) error {
	if d.bits.ended && n < 32 {
		if d.bits.marker != 0 {
			return errShort
		}
		return d.in.failure()
	}
	return err
}
