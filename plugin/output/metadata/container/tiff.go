package container

import (
	"encoding/binary"
	"errors"
	"io"
	"os"
	"slices"

	"github.com/burnish-photo/burnish/plugin/output/metadata/exif"
)

const (
	tiffXMP     = 700
	tiffIPTC    = 33723
	tiffEXIF    = 0x8769
	tiffGPS     = 0x8825
	tiffInterop = 0xa005

	tiffPhotoshop = 34377
	tiffICC       = 34675
)

var errTIFF = errors.New("not a TIFF")

// tiffFile is a TIFF, of the classic kind or a BigTIFF.
type tiffFile struct {
	input
	order binary.ByteOrder
	big   bool
	size  int64
	left  *budget
}

// record is one entry of a directory; value is in the file's byte order.
type record struct {
	tag, kind uint16
	count     uint64
	value     []byte // nil where inline stands for it
	inline    []byte // the field as the file has it: the value or its place
}

func openTIFF(f input) (t tiffFile, first int64, err error) {
	head := make([]byte, 16)
	if n, err := f.ReadAt(head, 0); n < 8 {
		return t, 0, errors.Join(errTIFF, err)
	}
	left := budget(maxBlock)
	t = tiffFile{input: f, order: binary.LittleEndian, left: &left}
	if string(head[:2]) == "MM" {
		t.order = binary.BigEndian
	}
	if t.size, err = sizeOf(f); err != nil {
		return t, 0, err
	}
	switch t.order.Uint16(head[2:]) {
	case 42:
		return t, int64(t.order.Uint32(head[4:])), nil
	case 43:
		t.big = true
		return t, int64(t.order.Uint64(head[8:])), nil
	}
	return t, 0, errTIFF
}

// width of an offset in bytes; a record takes 4 more than twice that.
func (t tiffFile) width() int {
	if t.big {
		return 8
	}
	return 4
}

func (t tiffFile) number(data []byte, bytes int) uint64 {
	switch bytes {
	case 2:
		return uint64(t.order.Uint16(data))
	case 4:
		return uint64(t.order.Uint32(data))
	}
	return t.order.Uint64(data)
}

func (t tiffFile) put(data []byte, n uint64, bytes int) []byte {
	field := make([]byte, bytes)
	switch bytes {
	case 2:
		t.order.PutUint16(field, uint16(n))
	case 4:
		t.order.PutUint32(field, uint32(n))
	default:
		t.order.PutUint64(field, n)
	}
	return append(data, field...)
}

// counter is the width of a directory's number of entries.
func (t tiffFile) counter() int {
	if t.big {
		return 8
	}
	return 2
}

func (t tiffFile) directory(at int64) (records []record, next []byte, err error) {
	w := t.width()
	head, err := take(io.NewSectionReader(t, at, t.size), int64(t.counter()))
	if err != nil {
		return nil, nil, err
	}
	n := t.number(head, t.counter())
	if n > 4096 {
		return nil, nil, errTIFF
	}
	size := 4 + 2*w
	data, err := take(io.NewSectionReader(t, at+int64(t.counter()), t.size), int64(int(n)*size+w))
	if err != nil {
		return nil, nil, err
	}
	for i := range int(n) {
		e := data[i*size:]
		records = append(records, record{tag: t.order.Uint16(e), kind: t.order.Uint16(e[2:]), count: t.number(e[4:], w), inline: e[4+w : 4+2*w]})
	}
	return records, data[int(n)*size:], nil
}

var tiffSizes = map[uint16]uint64{1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 129: 1}

// content reads a record's value; nil for one that is not as it should be, or
// that the budget is too small for.
func (t tiffFile) content(r record) []byte {
	size := tiffSizes[r.kind] * r.count
	if size == 0 || r.count > maxBlock || size > maxBlock {
		return nil
	}
	if size <= uint64(t.width()) {
		return r.inline[:size]
	}
	if int64(size) > t.size {
		return nil
	}
	data, err := t.left.take(io.NewSectionReader(t, int64(t.number(r.inline, t.width())), t.size), int64(size))
	if err != nil {
		return nil
	}
	return data
}

// pictorial tags say how the pixels are stored; they are the file's, not the
// photo's.
func pictorial(tag uint16) bool {
	switch {
	case tag == exif.Make || tag == exif.Model || tag == 0x10e: // description
		return false
	case tag >= 0x0fe && tag <= 0x11d, tag >= 0x122 && tag <= 0x12d, tag >= 0x13d && tag <= 0x15b, tag >= 0x200 && tag <= 0x214:
		return tag != exif.Orientation
	}
	return slices.Contains([]uint16{tiffXMP, tiffIPTC, tiffEXIF, tiffGPS, tiffPhotoshop, tiffICC}, tag)
}

// Pictorial reports whether an EXIF entry says how a TIFF's pixels are stored:
// in a TIFF it is the file's own.
func Pictorial(e exif.Entry) bool { return e.Dir == exif.IFD0 && pictorial(e.Tag) }

func readTIFF(f input) (m Metadata, err error) {
	t, first, err := openTIFF(f)
	if err != nil {
		return m, err
	}
	records, _, err := t.directory(first)
	if err != nil {
		return m, err
	}
	var entries []exif.Entry
	collect := func(dir exif.Dir, records []record) {
		for _, r := range records {
			if dir == exif.IFD0 && pictorial(r.tag) || r.tag == tiffInterop {
				continue
			}
			if value := t.content(r); value != nil {
				entries = append(entries, exif.Entry{Dir: dir, Tag: r.tag, Type: r.kind, Count: uint32(r.count), Value: value})
			}
		}
	}
	collect(exif.IFD0, records)
	photo := t.follow(records, tiffEXIF)
	collect(exif.Exif, photo)
	collect(exif.GPS, t.follow(records, tiffGPS))
	collect(exif.Interop, t.follow(photo, tiffInterop))
	for _, r := range records {
		switch r.tag {
		case tiffXMP:
			m.XMP = t.content(r)
		case tiffIPTC:
			m.IPTC = t.content(r)
		}
	}
	if len(entries) > 0 {
		m.EXIF = exif.Encode(entries, t.order).Bytes()
	}
	return m, nil
}

// follow is the directory that a pointer leads to.
func (t tiffFile) follow(records []record, tag uint16) []record {
	i := slices.IndexFunc(records, func(r record) bool { return r.tag == tag })
	if i < 0 {
		return nil
	}
	value := t.content(records[i])
	if len(value) != 4 {
		return nil
	}
	found, _, err := t.directory(int64(t.order.Uint32(value)))
	if err != nil {
		return nil
	}
	return found
}

// writeTIFF appends a new first directory, which holds the metadata as well.
func writeTIFF(in input, out *os.File, m Metadata) error {
	if _, err := io.Copy(out, in); err != nil {
		return err
	}
	t, first, err := openTIFF(out)
	if err != nil {
		return err
	}
	old, next, err := t.directory(first)
	if err != nil {
		return err
	}
	dirs := map[exif.Dir][]record{}
	for _, r := range old {
		if pictorial(r.tag) && !slices.Contains([]uint16{tiffXMP, tiffIPTC, tiffEXIF, tiffGPS}, r.tag) {
			dirs[exif.IFD0] = append(dirs[exif.IFD0], r)
		}
	}
	if len(m.EXIF) > 0 {
		block, err := exif.Parse(m.EXIF)
		if err != nil {
			return err
		}
		for _, e := range block.Entries() {
			if e.Dir == exif.IFD1 || e.IsPointer() || e.Dir == exif.IFD0 && pictorial(e.Tag) {
				continue
			}
			e = e.In(block.Order, t.order)
			dirs[e.Dir] = append(dirs[e.Dir], record{tag: e.Tag, kind: e.Type, count: uint64(e.Count), value: e.Value})
		}
	}
	add := func(tag, kind uint16, data []byte) {
		if len(data) > 0 {
			dirs[exif.IFD0] = append(dirs[exif.IFD0], record{tag: tag, kind: kind, count: uint64(len(data)), value: data})
		}
	}
	add(tiffXMP, 1, m.XMP)
	add(tiffIPTC, 1, m.IPTC)
	for _, sub := range []struct {
		dir, in exif.Dir
		tag     uint16
	}{{exif.Interop, exif.Exif, tiffInterop}, {exif.Exif, exif.IFD0, tiffEXIF}, {exif.GPS, exif.IFD0, tiffGPS}} {
		if len(dirs[sub.dir]) == 0 {
			continue
		}
		at, err := t.append(out, dirs[sub.dir], make([]byte, t.width()))
		if err != nil {
			return err
		}
		dirs[sub.in] = append(dirs[sub.in], record{tag: sub.tag, kind: 4, count: 1, value: t.put(nil, uint64(at), 4)})
	}
	at, err := t.append(out, dirs[exif.IFD0], next)
	if err != nil {
		return err
	}
	_, err = out.WriteAt(t.put(nil, uint64(at), t.width()), int64(t.width()))
	return err
}

// append writes a directory and its values at the end of out, the file itself.
func (t tiffFile) append(out *os.File, records []record, next []byte) (int64, error) {
	end, err := sizeOf(out)
	if err != nil {
		return 0, err
	}
	at := end + end&1
	if !t.big && at > 1<<32-1<<20 {
		return 0, errors.New("no room is left below 4 GiB; set bigtiff")
	}
	slices.SortStableFunc(records, func(a, b record) int { return int(a.tag) - int(b.tag) })
	w := t.width()
	data := t.put(nil, uint64(len(records)), t.counter())
	values := at + int64(t.counter()+len(records)*(4+2*w)+w)
	var tail []byte
	for _, r := range records {
		data = t.put(t.put(data, uint64(r.tag), 2), uint64(r.kind), 2)
		data = t.put(data, r.count, w)
		switch {
		case r.value == nil:
			data = append(data, r.inline...)
		case len(r.value) <= w:
			data = append(append(data, r.value...), make([]byte, w-len(r.value))...)
		default:
			data = t.put(data, uint64(values)+uint64(len(tail)), w)
			tail = append(tail, r.value...)
			tail = append(tail, make([]byte, len(r.value)&1)...)
		}
	}
	data = append(append(data, next...), tail...)
	_, err = out.WriteAt(data, at)
	return at, err
}
