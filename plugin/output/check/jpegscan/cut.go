package jpegscan

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	mathbits "math/bits"
	"slices"
	"sort"
)

// header are the parts of a file that a piece of its picture needs, too.
type header struct {
	before     []byte // segments of quantization and of colours, with their markers
	frame      []byte // segment of the size and the components
	marker     byte   // of frame
	scan       []byte
	ac         [4][]byte // as they stand in a segment of tables
	jfif       bool
	components []component
	blocks     int   // in a unit
	end        int64 // bits of the coded data
}

// keepSegment keeps what a piece needs.
func (d *decoder) keepSegment(marker byte, body []byte) {
	if !d.keep {
		return
	}
	h := &d.kept
	switch {
	case marker == sof0 || marker == sof1:
		h.frame, h.marker = body, marker
	case marker == sos:
		h.scan = body
	case marker == app0:
		h.jfif = h.jfif || len(body) >= 5 && string(body[:5]) == "JFIF\x00"
		h.before = appendSegment(h.before, marker, body)
	case marker == dqt, marker == app14, marker == app2 && len(body) >= 12 && string(body[:12]) == "ICC_PROFILE\x00":
		h.before = appendSegment(h.before, marker, body)
	}
}

func (h *header) finish(d *decoder) {
	h.components, h.blocks, h.end = slices.Clone(d.components), d.blocks(), d.bits.position()
	for i := range h.components {
		h.components[i].cells = nil
	}
}

func appendSegment(b []byte, marker byte, body []byte) []byte {
	b = append(b, 0xff, marker)
	b = binary.BigEndian.AppendUint16(b, uint16(len(body)+2))
	return append(b, body...)
}

// The table that means are written with (K.3.1): it has a code for every size.
var meanCounts = []byte{0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0}

// meanCodes are its codes and their lengths by the value's size.
var meanCodes = [12]struct{ code, length uint32 }{
	{0, 2}, {2, 3}, {3, 3}, {4, 3}, {5, 3}, {6, 3}, {14, 4}, {30, 5}, {62, 6}, {126, 7}, {254, 8}, {510, 9},
}

var errCut = errors.New("the file is not the one that was indexed")

// Cut returns a JPEG of its own of the part of the picture at left and top, and
// where that part begins in it: it is as large as units of blocks make it, and
// has one more around, which the part's edges are interpolated from. Its pixels
// are those that the whole file decodes to. r is the file that was indexed; one
// that has changed since is an error or gives other pixels, nothing worse.
func (x *Index) Cut(r io.ReaderAt, left, top, width, height int) (jpeg []byte, dx, dy int, err error) {
	if left < 0 || top < 0 || width < 1 || height < 1 || left > x.Width-width || top > x.Height-height {
		return nil, 0, 0, fmt.Errorf("%d×%d at %d, %d is no part of %d×%d", width, height, left, top, x.Width, x.Height)
	}
	fromX, fromY := max(0, left/x.unitWidth-1), max(0, top/x.unitHeight-1)
	toX := min(x.across, over(left+width, x.unitWidth)+1)
	toY := min(x.down, over(top+height, x.unitHeight)+1)
	w := min(x.Width, toX*x.unitWidth) - fromX*x.unitWidth
	h := min(x.Height, toY*x.unitHeight) - fromY*x.unitHeight
	c := &cut{index: x, file: r, out: writer{data: x.head(w, h)}, components: slices.Clone(x.header.components)}
	for y := fromY; y < toY; y++ {
		if err := c.row(y, fromX, toX); err != nil {
			return nil, 0, 0, err
		}
	}
	return c.out.end(), left - fromX*x.unitWidth, top - fromY*x.unitHeight, nil
}

// head is a file of that size up to its coded data.
func (x *Index) head(w, h int) []byte {
	b := append([]byte{0xff, soi}, x.header.before...)
	means := append([]byte{0}, meanCounts...)
	b = appendSegment(b, dht, append(means, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11))
	for _, table := range x.header.ac {
		if table != nil {
			b = appendSegment(b, dht, table)
		}
	}
	frame := slices.Clone(x.header.frame)
	binary.BigEndian.PutUint16(frame[1:], uint16(h))
	binary.BigEndian.PutUint16(frame[3:], uint16(w))
	b = appendSegment(b, x.header.marker, frame)
	scan := slices.Clone(x.header.scan)
	for i := range x.header.components {
		scan[2+2*i] &= 15 // its means by the table above
	}
	return appendSegment(b, sos, scan)
}

// cut is a part on its way into a file of its own.
type cut struct {
	index      *Index
	file       io.ReaderAt
	out        writer
	components []component
	written    [4]int32 // means before, of the part
	data       []byte   // coded data of a row
	bit, end   int64    // of data, that is next and behind the last
}

// row copies units of row y.
func (c *cut) row(y, from, to int) error {
	x := c.index
	perRow := over(x.across, stride)
	first := y*perRow + from/stride
	last := min(y*perRow+over(to, stride), (y+1)*perRow)
	start, end := x.places[first], x.header.end
	if last < len(x.places) {
		end = x.places[last].bit
	}
	base := start.bit / 8
	data, err := x.load(c.file, base, (end+7)/8)
	if err != nil {
		return err
	}
	c.end = 8 * int64(len(data))
	c.data = append(data, make([]byte, 16)...)
	c.bit = start.bit - 8*base
	for i := range c.components {
		c.components[i].last = int32(start.last[i])
	}
	begin := from / stride * stride
	for u := begin; u < to; u++ {
		if n := x.interval; n > 0 && u > begin && (y*x.across+u)%n == 0 {
			c.bit = (c.bit + 7) / 8 * 8
			for i := range c.components {
				c.components[i].last = 0
			}
		}
		if err := c.unit(u >= from); err != nil {
			return err
		}
	}
	return nil
}

// unit reads a unit, and copies it if it is of the part.
func (c *cut) unit(copies bool) error {
	for i := range c.components {
		k := &c.components[i]
		for range k.h * k.v {
			if err := c.block(k, &c.written[i], copies); err != nil {
				return err
			}
		}
	}
	return nil
}

// block reads a block: its mean, which is written as the difference from the
// one before in the part, and its other codes, which stay as they are.
func (c *cut) block(k *component, written *int32, copies bool) error {
	e := k.dc.find(c.peek())
	size := e.symbol
	if e.bits == 0 || size > 11 {
		return errCut
	}
	next := c.peek() << (e.bits - size)
	k.last += int32(next>>1>>(63-size)) + int32(next>>63-1)&(1-1<<size)
	c.bit += int64(e.bits)
	from := c.bit
	for at := 1; at < 64; {
		e, err := k.ac.one(c.peek(), &at)
		if err != nil {
			return errCut
		}
		c.bit += int64(e.bits)
		if c.bit > c.end {
			return errCut
		}
	}
	if !copies {
		return nil
	}
	if !c.out.mean(k.last - *written) {
		return errCut
	}
	*written = k.last
	for from < c.bit {
		n := min(c.bit-from, 32)
		c.out.write(uint32(c.at(from)>>(64-n)), uint32(n))
		from += n
	}
	return nil
}

// peek is what comes next, 57 bits at least.
func (c *cut) peek() uint64 { return c.at(c.bit) }

func (c *cut) at(bit int64) uint64 {
	i := min(bit/8, int64(len(c.data)-8))
	return binary.BigEndian.Uint64(c.data[i:]) << (bit % 8)
}

// load reads coded data, without what stands between.
func (x *Index) load(r io.ReaderAt, from, to int64) ([]byte, error) {
	n := sort.Search(len(x.pieces), func(i int) bool { return x.pieces[i].data > from }) - 1
	if n < 0 || to < from {
		return nil, errCut
	}
	at, skip := x.pieces[n].file, from-x.pieces[n].data
	out := make([]byte, 0, to-from)
	piece := make([]byte, 16<<10)
	var after bool // a 0xff
	for int64(len(out)) < to-from {
		got, err := r.ReadAt(piece, at)
		if got == 0 {
			if errors.Is(err, io.EOF) {
				return out, nil // the last units may need no more
			}
			return nil, err
		}
		at += int64(got)
		for _, b := range piece[:got] {
			switch {
			case after && b == 0xff:
				continue
			case after && b != 0: // a marker
				after = false
				continue
			case after:
				after, b = false, 0xff
			case b == 0xff:
				after = true
				continue
			}
			if skip > 0 {
				skip--
			} else if int64(len(out)) < to-from {
				out = append(out, b)
			}
		}
	}
	return out, nil
}

// writer writes coded data.
type writer struct {
	data []byte
	bits uint64
	n    uint32
}

// write writes the n lowest bits, 32 at the most.
func (w *writer) write(bits, n uint32) {
	w.bits = w.bits<<n | uint64(bits)&(1<<n-1)
	for w.n += n; w.n >= 8; w.n -= 8 {
		b := byte(w.bits >> (w.n - 8))
		if w.data = append(w.data, b); b == 0xff {
			w.data = append(w.data, 0)
		}
	}
}

// mean writes the difference of a mean; false where there is no code for it.
func (w *writer) mean(difference int32) bool {
	value := difference
	if difference < 0 {
		value = -difference
	}
	size := mathbits.Len32(uint32(value))
	if size >= len(meanCodes) {
		return false
	}
	w.write(meanCodes[size].code, meanCodes[size].length)
	if difference < 0 {
		difference--
	}
	w.write(uint32(difference), uint32(size))
	return true
}

// end fills the last byte up and ends the file.
func (w *writer) end() []byte {
	if w.n > 0 {
		w.write(0x7f, 8-w.n)
	}
	return append(w.data, 0xff, eoi)
}

// Bytes is the memory that the index takes, without Eighth.
func (x *Index) Bytes() int64 {
	const tables = 64 << 10 // for each component
	return int64(len(x.places))*16 + int64(len(x.pieces))*16 + int64(len(x.header.components))*tables
}
