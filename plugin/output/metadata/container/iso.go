package container

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/burnish-photo/burnish/plugin/output/metadata/exif"
)

var errISO = errors.New("not a HEIF or AVIF file")

// item is a metadata item of an ISO media file (ISO/IEC 14496-12, 8.11): where
// its one extent lies, and where the file says so.
type item struct {
	kind           string // Exif, or the MIME type
	from, size     uint64
	inside         bool   // in the meta box's own data, not at an offset of the file
	offsetAt       int64  // of the fields in the file
	lengthAt       int64  //
	base           uint64 // that the offset counts from
	offset, length int    // bytes of the fields
}

func (i item) isXMP() bool { return i.kind == "application/rdf+xml" }

// fields reads numbers of a box's content one after the other.
type fields struct {
	data []byte
	at   int
	bad  bool
}

func (f *fields) number(bytes int) (n uint64) {
	if f.bad = f.bad || f.at+bytes > len(f.data); f.bad {
		return 0
	}
	for _, b := range f.data[f.at : f.at+bytes] {
		n = n<<8 | uint64(b)
	}
	f.at += bytes
	return n
}

// skip passes over bytes.
func (f *fields) skip(bytes int) {
	if f.bad = f.bad || bytes > len(f.data)-f.at; !f.bad {
		f.at += bytes
	}
}

// text reads up to a zero byte, or to the end where there is none.
func (f *fields) text() string {
	if f.bad {
		return ""
	}
	text, _, _ := bytes.Cut(f.data[f.at:], []byte{0})
	f.at = min(f.at+len(text)+1, len(f.data))
	return string(text)
}

// items finds the EXIF and XMP items, and where the meta box's own data lies.
func items(f input) (found []item, idat int64, err error) {
	end, err := sizeOf(f)
	if err != nil {
		return nil, 0, err
	}
	var meta, info, location box
	if err := boxes(f, 0, end, func(b box) error {
		if b.name == "meta" {
			meta = b
		}
		return nil
	}); err != nil && meta.size < 4 { // else a phone has put what is no box behind them
		return nil, 0, err
	}
	if meta.size < 4 {
		return nil, 0, errISO
	}
	if err := boxes(f, meta.from+4, meta.from+meta.size, func(b box) error {
		switch b.name {
		case "iinf":
			info = b
		case "iloc":
			location = b
		case "idat":
			idat = b.from
		}
		return nil
	}); err != nil {
		return nil, 0, err
	}
	kinds, err := itemKinds(f, info)
	if err != nil {
		return nil, 0, err
	}
	found, err = itemPlaces(f, location, kinds)
	return found, idat, err
}

// itemKinds are the EXIF and MIME items by their numbers.
func itemKinds(f input, info box) (map[uint64]string, error) {
	kinds := map[uint64]string{}
	if info.size < 6 {
		return kinds, nil
	}
	version, err := take(io.NewSectionReader(f, info.from, info.size), 1)
	if err != nil {
		return nil, err
	}
	skip := int64(6)
	if version[0] > 0 {
		skip = 8
	}
	return kinds, boxes(f, info.from+skip, info.from+info.size, func(b box) error {
		data, err := take(io.NewSectionReader(f, b.from, b.size), b.size)
		if err != nil || b.name != "infe" || len(data) < 4 {
			return err
		}
		r := fields{data: data, at: 4}
		wide := map[byte]int{2: 2, 3: 4}[data[0]]
		if wide == 0 {
			return nil
		}
		id := r.number(wide)
		r.number(2)
		kind := string(binary.BigEndian.AppendUint32(nil, uint32(r.number(4))))
		r.text()
		if kind == "mime" {
			kind = strings.ToLower(r.text())
		}
		if !r.bad && (kind == "Exif" || kind == "application/rdf+xml") {
			kinds[id] = kind
		}
		return nil
	})
}

func itemPlaces(f input, location box, kinds map[uint64]string) (found []item, err error) {
	if location.size == 0 || len(kinds) == 0 {
		return nil, nil
	}
	data, err := take(io.NewSectionReader(f, location.from, location.size), location.size)
	if err != nil {
		return nil, err
	}
	r := fields{data: data}
	version := r.number(1)
	r.number(3)
	sizes := r.number(2)
	part := func(shift int) int { return int(sizes >> shift & 15) }
	wide := 2
	if version == 2 {
		wide = 4
	}
	for n := r.number(wide); n > 0 && !r.bad; n-- {
		id := r.number(wide)
		method := uint64(0)
		if version > 0 {
			method = r.number(2) & 15
		}
		r.number(2)
		base := r.number(part(4))
		extents := r.number(2)
		index := 0
		if version > 0 {
			index = part(0)
		}
		if extents != 1 { // 65,535 extents whose fields have no size take up no byte
			r.skip(int(extents) * (index + part(12) + part(8)))
			continue
		}
		r.skip(index)
		i := item{kind: kinds[id], inside: method == 1, base: base, offset: part(12), length: part(8), offsetAt: location.from + int64(r.at)}
		i.from = base + r.number(i.offset)
		i.lengthAt = location.from + int64(r.at)
		i.size = r.number(i.length)
		if i.kind != "" && method <= 1 {
			found = append(found, i)
			delete(kinds, id) // an item has one place
		}
	}
	if r.bad {
		return nil, errShort
	}
	return found, nil
}

func readISO(f input) (m Metadata, err error) {
	found, idat, err := items(f)
	if err != nil {
		return m, err
	}
	left := budget(maxBlock)
	for _, i := range found {
		from := int64(i.from)
		if i.inside {
			from += idat
		}
		data, err := left.take(io.NewSectionReader(f, from, int64(i.size)), int64(i.size))
		if err != nil {
			return m, err
		}
		switch {
		case i.isXMP():
			m.XMP = data
		case len(data) > 4:
			m.EXIF = afterOffset(data)
			if bytes.Equal(m.EXIF, noEXIF) {
				m.EXIF = nil
			}
		}
	}
	return m, nil
}

// noEXIF stands for no EXIF in an item that the encoder wrote unasked: it says
// nothing but that the photo stands upright.
var noEXIF = exif.Encode([]exif.Entry{{Tag: exif.Orientation, Type: 3, Count: 1, Value: []byte{1, 0}}}, binary.LittleEndian).Bytes()

// writeISO puts new content into the items that the file has: it is appended
// and their places changed. An item cannot be added or taken away: the encoder
// has to have written those that m wants, and no XMP where it wants none.
func writeISO(in input, out *os.File, m Metadata) error {
	if _, err := io.Copy(out, in); err != nil {
		return err
	}
	found, _, err := items(out)
	if err != nil {
		return err
	}
	wanted := map[bool][]byte{true: m.XMP}
	if len(m.EXIF) > 0 {
		wanted[false] = append(make([]byte, 4), m.EXIF...)
	} else if slices.ContainsFunc(found, func(i item) bool { return !i.isXMP() }) {
		wanted[false] = append(make([]byte, 4), noEXIF...)
	}
	for _, i := range found {
		content := wanted[i.isXMP()]
		if len(content) == 0 {
			return fmt.Errorf("the encoder wrote an item of %s that is not wanted", i.kind)
		}
		delete(wanted, i.isXMP())
		if err := replaceItem(out, i, content); err != nil {
			return err
		}
	}
	for xmp, content := range wanted {
		if len(content) > 0 {
			return fmt.Errorf("the encoder wrote no item for the metadata (XMP: %t)", xmp)
		}
	}
	return nil
}

func replaceItem(out *os.File, i item, content []byte) error {
	end, err := sizeOf(out)
	if err != nil {
		return err
	}
	if i.inside || i.offset == 0 || i.length == 0 || i.base > uint64(end) {
		return errors.New("the encoder placed the metadata in a way that is not known")
	}
	block := binary.BigEndian.AppendUint32(nil, uint32(len(content)+8))
	block = append(append(block, "mdat"...), content...)
	if _, err := out.WriteAt(block, end); err != nil {
		return err
	}
	for _, f := range []struct {
		at    int64
		value uint64
		bytes int
	}{{i.offsetAt, uint64(end) + 8 - i.base, i.offset}, {i.lengthAt, uint64(len(content)), i.length}} {
		if f.bytes < 8 && f.value>>(8*f.bytes) > 0 {
			return errors.New("the file is too large for its fields")
		}
		number := binary.BigEndian.AppendUint64(nil, f.value)
		if _, err := out.WriteAt(number[8-f.bytes:], f.at); err != nil {
			return err
		}
	}
	return nil
}
