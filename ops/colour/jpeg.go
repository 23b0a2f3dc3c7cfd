package colour

import (
	"bufio"
	"encoding/binary"
	"io"
	"slices"

	"github.com/burnish-photo/burnish/ops/icc"
)

const iccMarker = "ICC_PROFILE\x00"

// part is a piece of a profile in a JPEG (ICC.1, B.4).
type part struct {
	number, count byte
	data          []byte
}

// jpegProfiles are the profiles that a JPEG's segments make up: in the order of
// their numbers, and in that of the file, where writers number them wrongly.
// lost says why there may be none that is whole.
func jpegProfiles(r *bufio.Reader) (profiles [][]byte, lost string) {
	parts := jpegParts(r)
	if len(parts) == 0 {
		return nil, ""
	}
	lost = "its parts are missing, or numbered wrongly"
	byNumber := slices.Clone(parts)
	slices.SortStableFunc(byNumber, func(a, b part) int { return int(a.number) - int(b.number) })
	byNumber = slices.CompactFunc(byNumber, func(a, b part) bool { return a.number == b.number })
	for _, order := range [][]part{byNumber, parts} {
		var whole []byte
		for _, p := range order {
			whole = append(whole, p.data...)
		}
		profiles = append(profiles, whole)
	}
	return profiles, lost
}

func jpegParts(r *bufio.Reader) (parts []part) {
	var start [2]byte
	if _, err := io.ReadFull(r, start[:]); err != nil || start != [2]byte{0xff, 0xd8} {
		return nil
	}
	total := 0
	for range maxHead {
		marker, err := nextMarker(r)
		if err != nil || marker == 0xda || marker == 0xd9 {
			return parts
		}
		var size [2]byte
		if _, err := io.ReadFull(r, size[:]); err != nil {
			return parts
		}
		n := int(binary.BigEndian.Uint16(size[:])) - 2
		if n < 0 {
			return parts
		}
		content := make([]byte, n)
		if _, err := io.ReadFull(r, content); err != nil {
			return parts
		}
		const head = len(iccMarker) + 2
		if marker != 0xe2 || n <= head || string(content[:len(iccMarker)]) != iccMarker {
			continue
		}
		if total += n; total > icc.MaxSize {
			return nil
		}
		parts = append(parts, part{content[head-2], content[head-1], content[head:]})
	}
	return parts
}

// nextMarker is the next marker that has a segment, or that of a scan or the
// end.
func nextMarker(r *bufio.Reader) (byte, error) {
	for {
		b, err := r.ReadByte()
		if err != nil {
			return 0, err
		}
		if b != 0xff {
			continue // stray bytes, as decoders pass over them
		}
		for b == 0xff {
			if b, err = r.ReadByte(); err != nil {
				return 0, err
			}
		}
		if b != 0 && b != 1 && (b < 0xd0 || b > 0xd8) {
			return b, nil
		}
	}
}
