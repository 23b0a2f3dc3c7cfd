package jpegscan

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
)

var errShort = errors.New("it ends too early")

// input is the file, read piece by piece.
type input struct {
	r      io.Reader
	buffer []byte // what was read
	at     int    // of what is next
	read   int64  // bytes of the file so far
	err    error
}

// more reads on; it is false at the end.
func (in *input) more() bool {
	left := copy(in.buffer[:cap(in.buffer)], in.buffer[in.at:])
	in.buffer, in.at = in.buffer[:left], 0
	for in.err == nil {
		var n int
		n, in.err = in.r.Read(in.buffer[left:cap(in.buffer)])
		in.buffer = in.buffer[:left+n]
		in.read += int64(n)
		if n > 0 {
			return true
		}
	}
	return false
}

// offset is where in the file what is next stands.
func (in *input) offset() int64 { return in.read - int64(len(in.buffer)-in.at) }

// failure is what ended the input.
func (in *input) failure() error {
	if in.err == nil || errors.Is(in.err, io.EOF) {
		return errShort
	}
	return in.err
}

// take reads n bytes.
func (in *input) take(n int) ([]byte, error) {
	b := make([]byte, n)
	for got := 0; got < n; {
		if in.at == len(in.buffer) && !in.more() {
			return nil, in.failure()
		}
		c := copy(b[got:], in.buffer[in.at:])
		got, in.at = got+c, in.at+c
	}
	return b, nil
}

// segment reads a marker and what follows it.
func (in *input) segment() (marker byte, body []byte, err error) {
	b, err := in.take(2)
	if err != nil {
		return 0, nil, err
	}
	if b[0] != 0xff {
		return 0, nil, errors.New("there is no marker where one should be")
	}
	for b[1] == 0xff { // fill bytes
		if b, err = in.take(1); err != nil {
			return 0, nil, err
		}
		b = []byte{0xff, b[0]}
	}
	if marker = b[1]; marker == eoi {
		return marker, nil, nil
	}
	if b, err = in.take(2); err != nil {
		return 0, nil, err
	}
	size := int(binary.BigEndian.Uint16(b))
	if size < 2 {
		return 0, nil, malformed(marker)
	}
	body, err = in.take(size - 2)
	return marker, body, err
}

// bits are the coded data up to a marker, without the zeros that the file has
// behind each 0xff, as they come in pieces.
type bits struct {
	data  []byte // those that are there, then zeros as room for one unit
	size  int    // of what is there
	at    int    // the byte that is next for [bits.fill]
	next  uint64 // what was taken of those before, from the highest bit on
	n     int    // how many bits of it count; what it holds beyond is right too, and comes again
	spare int    // bytes that no unit is longer than
	gone  int64  // bytes before data

	pieces *[]checkpoint // takes where each piece begins, if it is set

	marker byte // that ended them
	ended  bool // no more will come
}

const piece = 64 << 10 // bytes

func newBits(spare int) bits {
	return bits{data: make([]byte, piece+2*spare), spare: spare}
}

// left is how many bits were not used; negative where more were than there are.
func (b *bits) left() int { return 8*(b.size-b.at) + b.n }

// position is the bit that is next, of all that were read.
func (b *bits) position() int64 { return 8*(b.gone+int64(b.at)) - int64(b.n) }

// ready sees to it that the longest unit is there, or else all up to the end.
func (b *bits) ready(in *input) {
	if b.size-b.at < b.spare && !b.ended {
		b.load(in)
	}
}

// load brings another piece.
func (b *bits) load(in *input) {
	b.gone += int64(b.at)
	b.size = copy(b.data, b.data[b.at:b.size])
	b.at = 0
	if b.pieces != nil {
		*b.pieces = append(*b.pieces, checkpoint{b.gone + int64(b.size), in.offset()})
	}
	for most := len(b.data) - b.spare; b.size < most && !b.ended; {
		rest := in.buffer[in.at:]
		plain := bytes.IndexByte(rest, 0xff)
		switch {
		case plain < 0:
			plain = len(rest)
		case plain == 0 && len(rest) > 1 && rest[1] == 0:
			b.data[b.size] = 0xff
			b.size++
			in.at += 2
			continue
		case plain == 0 && len(rest) > 1:
			b.marker, b.ended = rest[1], true
			continue
		}
		if plain == 0 {
			b.ended = !in.more() // not even room for a marker
			continue
		}
		n := copy(b.data[b.size:most], rest[:plain])
		b.size, in.at = b.size+n, in.at+n
	}
	clear(b.data[b.size:])
}

// end makes sure that only the filling of the last byte is left, and takes the
// marker that follows.
func (b *bits) end(in *input) (marker byte, err error) {
	if !b.ended {
		b.load(in)
	}
	switch {
	case b.left() < 0 || b.marker == 0 && b.ended:
		return 0, in.failure()
	case b.left() >= 8:
		return 0, errors.New("it holds more data than blocks")
	}
	marker = b.marker
	in.at += 2
	*b = bits{data: b.data, spare: b.spare, gone: b.gone + int64(b.size), pieces: b.pieces}
	return marker, nil
}
