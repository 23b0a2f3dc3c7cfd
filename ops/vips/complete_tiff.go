package vips

import (
	"bytes"
	"encoding/binary"
	"io"
	"math"
)

// tiff walks the directories of a TIFF or BigTIFF file.
type tiff struct {
	io.ReaderAt
	size  int64
	order binary.ByteOrder
	big   bool
	short bool // something points past the end
}

// Tags that tell where pixels lie (TIFF 6.0, section 8 and 15).
const (
	stripOffsets = 273
	stripCounts  = 279
	tileOffsets  = 324
	tileCounts   = 325
)

// tiffTypes are the sizes of the field types, by number.
var tiffTypes = [...]int64{0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8}

// completeTIFF reports whether all that the directories point at lies within
// the file. It looks at the first and the last strip or tile of a page, and at
// no more than 64 pages.
func completeTIFF(r io.ReaderAt, size int64) (bool, error) {
	head, err := part(r, 0, 16)
	if err != nil || len(head) < 16 {
		return false, err
	}
	t, at := newTIFF(r, size, head)
	t.short = at == 0 // not yet written
	for n := 0; at != 0 && n < 64 && !t.short; n++ {
		if at, err = t.directory(at); err != nil {
			return false, err
		}
	}
	return !t.short, nil
}

// newTIFF reads a file's first 16 bytes and returns where its first directory
// is.
func newTIFF(r io.ReaderAt, size int64, head []byte) (*tiff, int64) {
	t := &tiff{ReaderAt: r, size: size, order: binary.LittleEndian}
	if head[0] == 'M' {
		t.order = binary.BigEndian
	}
	if t.big = t.order.Uint16(head[2:]) == 43; t.big {
		return t, t.offset(head[8:])
	}
	return t, t.offset(head[4:])
}

// entries reads a directory: entries of so many bytes each, followed by where
// the next directory is.
func (t *tiff) entries(at int64) (entry int, b []byte, err error) {
	entry, count, word := 12, int64(2), int64(4)
	if t.big {
		entry, count, word = 20, 8, 8
	}
	b, err = t.within(at, count)
	if err != nil || t.short {
		return entry, nil, err
	}
	n := int64(t.order.Uint16(b))
	if t.big {
		n = min(t.offset(b), math.MaxUint16)
	}
	if n <= 0 { // not yet written: there is no empty directory
		t.short = true
		return entry, nil, nil
	}
	b, err = t.within(at+count, n*int64(entry)+word)
	return entry, b, err
}

// directory looks at one page and returns where the next is.
func (t *tiff) directory(at int64) (next int64, err error) {
	entry, b, err := t.entries(at)
	if err != nil || t.short {
		return 0, err
	}
	var offsets, counts []int64
	for ; len(b) >= entry; b = b[entry:] {
		values, err := t.field(b[:entry])
		if err != nil || t.short {
			return 0, err
		}
		switch t.order.Uint16(b) {
		case stripOffsets, tileOffsets:
			offsets = values
		case stripCounts, tileCounts:
			counts = values
		}
	}
	for i := range min(len(offsets), len(counts)) {
		t.reach(offsets[i], counts[i])
	}
	return t.offset(append(bytes.Clone(b), make([]byte, 8)...)), nil
}

// field makes sure that a field's values lie within the file and returns the
// first and the last, where they are whole numbers.
func (t *tiff) field(b []byte) ([]int64, error) {
	kind, n, inline := int(t.order.Uint16(b[2:])), int64(t.order.Uint32(b[4:])), b[8:]
	if t.big {
		n, inline = t.offset(b[4:]), b[12:]
	}
	if kind >= len(tiffTypes) || tiffTypes[kind] == 0 || n == 0 {
		return nil, nil
	}
	unit := tiffTypes[kind]
	if n < 0 || n > t.size/unit { // beyond 2^63, or more than the file holds
		t.short = true
		return nil, nil
	}
	if unit*n > int64(len(inline)) {
		at := t.offset(append(bytes.Clone(inline), make([]byte, 8)...))
		t.reach(at, unit*n)
		if t.short {
			return nil, nil
		}
		first, err := part(t, at, unit)
		if err != nil {
			return nil, err
		}
		last, err := part(t, at+unit*(n-1), unit)
		return []int64{t.number(first), t.number(last)}, err
	}
	return []int64{t.number(inline[:unit]), t.number(inline[unit*(n-1) : unit*n])}, nil
}

// within reads n bytes at an offset, or notes that the file ends before.
func (t *tiff) within(at, n int64) ([]byte, error) {
	if t.reach(at, n); t.short {
		return nil, nil
	}
	b, err := part(t, at, n)
	t.short = t.short || int64(len(b)) < n
	return b, err
}

func (t *tiff) reach(at, n int64) {
	if at < 0 || n < 0 || at > t.size || n > t.size-at {
		t.short = true
	}
}

// offset reads a position: 4 bytes of it, or 8 in a BigTIFF.
func (t *tiff) offset(b []byte) int64 {
	if t.big {
		return int64(t.order.Uint64(b))
	}
	return int64(t.order.Uint32(b))
}

func (t *tiff) number(b []byte) int64 {
	switch len(b) {
	case 2:
		return int64(t.order.Uint16(b))
	case 4:
		return int64(t.order.Uint32(b))
	case 8:
		return int64(t.order.Uint64(b))
	}
	return 0
}
