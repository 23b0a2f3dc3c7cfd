package baseline

import (
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
		if n > 0 {
			return true
		}
	}
	return false
}

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

// bits are the coded data, up to a marker.
type bits struct {
	next   uint64 // from the highest bit on
	n      int    // how many there are; negative once more was taken
	marker byte   // that ended them
	ended  bool   // no more will come
}

// fill brings the bits, n of them from the highest of next on, to more than 32,
// while there are some.
func (b *bits) fill(in *input, next uint64, n int) (uint64, int) {
	if at := in.at; at+8 <= len(in.buffer) && !b.ended {
		word := binary.BigEndian.Uint64(in.buffer[at:])
		if inverse := ^word; (inverse-0x0101010101010101)&^inverse&0x8080808080808080 == 0 { // none of them is 0xff
			bytes := (64 - n) / 8
			in.at = at + bytes
			return next | word>>(n&63), n + 8*bytes // a part of the byte behind them is there already: it comes again
		}
	}
	return b.fillSlowly(in, next, n)
}

// fillSlowly looks at every byte.
func (b *bits) fillSlowly(in *input, next uint64, n int) (uint64, int) {
	for n <= 32 && !b.ended {
		for in.at+1 >= len(in.buffer) {
			if !in.more() {
				b.ended = true // not even room for a marker
				return next, n
			}
		}
		c := in.buffer[in.at]
		if c == 0xff {
			if in.buffer[in.at+1] != 0 {
				b.marker, b.ended = in.buffer[in.at+1], true
				return next, n
			}
			in.at++
		}
		in.at++
		next |= uint64(c) << (56 - n)
		n += 8
	}
	return next, n
}

// end makes sure that only the filling of the last byte is left, and takes the
// marker that follows.
func (b *bits) end(in *input) (marker byte, err error) {
	if b.n < 8 {
		b.next, b.n = b.fill(in, b.next, b.n)
	}
	switch {
	case b.n < 0 || b.marker == 0 && b.ended:
		return 0, in.failure()
	case b.n >= 8:
		return 0, errors.New("it holds more data than blocks")
	}
	marker = b.marker
	in.at += 2
	*b = bits{}
	return marker, nil
}
