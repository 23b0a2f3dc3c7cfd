package output

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin/output/metadata/container"
	"github.com/burnish-photo/burnish/plugin/output/metadata/exif"
	"github.com/burnish-photo/burnish/plugin/output/metadata/xmp"
)

// sourceMetadata is what the photo's file carries.
func sourceMetadata(img ops.Image) container.Metadata {
	m, err := container.Read(img.Source.Content(), img.Source.Format)
	if err == nil && container.Carries(img.Source.Format).EXIF {
		return m
	}
	// A container that is not known, or not as it should be: what libvips
	// could read of it.
	for field, into := range map[string]*[]byte{vips.FieldEXIF: &m.EXIF, vips.FieldXMP: &m.XMP} {
		if data, ok := img.Pixels.Blob(field); ok && len(*into) == 0 {
			*into = data
		}
	}
	return m
}

// compose is the metadata that the output has to hold: what the policy keeps
// of the photo's, true of upright pixels of w×h, with the provenance. What
// cannot be kept is noted.
func (o Request) compose(ctx context.Context, img ops.Image, w, h int) container.Metadata {
	m := sourceMetadata(img)
	m.Second, m.More = nil, 0
	carries := container.Carries(o.Encoder.Format)
	v := &view{frame: img.Frame, source: img.Source, width: w, height: h}
	var lost []string
	drop := func(block *[]byte, what string) {
		if len(*block) > 0 {
			lost = append(lost, what)
		}
		*block = nil
	}
	if carries.EXIF {
		if composed, ok := o.composeEXIF(m.EXIF, v); ok {
			m.EXIF = composed
		} else {
			drop(&m.EXIF, "EXIF (it is malformed)")
		}
	} else {
		drop(&m.EXIF, "EXIF")
	}
	if o.Encoder.Format != "jpeg" || !o.Config.policy.whole() {
		drop(&m.Extended, "extended XMP")
	}
	packet, err := o.composeXMP(m, v)
	if err != nil {
		drop(&m.XMP, "XMP (it is malformed)")
		drop(&m.Extended, "extended XMP")
		packet, _ = o.composeXMP(m, v) // a new packet is sound
	}
	m.XMP = packet
	if !carries.XMP {
		drop(&m.XMP, "XMP")
	}
	m.IPTC = o.Config.policy.keepIPTC(m.IPTC)
	if !carries.IPTC {
		drop(&m.IPTC, "IPTC")
	}
	v.note(ctx, o.Path)
	if len(lost) > 0 {
		ops.Note(ctx, "not_kept:"+filepath.Base(o.Path), fmt.Sprintf("%s in %s", strings.Join(lost, ", "), o.Encoder.Format))
	}
	return m
}

// composeEXIF is false for a block that cannot be read.
func (o Request) composeEXIF(data []byte, v *view) ([]byte, bool) {
	if len(data) == 0 {
		return nil, true
	}
	b, err := exif.Parse(data)
	if err != nil {
		return nil, false
	}
	b.Upright(v.width, v.height)
	policy := o.Config.policy
	placed := slices.Contains(policy.strip, "gps") && noteOfPlace(b.Entries())
	lost := map[uint16]bool{}
	for _, e := range b.Entries() {
		if policy.allows("exif", exifParts(e)...) && !v.moveSubject(b, e) {
			lost[e.Tag] = true
		}
	}
	b = b.Keep(func(e exif.Entry) bool {
		return !(isSubject(e) && lost[e.Tag]) && policy.allows("exif", exifParts(e)...) && !(placed && e.Dir == exif.Exif && e.Tag == exif.MakerNote)
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

func (o Request) composeXMP(m container.Metadata, v *view) ([]byte, error) {
	p := xmp.New()
	if len(m.XMP) > 0 {
		var err error
		if p, err = xmp.Parse(m.XMP); err != nil {
			return nil, err
		}
	}
	err := p.Keep(func(q xmp.Property) bool {
		return !stale(q, m) && o.Config.policy.allows("xmp", xmpParts(q)...)
	})
	if err != nil {
		return nil, err
	}
	if err := p.KeepFields(func(q xmp.Property) bool { return !speaksOfPlace(q) || o.Config.policy.allows("xmp", "gps") }); err != nil {
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
	if o.Config.Provenance {
		if err := o.Provenance.addTo(p); err != nil {
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

const (
	gainMapSpace      = "http://ns.adobe.com/hdr-gain-map/1.0/"
	appleGainMapSpace = "http://ns.apple.com/HDRGainMap/1.0/"
)

// checkMetadata compares what a written file carries with what it has to.
func checkMetadata(path, format string, want container.Metadata) error {
	got, err := container.Read(path, format)
	if err != nil {
		return err
	}
	if err := sameEXIF(want.EXIF, got.EXIF); err != nil {
		return err
	}
	for _, block := range []struct {
		name      string
		want, got []byte
	}{{"XMP", want.XMP, got.XMP}, {"extended XMP", want.Extended, got.Extended}, {"IPTC", want.IPTC, got.IPTC}, {"the gain map", want.Second, got.Second}} {
		if !bytes.Equal(block.want, block.got) {
			return fmt.Errorf("it holds %d bytes of %s that are not the %d it should hold", len(block.got), block.name, len(block.want))
		}
	}
	return nil
}

// sameEXIF compares entry by entry: the two may be laid out differently.
func sameEXIF(want, got []byte) error {
	if bytes.Equal(want, got) {
		return nil
	}
	if len(want) == 0 {
		return fmt.Errorf("it holds %d bytes of EXIF that should not be there", len(got))
	}
	a, err := exif.Parse(want)
	if err != nil {
		return err
	}
	b, err := exif.Parse(got)
	if err != nil {
		return fmt.Errorf("its EXIF is lost: %w", err)
	}
	there := b.Entries()
	for _, e := range a.Entries() {
		if e.IsPointer() || container.Pictorial(e) {
			continue
		}
		found, ok := exif.Find(there, e.Dir, e.Tag)
		if !ok || !bytes.Equal(found.In(b.Order, a.Order).Value, e.Value) {
			return fmt.Errorf("its EXIF has lost tag %#04x of directory %d, or changed it", e.Tag, e.Dir)
		}
	}
	return nil
}
