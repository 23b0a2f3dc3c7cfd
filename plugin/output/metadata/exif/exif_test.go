package exif

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"
)

func text(dir Dir, tag uint16, s string) Entry {
	return Entry{Dir: dir, Tag: tag, Type: 2, Count: uint32(len(s) + 1), Value: append([]byte(s), 0)}
}

// camera is a block as a camera writes it: a maker's note, a place, and a
// thumbnail in a directory of its own at the end.
func camera(order binary.ByteOrder) []byte {
	note := []byte("ACME\x00 note")
	short := func(n uint16) []byte {
		v := make([]byte, 2)
		order.PutUint16(v, n)
		return v
	}
	b := Encode([]Entry{
		text(IFD0, Make, "ACME corporation"), {Dir: IFD0, Tag: Orientation, Type: 3, Count: 1, Value: short(6)}, text(IFD0, Artist, "Ann Author"),
		{Dir: Exif, Tag: MakerNote, Type: 7, Count: uint32(len(note)), Value: note},
		{Dir: Exif, Tag: pixelWidth, Type: 3, Count: 1, Value: short(4000)},
		text(GPS, 1, "N"), text(GPS, 0x1d, "2019:07:03"),
		text(Interop, 1, "R98"),
	}, order)
	thumbnail := bytes.Repeat([]byte("thumb"), 100)
	at, _ := b.next()
	b.Order.PutUint32(b.data[at:], uint32(len(b.data)))
	long := func(n int) []byte {
		v := make([]byte, 4)
		order.PutUint32(v, uint32(n))
		return v
	}
	start := len(b.data) + 2 + 24 + 4
	b.append([]Entry{
		{Dir: IFD1, Tag: thumbnailOffset, Type: 4, Count: 1, Value: long(start)},
		{Dir: IFD1, Tag: thumbnailLength, Type: 4, Count: 1, Value: long(len(thumbnail))},
	})
	return append(b.data, thumbnail...)
}

func parse(t *testing.T, data []byte) *Block {
	t.Helper()
	b, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestUpright(t *testing.T) {
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		data := camera(order)
		before := parse(t, data)
		b := parse(t, append([]byte("Exif\x00\x00"), data...))
		b.Upright(300, 200)
		entries := b.Entries()
		for _, want := range []struct {
			dir   Dir
			tag   uint16
			value int
		}{{IFD0, Orientation, 1}, {Exif, pixelWidth, 300}} {
			e, _ := Find(entries, want.dir, want.tag)
			if n, ok := b.Number(e); !ok || n != want.value {
				t.Errorf("%v: tag %#x is %d", order, want.tag, n)
			}
		}
		if bytes.Contains(b.Bytes(), []byte("thumb")) || slices.ContainsFunc(entries, func(e Entry) bool { return e.Dir == IFD1 }) {
			t.Errorf("%v: the thumbnail is still there", order)
		}
		old, _ := Find(before.Entries(), Exif, MakerNote)
		note, ok := Find(entries, Exif, MakerNote)
		if !ok || note.from != old.from || !bytes.Equal(note.Value, old.Value) {
			t.Errorf("%v: the maker's note moved from %d to %d, or changed", order, old.from, note.from)
		}
		if len(b.Bytes()) >= len(data)-500 {
			t.Errorf("%v: %d bytes are left of %d", order, len(b.Bytes()), len(data))
		}
	}
}

func TestKeep(t *testing.T) {
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		b := parse(t, camera(order))
		b.Upright(300, 200)
		b = parse(t, b.Keep(func(e Entry) bool { return e.Dir != GPS }).Bytes())
		entries := b.Entries()
		if bytes.Contains(b.Bytes(), []byte("2019")) || slices.ContainsFunc(entries, func(e Entry) bool { return e.Dir == GPS || e.Tag == gpsPointer }) {
			t.Errorf("%v: the place is still there", order)
		}
		if _, ok := Find(entries, Exif, MakerNote); !ok || len(entries) != 8 {
			t.Errorf("%v: %d entries are left: %v", order, len(entries), entries)
		}
		b = b.Keep(func(e Entry) bool { return e.Tag == Artist })
		if e, ok := Find(b.Entries(), IFD0, Artist); !ok || Text(e) != "Ann Author" || len(b.Entries()) != 1 || len(b.Bytes()) > 60 {
			t.Errorf("%v: left are %d bytes, %v", order, len(b.Bytes()), b.Entries())
		}
		if b = b.Keep(func(Entry) bool { return false }); b != nil {
			t.Error("an empty block is left")
		}
	}
}

// nomacs#1646: an orientation is a whole number of any type, and becomes a SHORT.
func TestOrientationOfAnyType(t *testing.T) {
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		short, long := make([]byte, 2), make([]byte, 4)
		order.PutUint16(short, 6)
		order.PutUint32(long, 6)
		for kind, value := range map[uint16][]byte{1: {6}, 3: short, 4: long, 6: {6}, 8: short, 9: long, 2: []byte("6\x00"), 5: append(long, long...)} {
			b := Encode([]Entry{{Dir: IFD0, Tag: Orientation, Type: kind, Count: 1, Value: value}, text(IFD0, Artist, "Ann Author")}, order)
			n, ok := b.Orientation()
			if whole := kind != 2 && kind != 5; ok != whole || ok && n != 6 {
				t.Errorf("%v: type %d reads as %d, %t", order, kind, n, ok)
			}
			b.Upright(300, 200)
			b = parse(t, b.Bytes())
			e, _ := Find(b.Entries(), IFD0, Orientation)
			if n, ok := b.Orientation(); !ok || n != 1 || e.Type != 3 || e.Count != 1 {
				t.Errorf("%v: type %d becomes %+v", order, kind, e)
			}
			if e, _ := Find(b.Entries(), IFD0, Artist); Text(e) != "Ann Author" {
				t.Errorf("%v: type %d: another entry changed", order, kind)
			}
		}
	}
}

// Exiv2#2659: text of Exif 3.0's type UTF-8 is found, kept and written anew.
func TestUTF8(t *testing.T) {
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		e := text(IFD0, Artist, "Zo\u00eb Example")
		e.Type = 129
		b := parse(t, Encode([]Entry{e, text(GPS, 1, "N")}, order).Bytes())
		b = b.Keep(func(e Entry) bool { return e.Dir != GPS })
		got, ok := Find(parse(t, b.Bytes()).Entries(), IFD0, Artist)
		if !ok || got.Type != 129 || Text(got) != "Zo\u00eb Example" {
			t.Errorf("%v: %+v", order, got)
		}
		if b.Keep(func(e Entry) bool { return e.Tag != Artist }) != nil {
			t.Errorf("%v: the name stays", order)
		}
	}
}

func TestOtherByteOrder(t *testing.T) {
	e := Entry{Type: 5, Count: 1, Value: []byte{0, 0, 0, 1, 0, 0, 0, 125}}
	if got := e.In(binary.BigEndian, binary.LittleEndian).Value; !bytes.Equal(got, []byte{1, 0, 0, 0, 125, 0, 0, 0}) {
		t.Errorf("1/125 becomes %v", got)
	}
}

func FuzzBlock(f *testing.F) {
	f.Add(camera(binary.LittleEndian))
	f.Add(camera(binary.BigEndian))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := Parse(data)
		if err != nil {
			return
		}
		b.Upright(1, 2)
		if b = b.Keep(func(e Entry) bool { return e.Dir != GPS }); b == nil {
			return
		}
		if again, err := Parse(b.Bytes()); err == nil {
			for _, e := range again.Entries() {
				if e.Dir == GPS {
					t.Errorf("an entry of GPS is left: %v", e)
				}
			}
		}
	})
}
