package golden

import (
	"encoding/binary"
	"unicode/utf16"
)

// describe is an ICC profile's description (ICC.1, 9.2.41), "" where it has
// none that can be read.
func describe(profile []byte) string {
	const head, entry = 128, 12
	if len(profile) < head+4 {
		return ""
	}
	count := int(binary.BigEndian.Uint32(profile[head:]))
	for i := range min(count, 100) {
		at := head + 4 + i*entry
		if at+entry > len(profile) {
			return ""
		}
		if string(profile[at:at+4]) != "desc" {
			continue
		}
		offset, size := int(binary.BigEndian.Uint32(profile[at+4:])), int(binary.BigEndian.Uint32(profile[at+8:]))
		if offset > len(profile) || size > len(profile)-offset {
			return ""
		}
		return text(profile[offset : offset+size])
	}
	return ""
}

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
