// Package jpeg reads what a JPEG file says of its own compression: the quality
// that its quantization tables stand for, subsampling, progressive coding, and
// where the picture ends. It decodes nothing.
package jpeg

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// ErrNotJPEG is returned for data that does not begin as a JPEG.
var ErrNotJPEG = errors.New("not a JPEG")

// Info is what the headers tell. It speaks of the last time the photo was
// saved: damage done before that does not show.
type Info struct {
	Width, Height int    // pixels, as stored
	Components    int    // 1 gray, 3 colour, 4 CMYK or YCCK
	Precision     int    // bits a sample: 8 or 12
	Progressive   bool   // progressive coding
	Parted        bool   // the first scan leaves components to others
	Subsampling   string // of chroma: "4:4:4", "4:2:2", "4:2:0", "4:4:0", "4:1:1", "gray", or "" for others
	// Quality is that of the IJG encoder, 1 to 100, whose luma table is
	// nearest; chroma is often compressed otherwise and does not count.
	Quality int
	Exact   bool // the luma table is the IJG's at that quality
}

// Markers (ITU-T T.81, table B.1).
const (
	soi = 0xd8
	eoi = 0xd9
	sos = 0xda
	dqt = 0xdb
	dht = 0xc4
	jpg = 0xc8
	dac = 0xcc
)

// Read reads the headers from r up to the first scan.
func Read(r io.Reader) (Info, error) {
	p := parser{r: bufio.NewReaderSize(r, 4096)}
	var magic [2]byte
	if _, err := io.ReadFull(p.r, magic[:]); err != nil || magic != [2]byte{0xff, soi} {
		return Info{}, ErrNotJPEG
	}
	for {
		marker, err := p.marker()
		if err != nil {
			return Info{}, fmt.Errorf("jpeg headers: %w", err)
		}
		if marker == sos || marker == eoi {
			if head, err := p.r.Peek(3); err == nil && marker == sos {
				p.info.Parted = int(head[2]) < p.info.Components
			}
			return p.finish()
		}
		if err := p.segment(marker); err != nil {
			return Info{}, fmt.Errorf("jpeg segment %02x: %w", marker, err)
		}
	}
}

type parser struct {
	r      *bufio.Reader
	info   Info
	tables [4]*[64]int // quantization, in zigzag order
	luma   int         // the first component's table
	framed bool
}

// marker skips to the next marker that has a segment, or SOS or EOI.
func (p *parser) marker() (byte, error) {
	for {
		b, err := p.r.ReadByte()
		if err != nil {
			return 0, err
		}
		if b != 0xff {
			continue // stray bytes between segments
		}
		for b == 0xff {
			if b, err = p.r.ReadByte(); err != nil {
				return 0, err
			}
		}
		if b != 0 && b != 0x01 && (b < 0xd0 || b > soi) {
			return b, nil
		}
	}
}

func (p *parser) segment(marker byte) error {
	var length [2]byte
	if _, err := io.ReadFull(p.r, length[:]); err != nil {
		return err
	}
	n := int(binary.BigEndian.Uint16(length[:])) - 2
	if n < 0 {
		return errors.New("a length below 2")
	}
	frame := marker >= 0xc0 && marker <= 0xcf && marker != dht && marker != jpg && marker != dac
	if marker != dqt && !frame {
		_, err := p.r.Discard(n)
		return err
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(p.r, body); err != nil {
		return err
	}
	if marker == dqt {
		return p.quantization(body)
	}
	return p.frame(marker, body)
}

func (p *parser) quantization(body []byte) error {
	for len(body) > 0 {
		precision, id := body[0]>>4, body[0]&15
		size := 64 << min(precision, 1)
		if precision > 1 || id > 3 || len(body) < 1+size {
			return errors.New("a malformed quantization table")
		}
		var table [64]int
		for i := range table {
			if precision == 0 {
				table[i] = int(body[1+i])
			} else {
				table[i] = int(binary.BigEndian.Uint16(body[1+2*i:]))
			}
		}
		p.tables[id] = &table
		body = body[1+size:]
	}
	return nil
}

func (p *parser) frame(marker byte, body []byte) error {
	if len(body) < 6 || len(body) < 6+3*int(body[5]) || body[5] == 0 {
		return errors.New("a malformed frame header")
	}
	p.framed = true
	p.info.Precision = int(body[0])
	p.info.Height = int(binary.BigEndian.Uint16(body[1:]))
	p.info.Width = int(binary.BigEndian.Uint16(body[3:]))
	p.info.Components = int(body[5])
	p.info.Progressive = marker == 0xc2 || marker == 0xc6 || marker == 0xca || marker == 0xce
	p.luma = int(body[8] & 3)
	p.info.Subsampling = subsampling(body[6:], p.info.Components)
	return nil
}

// subsampling names the ratio of luma's to chroma's sampling factors.
func subsampling(components []byte, n int) string {
	if n == 1 {
		return "gray"
	}
	h, v := func(i int) int { return int(components[3*i+1] >> 4) }, func(i int) int { return int(components[3*i+1] & 15) }
	if n < 3 || h(1) == 0 || v(1) == 0 || h(1) != h(2) || v(1) != v(2) || h(0)%h(1) != 0 || v(0)%v(1) != 0 {
		return ""
	}
	return map[[2]int]string{
		{1, 1}: "4:4:4", {2, 1}: "4:2:2", {2, 2}: "4:2:0", {1, 2}: "4:4:0", {4, 1}: "4:1:1",
	}[[2]int{h(0) / h(1), v(0) / v(1)}]
}

func (p *parser) finish() (Info, error) {
	if !p.framed {
		return Info{}, errors.New("jpeg headers: no frame before the first scan")
	}
	table := p.tables[p.luma]
	if table == nil {
		return Info{}, fmt.Errorf("jpeg headers: quantization table %d is missing", p.luma)
	}
	p.info.Quality, p.info.Exact = quality(table)
	return p.info, nil
}
