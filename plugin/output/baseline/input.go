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

// fill brings the bits to more than 32, while there are some.
func (b *bits) fill(in *input) {
	for b.n <= 32 && in.at+4 <= len(in.buffer) && !b.ended {
		word := binary.BigEndian.Uint32(in.buffer[in.at:])
		if inverse := ^word; (inverse-0x01010101)&^inverse&0x80808080 != 0 {
			break // one of them is 0xff
		}
		b.next |= uint64(word) << (32 - b.n)
		b.n += 32
		in.at += 4
	}
	for b.n <= 32 && !b.ended {
		for in.at+1 >= len(in.buffer) {
			if !in.more() {
				b.ended = true // not even room for a marker
				return
			}
		}
		c := in.buffer[in.at]
		if c == 0xff {
			if in.buffer[in.at+1] != 0 {
				b.marker, b.ended = in.buffer[in.at+1], true
				return
			}
			in.at++
		}
		in.at++
		b.next |= uint64(c) << (56 - b.n)
		b.n += 8
	}
}

// end makes sure that only the filling of the last byte is left, and takes the
// marker that follows.
func (b *bits) end(in *input) (marker byte, err error) {
	if b.n < 8 {
		b.fill(in)
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
