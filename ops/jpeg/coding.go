package jpeg

import (
	"bufio"
	"io"
)

// Coding names how a JPEG is coded where that is other than what all decoders
// know, which is 8 bits a sample in DCT blocks by Huffman's code: "12-bit",
// "arithmetic-coded", "lossless", "JPEG-LS", "hierarchical". It is "" for the
// usual ones, and where the headers do not tell (ITU-T T.81, table B.1; T.87).
func Coding(r io.Reader) string {
	p := parser{r: bufio.NewReaderSize(r, 4096)}
	var magic [2]byte
	if _, err := io.ReadFull(p.r, magic[:]); err != nil || magic != [2]byte{0xff, soi} {
		return ""
	}
	for {
		marker, err := p.marker()
		if err != nil || marker == sos || marker == eoi {
			return ""
		}
		head, err := p.r.Peek(3)
		if err != nil {
			return ""
		}
		switch {
		case marker == 0xf7:
			return "JPEG-LS"
		case marker == 0xc3 || marker == 0xcb:
			return "lossless"
		case marker == 0xde || marker >= 0xc5 && marker <= 0xc7 || marker >= 0xcd && marker <= 0xcf:
			return "hierarchical"
		case marker == 0xc9 || marker == 0xca:
			return "arithmetic-coded"
		case marker >= 0xc0 && marker <= 0xc2:
			if head[2] == 12 {
				return "12-bit"
			}
			return ""
		}
		if p.skip(int(head[0])<<8|int(head[1])) != nil {
			return ""
		}
	}
}

// skip passes over a segment of that length.
func (p *parser) skip(length int) error {
	_, err := p.r.Discard(max(length, 2))
	return err
}
