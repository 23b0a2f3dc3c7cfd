package jpegscan

import "errors"

// huffman is a table of codes (annex C). Most codes are looked up by the bits
// that come next; those of coefficients several at a time.
type huffman struct {
	quick  [1 << quickBits]entry
	runs   [1 << runBits]run // of a table of coefficients
	last   [17]int32         // the last code of each length, -1 for none
	offset [17]int32         // from a code to its symbol
	values []byte
}

const (
	quickBits = 11
	runBits   = 12
)

// entry is a code's symbol and how many bits go with it: those of the code and
// those that the symbol announces; 0 for a code that is longer, or does not
// exist.
type entry struct{ bits, symbol uint8 }

func newEntry(length int32, symbol byte) entry {
	return entry{bits: uint8(length) + symbol&15, symbol: symbol}
}

// run is as many codes of coefficients as the bits that come next hold in full:
// how many bits go with them and, from the ninth bit on, how many coefficients
// they are, and ended more where the last code ends the block. These are noRun,
// which no block has room for, where there is no such code.
type run uint16

const (
	noRun = 64
	ended = 128
)

func newRun(bits, by uint8) run { return run(by)<<8 | run(bits) }

func (r run) bits() int { return int(r & 63) }
func (r run) by() int   { return int(r >> 8) }

// join fills the runs.
func (h *huffman) join() {
	for i := range h.runs {
		h.runs[i] = h.runAt(uint64(i) << (64 - runBits))
	}
}

func (h *huffman) runAt(next uint64) run {
	bits, by := uint8(0), uint8(0)
	for bits < runBits {
		e := h.find(next << bits)
		length, more := e.bits-e.symbol&15, e.symbol>>4+1
		switch {
		case e.bits == 0 || bits+length > runBits || !e.coefficient() || by+more >= noRun:
			if by == 0 {
				by = noRun
			}
			return newRun(bits, by)
		case e.symbol == endOfBlock:
			return newRun(bits+e.bits, by+ended)
		}
		bits, by = bits+e.bits, by+more
	}
	return newRun(bits, by)
}

// coefficient reports whether a code may stand among coefficients.
func (e entry) coefficient() bool {
	return e.symbol&15 != 0 || e.symbol == endOfBlock || e.symbol == skip16
}

// find is the entry of the code that comes next.
func (h *huffman) find(next uint64) entry {
	if e := h.quick[next>>(64-quickBits)]; e.bits != 0 {
		return e
	}
	return h.long(next)
}

// huffmanTables reads a segment of tables (B.2.4.2).
func (d *decoder) huffmanTables(b []byte) error {
	for len(b) > 0 {
		if len(b) < 17 || b[0]>>4 > 1 || b[0]&15 > 3 {
			return malformed(dht)
		}
		count := 0
		for _, n := range b[1:17] {
			count += int(n)
		}
		if count > 256 || len(b) < 17+count {
			return malformed(dht)
		}
		table, err := newHuffman(b[1:17], b[17:17+count])
		if err != nil {
			return err
		}
		into := &d.dc
		if b[0]>>4 == 1 {
			into = &d.ac
			table.join()
			d.kept.ac[b[0]&15] = b[:17+count]
		}
		into[b[0]&15] = table
		b = b[17+count:]
	}
	return nil
}

func newHuffman(counts, values []byte) (*huffman, error) {
	h := &huffman{values: values}
	code, at := int32(0), int32(0)
	for length := int32(1); length <= 16; length++ {
		n := int32(counts[length-1])
		h.offset[length] = at - code
		for range n {
			if length <= quickBits {
				h.spread(code, length, values[at])
			}
			code, at = code+1, at+1
		}
		h.last[length] = code - 1
		if n == 0 {
			h.last[length] = -1
		}
		if code > 1<<length {
			return nil, errors.New("invalid Huffman table")
		}
		code <<= 1
	}
	return h, nil
}

// spread enters a code wherever it may begin what comes next.
func (h *huffman) spread(code, length int32, symbol byte) {
	from := code << (quickBits - length)
	for i := from; i < from+1<<(quickBits-length) && i < int32(len(h.quick)); i++ {
		h.quick[i] = newEntry(length, symbol)
	}
}

// long looks up a code of more than quickBits.
func (h *huffman) long(next uint64) entry {
	for length := int32(quickBits + 1); length <= 16; length++ {
		code := int32(next >> (64 - length))
		if code <= h.last[length] && code+h.offset[length] >= 0 && int(code+h.offset[length]) < len(h.values) {
			return newEntry(length, h.values[code+h.offset[length]])
		}
	}
	return entry{}
}
