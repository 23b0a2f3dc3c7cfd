// Package exif reads and edits EXIF blocks: TIFF structures of directories with
// tagged values (CIPA DC-008). Edits are made in place, so that whatever they
// do not concern keeps its bytes and its offset, a maker's note above all. It
// knows nothing of the files that blocks lie in.
package exif

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
)

// Dir is a directory of a block.
type Dir int

// The directories, in the order in which they are found.
const (
	IFD0 Dir = iota
	Exif
	GPS
	Interop
	IFD1 // the embedded thumbnail's
)

// Tags that the rest of Burnish names.
const (
	Make              = 0x010f
	Model             = 0x0110
	Orientation       = 0x0112
	Software          = 0x0131
	DateTime          = 0x0132
	Artist            = 0x013b
	Copyright         = 0x8298
	exifPointer       = 0x8769
	gpsPointer        = 0x8825
	interopPointer    = 0xa005
	DateTimeOriginal  = 0x9003
	DateTimeDigitized = 0x9004
	SubjectArea       = 0x9214
	SubjectLocation   = 0xa214
	MakerNote         = 0x927c
	pixelWidth        = 0xa002
	pixelHeight       = 0xa003
	thumbnailOffset   = 0x0201
	thumbnailLength   = 0x0202
)

// Entry is one tagged value; Value is in the block's byte order.
type Entry struct {
	Dir   Dir
	Tag   uint16
	Type  uint16
	Count uint32
	Value []byte // shares the block's bytes

	at, from int // where the entry and its value stand in the block
}

// Block is a parsed EXIF block.
type Block struct {
	Order binary.ByteOrder
	data  []byte
	taken []span // by directories, where no value may lie
}

var (
	header   = []byte("Exif\x00\x00")
	errBlock = errors.New("not an EXIF block")
)

// Parse copies a block, with or without the "Exif\0\0" that JPEG puts before
// it. Entries that point out of
// the block, or into a directory, are passed over later on.
func Parse(data []byte) (*Block, error) {
	b := &Block{data: bytes.Clone(bytes.TrimPrefix(data, header))}
	switch {
	case bytes.HasPrefix(b.data, []byte("II*\x00")):
		b.Order = binary.LittleEndian
	case bytes.HasPrefix(b.data, []byte("MM\x00*")):
		b.Order = binary.BigEndian
	default:
		return nil, errBlock
	}
	if len(b.data) < 8 {
		return nil, errBlock
	}
	if _, ok := b.directory(IFD0, b.first()); !ok {
		return nil, errBlock
	}
	if err := b.survey(); err != nil {
		return nil, err
	}
	return b, nil
}

// survey finds where the directories stand; they may not overlap.
func (b *Block) survey() error {
	b.taken = nil
	places := b.directories()
	if at, ok := b.next(); ok {
		if p := (place{IFD1, int(b.Order.Uint32(b.data[at:]))}); b.holds(p) {
			places = append(places, p)
		}
	}
	for _, p := range places {
		s := b.spanOf(p)
		if slices.ContainsFunc(b.taken, s.meets) {
			return errBlock
		}
		b.taken = append(b.taken, s)
	}
	return nil
}

func (b *Block) holds(p place) bool {
	_, ok := b.directory(p.dir, p.at)
	return ok
}

// spanOf is where a directory stands, with the offset that follows it.
func (b *Block) spanOf(p place) span {
	return span{p.at, p.at + 6 + 12*int(b.Order.Uint16(b.data[p.at:]))}
}

// Bytes is the block, from its byte order mark on.
func (b *Block) Bytes() []byte { return b.data }

func (b *Block) first() int { return int(b.Order.Uint32(b.data[4:])) }

// maxEntries is how many a directory may have.
const maxEntries = 4096

// size of a value's element by its type; 0 for types that are not known.
var sizes = [...]int{1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}

// utf8 is Exif 3.0's type of text, beside ASCII.
const utf8 = 129

func sizeOf(t uint16) int {
	switch {
	case t == utf8:
		return 1
	case int(t) < len(sizes):
		return sizes[t]
	}
	return 0
}

// directory reads the entries at an offset; false where there is no whole one.
func (b *Block) directory(dir Dir, at int) ([]Entry, bool) {
	if at < 8 || at+2 > len(b.data) {
		return nil, false
	}
	n := int(b.Order.Uint16(b.data[at:]))
	if n > maxEntries || at+2+12*n > len(b.data) {
		return nil, false
	}
	var entries []Entry
	for i := range n {
		pos := at + 2 + 12*i
		e := Entry{Dir: dir, Tag: b.Order.Uint16(b.data[pos:]), Type: b.Order.Uint16(b.data[pos+2:]), Count: b.Order.Uint32(b.data[pos+4:]), at: pos, from: pos + 8}
		size := int64(sizeOf(e.Type)) * int64(e.Count)
		if size > 4 {
			e.from = int(b.Order.Uint32(b.data[pos+8:]))
		}
		value := span{e.from, e.from + int(size)}
		if size == 0 || size > int64(len(b.data)) || value.to > len(b.data) || size > 4 && (e.from < 8 || slices.ContainsFunc(b.taken, value.meets)) {
			continue
		}
		e.Value = b.data[e.from : int64(e.from)+size : int64(e.from)+size]
		entries = append(entries, e)
	}
	return entries, true
}

// next is where the offset of the directory after IFD0 stands.
func (b *Block) next() (at int, ok bool) {
	n := int(b.Order.Uint16(b.data[b.first():]))
	at = b.first() + 2 + 12*n
	return at, at+4 <= len(b.data)
}

// Entries lists what the block holds, directory by directory.
func (b *Block) Entries() []Entry {
	all, _ := b.directory(IFD0, b.first())
	for _, sub := range []struct {
		in, dir Dir
		tag     uint16
	}{{IFD0, Exif, exifPointer}, {IFD0, GPS, gpsPointer}, {Exif, Interop, interopPointer}} {
		if at, ok := b.pointer(all, sub.in, sub.tag); ok {
			more, _ := b.directory(sub.dir, at)
			all = append(all, more...)
		}
	}
	if at, ok := b.next(); ok {
		more, _ := b.directory(IFD1, int(b.Order.Uint32(b.data[at:])))
		all = append(all, more...)
	}
	return all
}

func (b *Block) pointer(entries []Entry, dir Dir, tag uint16) (int, bool) {
	e, ok := Find(entries, dir, tag)
	if !ok || len(e.Value) != 4 {
		return 0, false
	}
	return int(b.Order.Uint32(e.Value)), true
}

// Find is the entry of that tag.
func Find(entries []Entry, dir Dir, tag uint16) (Entry, bool) {
	i := slices.IndexFunc(entries, func(e Entry) bool { return e.Dir == dir && e.Tag == tag })
	if i < 0 {
		return Entry{}, false
	}
	return entries[i], true
}

// Number is a whole number's value, the first where there are several; false for
// other types.
func (b *Block) Number(e Entry) (int, bool) {
	if len(e.Value) < sizeOf(e.Type) || e.Count < 1 {
		return 0, false
	}
	switch e.Type {
	case 1:
		return int(e.Value[0]), true
	case 3:
		return int(b.Order.Uint16(e.Value)), true
	case 4:
		return int(b.Order.Uint32(e.Value)), true
	case 6:
		return int(int8(e.Value[0])), true
	case 8:
		return int(int16(b.Order.Uint16(e.Value))), true
	case 9:
		return int(int32(b.Order.Uint32(e.Value))), true
	}
	return 0, false
}

// Numbers are the values of an entry of SHORTs or LONGs.
func (b *Block) Numbers(e Entry) (n []int, ok bool) {
	size := sizeOf(e.Type)
	if e.Type != 3 && e.Type != 4 {
		return nil, false
	}
	for at := 0; at+size <= len(e.Value); at += size {
		if size == 2 {
			n = append(n, int(b.Order.Uint16(e.Value[at:])))
		} else {
			n = append(n, int(b.Order.Uint32(e.Value[at:])))
		}
	}
	return n, true
}

// SetNumbers changes the values of an entry of as many SHORTs or LONGs, in
// place; false where they do not fit.
func (b *Block) SetNumbers(e Entry, n []int) bool {
	size := sizeOf(e.Type)
	if e.Type != 3 && e.Type != 4 || size*len(n) != len(e.Value) {
		return false
	}
	for i, value := range n {
		switch {
		case value < 0 || size == 2 && value > 0xffff:
			return false
		case size == 2:
			b.Order.PutUint16(e.Value[i*size:], uint16(value))
		default:
			b.Order.PutUint32(e.Value[i*size:], uint32(value))
		}
	}
	return true
}

// Orientation is how the block says that the pixels are turned, 1 to 8; false where
// it does not. Writers give it as any whole number.
func (b *Block) Orientation() (int, bool) {
	e, ok := Find(b.Entries(), IFD0, Orientation)
	if !ok {
		return 0, false
	}
	n, ok := b.Number(e)
	return n, ok && n >= 1 && n <= 8
}

// Text is a text's value without what follows its end.
func Text(e Entry) string {
	text, _, _ := bytes.Cut(e.Value, []byte{0})
	return string(bytes.TrimRight(text, " "))
}

// IsPointer reports whether the entry leads to another directory.
func (e Entry) IsPointer() bool {
	return e.Dir == IFD0 && (e.Tag == exifPointer || e.Tag == gpsPointer) || e.Dir == Exif && e.Tag == interopPointer
}
