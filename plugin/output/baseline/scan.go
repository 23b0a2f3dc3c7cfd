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
	for y := range down {
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
			if err := d.unit(x, y); err != nil {
				return fmt.Errorf("block %d×%d of %d×%d: %w", x, y, across, down, err)
			}
		}
	}
	marker, err := d.bits.end(&d.in)
	if err == nil && marker != eoi {
		return ErrOther // another scan
	}
	return err
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

// unit reads the blocks at one place of every component.
func (d *decoder) unit(x, y int) error {
	across := over(d.width, d.cell)
	for i := range d.components {
		c := &d.components[i]
		for by := y * c.v; by < (y+1)*c.v; by++ {
			var row []int64
			if by < c.rows {
				row = c.sums[min(by/c.cellV*across, len(c.sums)-across):]
			}
			for bx := x * c.h; bx < (x+1)*c.h; bx++ {
				difference, err := d.block(c)
				if err != nil {
					return err
				}
				c.last += difference
				if at := c.cells[bx]; row != nil && at >= 0 { // others fill up the last units
					row[at] += int64(c.last)
				}
			}
		}
	}
	return nil
}

// block reads all codes of a block (F.2.2). It gives by how much its DC differs
// from the one before.
func (d *decoder) block(c *component) (difference int32, err error) {
	d.bits.fill(&d.in)
	next, n := d.bits.next, d.bits.n // in registers
	e := c.dc.find(next)
	size := e.symbol
	if e.bits == 0 || size > 11 {
		return 0, d.broken(errCode)
	}
	next <<= e.bits - size
	if size > 0 {
		difference = int32(next >> (64 - size))
		if difference < 1<<(size-1) {
			difference -= 1<<size - 1
		}
	}
	next <<= size
	d.bits.next, d.bits.n = next, n-int(e.bits)
	if err := d.coefficients(c.ac); err != nil {
		return 0, err
	}
	if d.bits.n < 0 {
		return 0, d.broken(errCode)
	}
	return difference, nil
}

// coefficients reads all codes of a block but the first.
func (d *decoder) coefficients(ac *huffman) error {
	next, n := d.bits.next, d.bits.n // in registers
	for k := 1; ; {
		if n < 32 {
			d.bits.next, d.bits.n = next, n
			d.bits.fill(&d.in)
			next, n = d.bits.next, d.bits.n
		}
		r := ac.runs[next>>(64-runBits)]
		to := k + int(r.by)
		if to < 64 {
			next <<= r.bits & 63
			n -= int(r.bits)
			k = to
			continue
		}
		if to == 64 || to >= ended && to < ended+64 {
			d.bits.next, d.bits.n = next<<(r.bits&63), n-int(r.bits)
			return nil
		}
		// A long code, one that is none, or some of the next block's.
		e := ac.find(next)
		if e.bits == 0 || !e.coefficient() {
			return d.broken(errCode)
		}
		next <<= e.bits & 63
		n -= int(e.bits)
		if k += int(e.symbol>>4) + 1; k > 64 && e.symbol != endOfBlock {
			return d.broken(errors.New("it holds a block of more than 64 coefficients"))
		}
		if k >= 64 || e.symbol == endOfBlock {
			d.bits.next, d.bits.n = next, n
			return nil
		}
	}
}

// Symbols that stand for no coefficient.
const (
	endOfBlock = 0x00 // the rest is zero
	skip16     = 0xf0 // sixteen zeros
)

// broken is the end of the file where that is what is wrong.
func (d *decoder) broken(err error) error {
	if d.bits.ended && d.bits.n < 32 {
		if d.bits.marker != 0 {
			return errShort
		}
		return d.in.failure()
	}
	return err
}
