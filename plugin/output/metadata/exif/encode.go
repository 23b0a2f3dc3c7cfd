package exif

import (
	"encoding/binary"
	"slices"
)

// maxBlock bounds the values of a block that is written, in bytes.
const maxBlock = 64 << 20

// Encode writes a block that holds the entries, whose values are in that byte
// order, up to 64 MiB of them. Of offsets inside a maker's note nothing is known: they are true only
// of the block that it came from.
func Encode(entries []Entry, order binary.ByteOrder) *Block {
	return encode(entries, order, maxBlock)
}

// encode leaves out entries whose values would exceed that many bytes in all.
func encode(entries []Entry, order binary.ByteOrder, left int) *Block {
	b := &Block{Order: order, data: []byte("II*\x00\x08\x00\x00\x00")}
	if order == binary.ByteOrder(binary.BigEndian) {
		b.data = []byte("MM\x00*\x00\x00\x00\x08")
	}
	dirs := map[Dir][]Entry{}
	for _, e := range entries {
		if !e.IsPointer() && e.Dir != IFD1 && len(e.Value) <= left {
			left -= len(e.Value)
			dirs[e.Dir] = append(dirs[e.Dir], e)
		}
	}
	long := func(dir Dir, tag uint16) Entry {
		return Entry{Dir: dir, Tag: tag, Type: 4, Count: 1, Value: make([]byte, 4)}
	}
	if len(dirs[Interop]) > 0 {
		dirs[Exif] = append(dirs[Exif], long(Exif, interopPointer))
	}
	if len(dirs[Exif]) > 0 {
		dirs[IFD0] = append(dirs[IFD0], long(IFD0, exifPointer))
	}
	if len(dirs[GPS]) > 0 {
		dirs[IFD0] = append(dirs[IFD0], long(IFD0, gpsPointer))
	}
	at := map[Dir]map[uint16]int{}
	for _, dir := range []Dir{IFD0, Exif, GPS, Interop} {
		if len(dirs[dir]) > 0 || dir == IFD0 {
			b.link(dir, at)
			at[dir] = b.append(dirs[dir])
		}
	}
	return b
}

// link makes the pointer to dir point at the end of the block.
func (b *Block) link(dir Dir, at map[Dir]map[uint16]int) {
	pos := 0
	switch dir {
	case Exif:
		pos = at[IFD0][exifPointer]
	case GPS:
		pos = at[IFD0][gpsPointer]
	case Interop:
		pos = at[Exif][interopPointer]
	}
	if pos > 0 {
		b.Order.PutUint32(b.data[pos:], uint32(len(b.data)))
	}
}

// append writes a directory with its values at the end; it returns where the
// values of its entries stand.
func (b *Block) append(entries []Entry) map[uint16]int {
	slices.SortStableFunc(entries, func(x, y Entry) int { return int(x.Tag) - int(y.Tag) })
	at := map[uint16]int{}
	start := len(b.data)
	b.data = append(b.data, make([]byte, 2+12*len(entries)+4)...)
	b.Order.PutUint16(b.data[start:], uint16(len(entries)))
	for i, e := range entries {
		pos := start + 2 + 12*i
		b.Order.PutUint16(b.data[pos:], e.Tag)
		b.Order.PutUint16(b.data[pos+2:], e.Type)
		b.Order.PutUint32(b.data[pos+4:], e.Count)
		at[e.Tag] = pos + 8
		if len(e.Value) <= 4 {
			copy(b.data[pos+8:pos+12], e.Value)
			continue
		}
		b.Order.PutUint32(b.data[pos+8:], uint32(len(b.data)))
		b.data = append(b.data, e.Value...)
		if len(b.data)%2 == 1 {
			b.data = append(b.data, 0)
		}
	}
	return at
}

// In is the entry with its value in another byte order.
func (e Entry) In(from, to binary.ByteOrder) Entry {
	if from == to {
		return e
	}
	value := slices.Clone(e.Value)
	unit := sizeOf(e.Type)
	if e.Type == 5 || e.Type == 10 {
		unit = 4 // two halves
	}
	for i := 0; i+unit <= len(value); i += unit {
		slices.Reverse(value[i : i+unit])
	}
	e.Value = value
	return e
}
