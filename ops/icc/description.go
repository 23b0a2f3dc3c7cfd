package icc

import (
	"encoding/binary"
	"unicode/utf16"
)

// Description is what the profile calls itself (ICC.1, 9.2.41), "" where that
// cannot be read.
func (p *Profile) Description() string { return text(p.tags["desc"]) }

// text reads a description of version 2 (desc) or 4 (mluc, the first language).
func text(tag []byte) string {
	switch {
	case len(tag) > 12 && string(tag[:4]) == "desc":
		n := int(binary.BigEndian.Uint32(tag[8:]))
		if n < 1 || n > len(tag)-12 {
			return ""
		}
		return string(tag[12 : 12+n-1]) // without the NUL
	case len(tag) >= 28 && string(tag[:4]) == "mluc":
		n, offset := int(binary.BigEndian.Uint32(tag[20:])), int(binary.BigEndian.Uint32(tag[24:]))
		if offset > len(tag) || n > len(tag)-offset {
			return ""
		}
		units := make([]uint16, n/2)
		for i := range units {
			units[i] = binary.BigEndian.Uint16(tag[offset+2*i:])
		}
		return string(utf16.Decode(units))
	}
	return ""
}
