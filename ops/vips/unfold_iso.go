package vips

import (
	"bytes"
	"encoding/binary"
)

// maxMeta bounds the boxes of an ISO media file that are read into memory to
// tell where items lie.
const maxMeta = 4 << 20

// iso adds up the items of an ISO media file that are no pictures, and the
// colour profiles (ISO/IEC 14496-12, section 8.11).
func (u *unfolding) iso() {
	u.boxes(0, u.size, func(name string, from, size int64) {
		if name == "meta" {
			u.meta(from+4, size-4)
		}
	})
}

func (u *unfolding) meta(from, size int64) {
	plain := map[uint32]bool{} // items that are no pictures
	u.boxes(from, from+size, func(name string, from, size int64) {
		switch name {
		case "iinf":
			u.itemInfos(from, size, plain)
		case "iprp":
			u.boxes(from, from+size, func(name string, from, size int64) {
				if name == "ipco" {
					u.boxes(from, from+size, func(name string, _, size int64) {
						if name == "colr" || name == "uuid" {
							u.add(size)
						}
					})
				}
			})
		}
	})
	u.boxes(from, from+size, func(name string, from, size int64) {
		if name == "iloc" {
			u.itemPlaces(u.head(from, min(size, maxMeta)), plain)
		}
	})
}

func (u *unfolding) itemInfos(from, size int64, plain map[uint32]bool) {
	skip := int64(6) // version, flags and a count of two bytes
	if b := u.head(from, 1); len(b) == 1 && b[0] > 0 {
		skip = 8
	}
	u.boxes(from+skip, from+size, func(name string, from, size int64) {
		b := u.head(from, min(size, 64))
		if name != "infe" || len(b) < 12 || b[0] < 2 {
			return
		}
		id, rest := uint32(binary.BigEndian.Uint16(b[4:])), b[8:]
		if b[0] > 2 {
			id, rest = binary.BigEndian.Uint32(b[4:]), b[10:]
		}
		u.add(0)
		for _, kind := range []string{"Exif", "mime", "uri "} {
			if bytes.HasPrefix(rest, []byte(kind)) {
				plain[id] = true
			}
		}
	})
}

// itemPlaces reads an iloc box: the extents of each item, which may overlap.
func (u *unfolding) itemPlaces(b []byte, plain map[uint32]bool) {
	r := fields{b: b}
	version := r.number(1)
	r.number(3)
	sizes, bases := r.number(1), r.number(1)
	count := r.number(2)
	if version == 2 {
		count = count<<16 | r.number(2)
	}
	for ; count > 0 && !r.short && !u.over(); count-- {
		id := r.number(2)
		if version == 2 {
			id = id<<16 | r.number(2)
		}
		if version > 0 {
			r.number(2) // how the item is made
		}
		r.number(2)               // data reference
		r.number(int(bases >> 4)) // base offset
		for extents := r.number(2); extents > 0 && !r.short && !u.over(); extents-- {
			if version > 0 {
				r.number(int(bases & 15)) // extent index
			}
			r.number(int(sizes >> 4)) // offset
			if length := r.number(int(sizes & 15)); plain[uint32(id)] {
				u.add(min(int64(length), u.size))
			}
		}
	}
}

// fields reads numbers one after the other.
type fields struct {
	b     []byte
	short bool
}

func (r *fields) number(bytes int) (n uint64) {
	if bytes > len(r.b) {
		r.short, r.b = true, nil
		return 0
	}
	for _, c := range r.b[:bytes] {
		n = n<<8 | uint64(c)
	}
	r.b = r.b[bytes:]
	return n
}
