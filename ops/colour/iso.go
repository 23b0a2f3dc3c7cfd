package colour

import (
	"encoding/binary"
	"errors"
	"io"
)

var errBoxes = errors.New("not the boxes of a HEIF file")

// isoBox is a box of an ISO media file (ISO/IEC 14496-12, 4.2).
type isoBox struct {
	kind string
	data []byte
}

// maxMeta bounds the box that describes a file's pictures, in bytes.
const maxMeta = 8 << 20

// isoColours are the code points of the primary picture of a HEIF or AVIF file:
// its own colr box, or else that of the parts it is made of; nil where it has
// none.
func isoColours(f io.ReaderAt, size int64) (*cicp, error) {
	meta, err := metaBox(f, size)
	if err != nil || len(meta) < 4 {
		return nil, err
	}
	var primary uint32
	var properties []byte
	parts := map[uint32][]uint32{}
	for _, b := range isoBoxes(meta[4:]) {
		switch {
		case b.kind == "pitm" && len(b.data) >= 6:
			primary = uint32(binary.BigEndian.Uint16(b.data[4:]))
			if b.data[0] > 0 && len(b.data) >= 8 {
				primary = binary.BigEndian.Uint32(b.data[4:])
			}
		case b.kind == "iprp":
			properties = b.data
		case b.kind == "iref" && len(b.data) > 4:
			parts = isoParts(b.data)
		}
	}
	var list []isoBox
	belongs := map[uint32][]int{}
	for _, b := range isoBoxes(properties) {
		switch b.kind {
		case "ipco":
			list = isoBoxes(b.data)
		case "ipma":
			associate(b.data, belongs)
		}
	}
	seen := map[uint32]bool{} // a hostile file names a part as often as it has room for
	for _, item := range append([]uint32{primary}, parts[primary]...) {
		if seen[item] {
			continue
		}
		seen[item] = true
		if c := colr(list, belongs[item]); c != nil {
			return c, nil
		}
	}
	return nil, nil
}

// metaBox is the content of the file's meta box.
func metaBox(f io.ReaderAt, size int64) ([]byte, error) {
	at := int64(0)
	for range maxHead {
		var head [16]byte
		n, _ := f.ReadAt(head[:], at)
		if n < 8 {
			return nil, errBoxes
		}
		length, from := int64(binary.BigEndian.Uint32(head[:])), int64(8)
		switch {
		case length == 1 && n == 16:
			length, from = int64(binary.BigEndian.Uint64(head[8:])), 16
		case length == 0:
			length = size - at
		}
		if length < from || length > size-at {
			return nil, errBoxes
		}
		if string(head[4:8]) == "meta" {
			if length-from > maxMeta {
				return nil, errBoxes
			}
			data := make([]byte, length-from)
			_, err := io.ReadFull(io.NewSectionReader(f, at+from, length-from), data)
			return data, err
		}
		at += length
	}
	return nil, errBoxes
}

// isoBoxes are the boxes that fill data, up to the first that does not fit.
func isoBoxes(data []byte) (boxes []isoBox) {
	for len(data) >= 8 && len(boxes) < maxHead {
		size, from := uint64(binary.BigEndian.Uint32(data)), uint64(8)
		switch {
		case size == 1 && len(data) >= 16:
			size, from = binary.BigEndian.Uint64(data[8:]), 16
		case size == 0:
			size = uint64(len(data))
		}
		if size < from || size > uint64(len(data)) {
			break
		}
		boxes = append(boxes, isoBox{string(data[4:8]), data[from:size]})
		data = data[size:]
	}
	return boxes
}

// isoParts are the pictures that others are made of (ISO/IEC 23008-12, 6.6).
func isoParts(data []byte) map[uint32][]uint32 {
	wide := data[0] > 0
	parts := map[uint32][]uint32{}
	for _, b := range isoBoxes(data[4:]) {
		r := numbers{data: b.data}
		from := r.id(wide)
		for n := r.next(2); n > 0 && !r.bad && b.kind == "dimg"; n-- {
			parts[from] = append(parts[from], r.id(wide))
		}
	}
	return parts
}

// associate reads which properties belong to which picture (14496-12, 8.11.14).
func associate(data []byte, belongs map[uint32][]int) {
	if len(data) < 8 {
		return
	}
	wide, long := data[0] > 0, data[3]&1 == 1
	r := numbers{data: data[4:]}
	for n := r.next(4); n > 0 && !r.bad; n-- {
		item := r.id(wide)
		for k := r.next(1); k > 0 && !r.bad; k-- {
			if long {
				belongs[item] = append(belongs[item], int(r.next(2)&0x7fff))
			} else {
				belongs[item] = append(belongs[item], int(r.next(1)&0x7f))
			}
		}
	}
}

// colr is the first property of code points among those numbered, from 1.
func colr(list []isoBox, which []int) *cicp {
	for _, n := range which {
		if n < 1 || n > len(list) {
			continue
		}
		b := list[n-1]
		if b.kind != "colr" || len(b.data) < 11 || string(b.data[:4]) != "nclx" {
			continue
		}
		r := numbers{data: b.data[4:]}
		return &cicp{int(r.next(2)), int(r.next(2)), int(r.next(2)), r.next(1)&0x80 != 0}
	}
	return nil
}

// numbers reads big-endian numbers one after the other.
type numbers struct {
	data []byte
	bad  bool
}

func (r *numbers) next(bytes int) (n uint32) {
	if r.bad = r.bad || bytes > len(r.data); r.bad {
		return 0
	}
	for _, b := range r.data[:bytes] {
		n = n<<8 | uint32(b)
	}
	r.data = r.data[bytes:]
	return n
}

// id is an item's number.
func (r *numbers) id(wide bool) uint32 {
	if wide {
		return r.next(4)
	}
	return r.next(2)
}
