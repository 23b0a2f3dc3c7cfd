package container

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"math"

	"github.com/burnish-photo/burnish/ops/handle"
	"github.com/burnish-photo/burnish/plugin/output/metadata/exif"
)

// Density is how large a file wants to be shown or printed, in pixels per inch.
type Density struct{ X, Y float64 }

// sane reports whether a density is one that a program or a person meant.
func (d Density) sane() bool {
	const most = 1e5
	return d.X >= 1 && d.Y >= 1 && d.X <= most && d.Y <= most
}

// perUnit is a density of n pixels a unit, as EXIF numbers units: inch or
// centimetre.
func perUnit(x, y float64, unit int) Density {
	if unit == 3 {
		return Density{x * 2.54, y * 2.54}
	}
	return Density{x, y}
}

// ReadDensities are the densities that a file of that format tells: first that
// of the format itself, then that of EXIF, which cameras fill with 72 whatever
// the file says.
func ReadDensities(path, format string) (found []Density) {
	f, err := handle.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	own := map[string]func(input) Density{"jpeg": jpegDensity, "png": pngDensity, "tiff": tiffDensity}[format]
	if own != nil {
		if d := own(f); d.sane() {
			found = append(found, d)
		}
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil || codecs[format].read == nil {
		return found
	}
	m, err := codecs[format].read(f)
	if err != nil || len(m.EXIF) == 0 {
		return found
	}
	if d, ok := exifDensity(m.EXIF); ok {
		found = append(found, d)
	}
	return found
}

// jfif begins the content of a JFIF segment.
const jfif = "JFIF\x00"

// jpegDensity is that of a JFIF segment with a unit.
func jpegDensity(f input) (d Density) {
	_, _ = segments(f, func(s segment) error {
		if s.marker == 0xe0 && bytes.HasPrefix(s.content, []byte(jfif)) && len(s.content) >= 12 && d == (Density{}) {
			x, y := float64(binary.BigEndian.Uint16(s.content[8:])), float64(binary.BigEndian.Uint16(s.content[10:]))
			switch s.content[7] {
			case 1:
				d = Density{x, y}
			case 2:
				d = Density{x * 2.54, y * 2.54}
			}
		}
		return nil
	})
	return d
}

func pngDensity(f input) (d Density) {
	r := bufio.NewReader(f)
	if s, err := take(r, 8); err != nil || string(s) != pngSignature {
		return d
	}
	for range maxChunks {
		head, err := take(r, 8)
		if err != nil {
			return d
		}
		size, name := int64(binary.BigEndian.Uint32(head)), string(head[4:])
		switch {
		case name == "IDAT" || name == "IEND":
			return d
		case name == "pHYs" && size == 9:
			data, err := take(r, size)
			if err != nil || data[8] != 1 {
				return d
			}
			const inch = 0.0254 // metres
			return Density{float64(binary.BigEndian.Uint32(data)) * inch, float64(binary.BigEndian.Uint32(data[4:])) * inch}
		}
		if _, err := io.CopyN(io.Discard, r, size+4); err != nil {
			return d
		}
	}
	return d
}

// Tags of a density, in EXIF as in TIFF.
const (
	xResolution    = 0x11a
	yResolution    = 0x11b
	resolutionUnit = 0x128
)

func tiffDensity(f input) Density {
	t, first, err := openTIFF(f)
	if err != nil {
		return Density{}
	}
	records, _, err := t.directory(first)
	if err != nil {
		return Density{}
	}
	var entries []exif.Entry
	for _, r := range records {
		if r.tag == xResolution || r.tag == yResolution || r.tag == resolutionUnit {
			entries = append(entries, exif.Entry{Dir: exif.IFD0, Tag: r.tag, Type: r.kind, Count: uint32(r.count), Value: t.content(r)})
		}
	}
	d, _ := densityOf(entries, t.order)
	return d
}

func exifDensity(data []byte) (Density, bool) {
	b, err := exif.Parse(data)
	if err != nil {
		return Density{}, false
	}
	return densityOf(b.Entries(), b.Order)
}

// densityOf reads the tags among entries. A unit that is not said is the inch.
func densityOf(entries []exif.Entry, order binary.ByteOrder) (Density, bool) {
	rational := func(tag uint16) float64 {
		e, ok := exif.Find(entries, exif.IFD0, tag)
		if !ok || len(e.Value) != 8 || e.Type != 5 {
			return 0
		}
		return float64(order.Uint32(e.Value)) / float64(order.Uint32(e.Value[4:]))
	}
	unit := 2
	if e, ok := exif.Find(entries, exif.IFD0, resolutionUnit); ok && len(e.Value) == 2 {
		unit = int(order.Uint16(e.Value))
	}
	d := perUnit(rational(xResolution), rational(yResolution), unit)
	return d, d.sane() && unit != 1
}

// WithDensity is an EXIF block that tells the density: data itself where it
// does, or has a maker's note, whose place may not change.
func WithDensity(data []byte, d Density) []byte {
	order := binary.ByteOrder(binary.LittleEndian)
	var entries []exif.Entry
	if len(data) > 0 {
		b, err := exif.Parse(data)
		if err != nil {
			return data
		}
		order, entries = b.Order, b.Entries()
	}
	for _, e := range entries {
		if e.Dir == exif.IFD0 && (e.Tag == xResolution || e.Tag == yResolution || e.Tag == resolutionUnit) || e.Tag == exif.MakerNote {
			return data
		}
	}
	number := func(x float64) []byte {
		b := make([]byte, 8)
		order.PutUint32(b, uint32(math.Round(x*1000)))
		order.PutUint32(b[4:], 1000)
		return b
	}
	unit := make([]byte, 2)
	order.PutUint16(unit, 2)
	entries = append(entries,
		exif.Entry{Dir: exif.IFD0, Tag: xResolution, Type: 5, Count: 1, Value: number(d.X)},
		exif.Entry{Dir: exif.IFD0, Tag: yResolution, Type: 5, Count: 1, Value: number(d.Y)},
		exif.Entry{Dir: exif.IFD0, Tag: resolutionUnit, Type: 3, Count: 1, Value: unit})
	return exif.Encode(entries, order).Bytes()
}

// perMetre is the content of a pHYs chunk that tells it; nil where it is zero.
func (d Density) perMetre() []byte {
	if d == (Density{}) {
		return nil
	}
	var content []byte
	for _, x := range []float64{d.X, d.Y} {
		content = binary.BigEndian.AppendUint32(content, uint32(min(math.Round(x/0.0254), math.MaxInt32)))
	}
	return append(content, 1) // the unit is the metre
}

// writeDensity writes a JFIF segment that tells it; none where it is zero.
func writeDensity(w io.Writer, d Density) error {
	if d == (Density{}) {
		return nil
	}
	content := []byte(jfif + "\x01\x01\x01") // version 1.01, per inch
	for _, x := range []float64{d.X, d.Y} {
		content = binary.BigEndian.AppendUint16(content, uint16(min(math.Round(x), 65535)))
	}
	return writeSegment(w, 0xe0, append(content, 0, 0)) // no thumbnail
}
