// Package jpegscan reads JPEG files of the sequential process back: every code
// of every block, to the end marker, so that a file is known to be whole, and
// of the blocks their means. It makes no pixels, which is most of what decoding
// costs. An [Index] of what it has read cuts parts out of a file without
// decoding the rest.
package jpegscan

import (
	"errors"
	"fmt"
	"io"
)

// ErrOther is a JPEG of another process, such as a progressive one.
var ErrOther = errors.New("not a JPEG of the sequential process")

// LowPass is a picture as the means of square cells.
type LowPass struct {
	Width, Height int // of the picture, in pixels
	Columns, Rows int // of cells; those at the edges may hang over
	Bands         int // 1 gray, 3 RGB, 4 CMYK with 0 for no ink
	// Values are the cells row by row, band by band, on a scale of 16 bits.
	Values []uint16
}

// Unit is what the side of a cell is a multiple of, in pixels: no smaller area
// has colours of its own where they were stored at half size.
const Unit = 16

// Read reads a JPEG to its end marker. A code that does not exist, a block that
// is missing or one too many is an error. The cells have sides of cell pixels.
func Read(r io.Reader, cell int) (LowPass, error) {
	d := &decoder{in: input{r: r, buffer: make([]byte, 0, 64<<10)}, cell: cell}
	if err := d.headers(); err != nil {
		return LowPass{}, err
	}
	if err := d.scan(); err != nil {
		return LowPass{}, err
	}
	return d.lowPass(), nil
}

// Markers (ITU-T T.81, table B.1).
const (
	sof0  = 0xc0 // baseline
	sof1  = 0xc1 // extended sequential
	sof15 = 0xcf
	dht   = 0xc4
	jpg   = 0xc8
	dac   = 0xcc
	rst0  = 0xd0
	soi   = 0xd8
	eoi   = 0xd9
	sos   = 0xda
	dqt   = 0xdb
	dri   = 0xdd
	app0  = 0xe0
	app2  = 0xe2
	app14 = 0xee
)

// component is one plane of the picture.
type component struct {
	id, h, v      int // sampling factors
	table         int // of quantization
	dc, ac        *huffman
	last          int32   // DC before
	columns, rows int     // of blocks that show something of the picture
	cellH, cellV  int     // how many of them a cell spans
	cells         []int32 // the cell of each column of blocks; -1 for those that show nothing
	sums          []int64 // of the blocks' DC, by cell
}

type decoder struct {
	in         input
	cell       int // pixels
	bits       bits
	width      int
	height     int
	components []component
	dc, ac     [4]*huffman
	steps      [4]int32 // of the means' quantization
	interval   int      // units from one restart to the next; 0: there are none
	adobe      int      // colour transform; -1: not said

	keep bool   // what an index needs of the headers
	kept header // then
}

// headers reads up to the scan.
func (d *decoder) headers() error {
	d.adobe = -1
	if magic, err := d.in.take(2); err != nil || magic[0] != 0xff || magic[1] != soi {
		return errors.New("not a JPEG")
	}
	for {
		marker, body, err := d.in.segment()
		if err != nil {
			return err
		}
		d.keepSegment(marker, body)
		switch marker {
		case sof0, sof1:
			err = d.frame(body)
		case dht:
			err = d.huffmanTables(body)
		case dqt:
			err = d.quantization(body)
		case dri:
			if len(body) != 2 {
				return malformed(marker)
			}
			d.interval = int(body[0])<<8 | int(body[1])
		case app14:
			if len(body) >= 12 && string(body[:5]) == "Adobe" {
				d.adobe = int(body[11])
			}
		case sos:
			return d.begin(body)
		case eoi:
			return errors.New("it holds no picture")
		default:
			if marker > sof1 && marker <= sof15 && marker != jpg && marker != dac {
				return ErrOther
			}
		}
		if err != nil {
			return err
		}
	}
}

func malformed(marker byte) error { return fmt.Errorf("its segment %#02x is malformed", marker) }

// frame reads the size and the components (B.2.2).
func (d *decoder) frame(b []byte) error {
	if len(b) < 6 || len(b) != 6+3*int(b[5]) || d.components != nil {
		return malformed(sof0)
	}
	d.height, d.width = int(b[1])<<8|int(b[2]), int(b[3])<<8|int(b[4])
	if b[0] != 8 || d.height == 0 {
		return ErrOther // other depths; a height that comes later
	}
	for c := b[6:]; len(c) > 0; c = c[3:] {
		n := component{id: int(c[0]), h: int(c[1] >> 4), v: int(c[1] & 15), table: int(c[2])}
		if n.h < 1 || n.h > 4 || n.v < 1 || n.v > 4 || n.table > 3 {
			return malformed(sof0)
		}
		d.components = append(d.components, n)
	}
	if n := len(d.components); n != 1 && n != 3 && n != 4 || d.width == 0 {
		return malformed(sof0)
	}
	return nil
}

// quantization reads the first value of each table, that of the mean (B.2.4.1).
func (d *decoder) quantization(b []byte) error {
	for len(b) > 0 {
		size := 65
		if b[0]>>4 == 1 {
			size = 129
		}
		if b[0]>>4 > 1 || b[0]&15 > 3 || len(b) < size {
			return malformed(dqt)
		}
		d.steps[b[0]&15] = int32(b[1])
		if size == 129 {
			d.steps[b[0]&15] = int32(b[1])<<8 | int32(b[2])
		}
		b = b[size:]
	}
	return nil
}

// begin reads which tables the scan uses; it has to hold all components.
func (d *decoder) begin(b []byte) error {
	if d.components == nil || len(b) < 1 || len(b) != 4+2*int(b[0]) {
		return malformed(sos)
	}
	if int(b[0]) != len(d.components) {
		return ErrOther
	}
	for i := range d.components {
		c := &d.components[i]
		tables := b[2+2*i]
		if int(b[1+2*i]) != c.id || tables>>4 > 3 || tables&15 > 3 {
			return malformed(sos)
		}
		if c.dc, c.ac = d.dc[tables>>4], d.ac[tables&15]; c.dc == nil || c.ac == nil || d.steps[c.table] == 0 {
			return errors.New("a table is missing that its scan uses")
		}
	}
	if rest := b[len(b)-3:]; rest[0] != 0 || rest[1] != 63 || rest[2] != 0 {
		return ErrOther
	}
	return nil
}
