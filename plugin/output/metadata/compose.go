package metadata

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/plugin/output/metadata/container"
	"github.com/burnish-photo/burnish/plugin/output/metadata/exif"
	"github.com/burnish-photo/burnish/plugin/output/metadata/xmp"
)

// Target is the file that metadata are for.
type Target struct {
	Format        string
	Width, Height int // of one page, in pixels
	Policy        Policy
	Provenance    *Provenance // nil for none
}

// Compose is the metadata that the target has to hold: what its policy keeps of
// the photo's, true of its upright pixels, with the provenance. What cannot be
// kept is in the notes, by "regions" and "not_kept".
func (t Target) Compose(img ops.Image) (m container.Metadata, notes map[string]string) {
	m = Read(img)
	notes = map[string]string{}
	m.Second, m.More = nil, 0
	carries := container.Carries(t.Format)
	v := t.view(img)
	var lost []string
	drop := func(block *[]byte, what string) {
		if len(*block) > 0 {
			lost = append(lost, what)
		}
		*block = nil
	}
	if carries.EXIF {
		if composed, ok := t.composeEXIF(m.EXIF, v); ok {
			m.EXIF = composed
		} else {
			drop(&m.EXIF, "EXIF (it is malformed)")
		}
	} else {
		drop(&m.EXIF, "EXIF")
	}
	if t.Format != "jpeg" || !t.Policy.KeepsAll() {
		drop(&m.Extended, "extended XMP")
	}
	packet, err := t.composeXMP(m, v)
	if err != nil {
		fault := "it is malformed"
		if errors.Is(err, xmp.ErrLimit) {
			fault = err.Error()
		}
		drop(&m.XMP, "XMP ("+fault+")")
		drop(&m.Extended, "extended XMP")
		packet, _ = t.composeXMP(m, v) // a new packet is sound
	}
	m.XMP = packet
	if !carries.XMP {
		drop(&m.XMP, "XMP")
	}
	m.IPTC = t.Policy.keepIPTC(m.IPTC)
	if !carries.IPTC {
		drop(&m.IPTC, "IPTC")
	}
	if note := v.note(); note != "" {
		notes["regions"] = note
	}
	if len(lost) > 0 {
		notes["not_kept"] = fmt.Sprintf("%s in %s", strings.Join(lost, ", "), t.Format)
	}
	return m, notes
}

// composeEXIF is false for a block that cannot be read.
func (t Target) composeEXIF(data []byte, v *view) ([]byte, bool) {
	if len(data) == 0 {
		return nil, true
	}
	b, err := exif.Parse(data)
	if err != nil {
		return nil, false
	}
	b.Upright(v.width, v.height)
	placed := slices.Contains(t.Policy.Strip, "gps") && noteOfPlace(b.Entries())
	lost := map[uint16]bool{}
	for _, e := range b.Entries() {
		if t.Policy.Allows("exif", exifParts(e)...) && !v.moveSubject(b, e) {
			lost[e.Tag] = true
		}
	}
	b = b.Keep(func(e exif.Entry) bool {
		return !(isSubject(e) && lost[e.Tag]) && t.Policy.Allows("exif", exifParts(e)...) && !(placed && e.Dir == exif.Exif && e.Tag == exif.MakerNote)
	})
	if b == nil || saysNothing(b) {
		return nil, true
	}
	return b.Bytes(), true
}

// saysNothing reports whether a block tells no more than that the photo stands
// upright, as one without EXIF does.
func saysNothing(b *exif.Block) bool {
	entries := b.Entries()
	return len(entries) == 1 && entries[0].Dir == exif.IFD0 && entries[0].Tag == exif.Orientation
}

func (t Target) composeXMP(m container.Metadata, v *view) ([]byte, error) {
	p := xmp.New()
	if len(m.XMP) > 0 {
		var err error
		if p, err = xmp.Parse(m.XMP); err != nil {
			return nil, err
		}
	}
	err := p.Keep(func(q xmp.Property) bool {
		return !stale(q, m) && t.Policy.Allows("xmp", xmpParts(q)...)
	})
	if err != nil {
		return nil, err
	}
	if err := p.KeepFields(func(q xmp.Property) bool { return !speaksOfPlace(q) || t.Policy.Allows("xmp", "gps") }); err != nil {
		return nil, err
	}
	if err := v.move(p); err != nil {
		return nil, err
	}
	w, h := v.width, v.height
	for _, s := range []struct{ space, name, value string }{
		{xmp.TIFF, "Orientation", "1"},
		{xmp.TIFF, "ImageWidth", strconv.Itoa(w)}, {xmp.TIFF, "ImageLength", strconv.Itoa(h)},
		{xmp.EXIF, "PixelXDimension", strconv.Itoa(w)}, {xmp.EXIF, "PixelYDimension", strconv.Itoa(h)},
	} {
		if err := p.Set(s.space, s.name, s.value); err != nil {
			return nil, err
		}
	}
	if t.Provenance != nil {
		if err := t.Provenance.addTo(p); err != nil {
			return nil, err
		}
	}
	if len(p.Properties()) == 0 {
		return nil, nil
	}
	return p.Trimmed(), nil
}

// stale reports whether a property is no longer true of the pixels: embedded
// thumbnails, what points at gain maps, depth maps and films behind the photo,
// an extension that is not there, and an earlier provenance.
func stale(p xmp.Property, m container.Metadata) bool {
	const google = "http://ns.google.com/photos/1.0/"
	switch p.Space {
	case namespace, appleGainMapSpace:
		return true
	case gainMapSpace, google + "container/":
		return len(m.Second) == 0
	case google + "camera/":
		return strings.HasPrefix(p.Name, "Motion") || strings.HasPrefix(p.Name, "MicroVideo")
	case xmp.Base:
		return p.Name == "Thumbnails"
	case xmp.Note:
		return p.Name == "HasExtendedXMP" && len(m.Extended) == 0
	}
	return false
}

func (t Target) view(img ops.Image) *view {
	return &view{frame: img.Frame, source: img.Source, width: t.Width, height: t.Height}
}
