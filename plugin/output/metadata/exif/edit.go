package exif

import "slices"

// setNumber sets a whole number wherever the block has the tag, whatever type it
// had: as a SHORT, or as a LONG where it is too large for one.
func (b *Block) setNumber(dir Dir, tag uint16, value int) {
	for _, e := range b.Entries() {
		if e.Dir != dir || e.Tag != tag {
			continue
		}
		field := b.data[e.at+8 : e.at+12]
		clear(field)
		b.Order.PutUint32(b.data[e.at+4:], 1)
		if value <= 0xffff && e.Type != 4 || tag == Orientation {
			b.Order.PutUint16(b.data[e.at+2:], 3)
			b.Order.PutUint16(field, uint16(value))
		} else {
			b.Order.PutUint16(b.data[e.at+2:], 4)
			b.Order.PutUint32(field, uint32(value))
		}
	}
}

// Upright makes the block agree with pixels that stand upright and are w×h:
// orientation 1, where it has one, that size, and no thumbnail of before.
func (b *Block) Upright(w, h int) {
	b.setNumber(IFD0, Orientation, 1)
	b.setNumber(Exif, pixelWidth, w)
	b.setNumber(Exif, pixelHeight, h)
	b.dropThumbnail()
}

// dropThumbnail cuts IFD1 off and blanks what it held.
func (b *Block) dropThumbnail() {
	at, ok := b.next()
	if !ok {
		return
	}
	ifd1 := int(b.Order.Uint32(b.data[at:]))
	entries, ok := b.directory(IFD1, ifd1)
	b.Order.PutUint32(b.data[at:], 0)
	if !ok || b.survey() != nil { // fewer directories than Parse found sound
		return
	}
	var gone []span
	from, found := b.number(entries, thumbnailOffset)
	length, sized := b.number(entries, thumbnailLength)
	if found && sized && from >= 8 && from+length <= len(b.data) && length > 0 {
		gone = append(gone, span{from, from + length})
	}
	for _, e := range entries {
		gone = append(gone, e.span())
	}
	gone = append(gone, span{ifd1, ifd1 + 2 + 12*len(entries) + 4})
	b.blank(gone)
}

func (b *Block) number(entries []Entry, tag uint16) (int, bool) {
	e, ok := Find(entries, IFD1, tag)
	if !ok {
		return 0, false
	}
	return b.Number(e)
}

type span struct{ from, to int }

func (s span) meets(t span) bool { return s.from < t.to && t.from < s.to }

func (e Entry) span() span { return span{e.from, e.from + len(e.Value)} }

// blank zeroes spans, but for what entries that stay lie in, and cuts off what
// is no longer used at the end.
func (b *Block) blank(gone []span) {
	used := []span{{0, 8}}
	for _, e := range b.Entries() {
		used = append(used, e.span(), span{e.at, e.at + 12})
	}
	for _, p := range b.directories() {
		used = append(used, b.spanOf(p))
	}
	for _, g := range gone {
		if g.from < 8 || g.to > len(b.data) || slices.ContainsFunc(used, g.meets) {
			continue
		}
		clear(b.data[g.from:g.to])
	}
	end := 0
	for _, u := range used {
		end = max(end, min(u.to, len(b.data)))
	}
	if slices.ContainsFunc(gone, func(g span) bool { return g.to >= len(b.data)-8 }) {
		b.data = b.data[:end]
	}
}

// place is where a directory stands.
type place struct {
	dir Dir
	at  int
}

// directories are IFD0 and those that its pointers lead to.
func (b *Block) directories() []place {
	found := []place{{IFD0, b.first()}}
	for _, e := range b.Entries() {
		if e.IsPointer() && len(e.Value) == 4 {
			if p := (place{target(e.Tag), int(b.Order.Uint32(e.Value))}); b.holds(p) {
				found = append(found, p)
			}
		}
	}
	return found
}

func target(tag uint16) Dir {
	switch tag {
	case exifPointer:
		return Exif
	case gpsPointer:
		return GPS
	}
	return Interop
}

// shared is how many bytes values may have in common with others of a block,
// in all, without getting lost where it is written anew.
const shared = 1 << 16

// Keep removes every entry that keep does not want, and directories that hold
// nothing any more. Where no maker's note is left the block is written anew,
// so that nothing of what went remains; nil is a block that holds nothing.
func (b *Block) Keep(keep func(Entry) bool) *Block {
	var left []Entry
	note, gone := false, false
	for _, e := range b.Entries() {
		switch {
		case e.IsPointer() || e.Dir == IFD1:
		case keep(e):
			left = append(left, e)
			note = note || e.Tag == MakerNote
		default:
			gone = true
		}
	}
	switch {
	case len(left) == 0:
		return nil
	case !gone:
		return b
	case !note:
		return encode(left, b.Order, len(b.data)+shared)
	}
	b.remove(left, keep)
	return b
}

// remove takes all but the entries left out of their directories, in place.
func (b *Block) remove(left []Entry, keep func(Entry) bool) {
	alive := map[Dir]bool{IFD0: true}
	for _, e := range left {
		alive[e.Dir] = true
		alive[Exif] = alive[Exif] || e.Dir == Interop
	}
	stays := func(e Entry) bool {
		if e.IsPointer() {
			return alive[target(e.Tag)]
		}
		return keep(e)
	}
	var gone []span
	for _, p := range b.directories() {
		if alive[p.dir] {
			gone = append(gone, b.compact(p, stays)...)
			continue
		}
		entries, _ := b.directory(p.dir, p.at)
		for _, e := range entries {
			gone = append(gone, e.span())
		}
		gone = append(gone, b.spanOf(p))
	}
	b.blank(gone)
}

// compact closes the gaps in a directory; it returns where the values of the
// entries that went stand.
func (b *Block) compact(p place, stays func(Entry) bool) (gone []span) {
	end := p.at + 2 + 12*int(b.Order.Uint16(b.data[p.at:]))
	tail := min(end+4, len(b.data))
	next := slices.Clone(b.data[end:tail])
	entries, _ := b.directory(p.dir, p.at)
	kept := 0
	for _, e := range entries {
		if stays(e) {
			copy(b.data[p.at+2+12*kept:], b.data[e.at:e.at+12])
			kept++
		} else if len(e.Value) > 4 {
			gone = append(gone, e.span())
		}
	}
	b.Order.PutUint16(b.data[p.at:], uint16(kept))
	copy(b.data[p.at+2+12*kept:], next)
	clear(b.data[p.at+2+12*kept+len(next) : tail])
	return gone
}
