package plugin_test

import (
	"encoding/binary"
	"os"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin/output/metadata/container"
	"github.com/burnish-photo/burnish/plugin/output/metadata/exif"
)

// carrying writes metadata into a photo of 60×40 stored pixels.
func (b *fixture) carrying(name, format string, m container.Metadata) string {
	b.Helper()
	plain := b.photo("plain"+name[strings.LastIndex(name, "."):], 60, 40, 3)
	defer os.Remove(plain)
	path := b.write("in/"+name, nil)
	if err := container.Write(plain, path, format, m); err != nil {
		b.Fatal(err)
	}
	return path
}

const turnedPacket = `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">` +
	`<rdf:Description rdf:about="" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"/></rdf:RDF></x:xmpmeta>`

// The orientation is read wherever a file says it, and 1 is never written over
// pixels that were not turned: nomacs#1646 (of any whole type), sharp#4585 (in
// XMP alone), libvips#4834 (in a text of a PNG; see container).
func TestOrientationIsReadWhereverItStands(t *testing.T) {
	orientation := func(kind uint16, value ...byte) []byte {
		return exif.Encode([]exif.Entry{{Dir: exif.IFD0, Tag: exif.Orientation, Type: kind, Count: 1, Value: value}}, binary.LittleEndian).Bytes()
	}
	b := newFixture(t, strings.NewReplacer("resize: {width: 64, height: 64}", "sharpen: {}", `path: "{dir}/{stem}.png"`, `{path: "{dir}/{stem}.{ext}", format: auto}`).Replace(small))
	for name, test := range map[string]struct {
		m      container.Metadata
		turned bool
	}{
		"byte.jpg":      {container.Metadata{EXIF: orientation(1, 6)}, true},
		"short.jpg":     {container.Metadata{EXIF: orientation(3, 6, 0)}, true},
		"slong.jpg":     {container.Metadata{EXIF: orientation(9, 8, 0, 0, 0)}, true},
		"xmp.jpg":       {container.Metadata{XMP: []byte(turnedPacket)}, true},
		"xmp.png":       {container.Metadata{XMP: []byte(turnedPacket)}, true},
		"byte.png":      {container.Metadata{EXIF: orientation(1, 6)}, true},
		"exif_wins.jpg": {container.Metadata{EXIF: orientation(3, 1, 0), XMP: []byte(turnedPacket)}, false},
		"nonsense.jpg":  {container.Metadata{EXIF: orientation(3, 77, 0), XMP: []byte(turnedPacket)}, true},
		"none.jpg":      {container.Metadata{}, false},
	} {
		format := map[bool]string{true: "png", false: "jpeg"}[strings.HasSuffix(name, ".png")]
		out := b.done(b.carrying(name, format, test.m)).Outputs[0].Path
		h, err := vips.ReadHeader(out)
		if err != nil {
			t.Fatal(err)
		}
		if (h.Height == 60) != test.turned || h.Orientation != 1 {
			t.Errorf("%s: %d×%d, orientation %d", name, h.Width, h.Height, h.Orientation)
		}
		m, err := container.Read(out, format)
		if err != nil {
			t.Fatal(err)
		}
		if block, err := exif.Parse(m.EXIF); err == nil {
			if e, ok := exif.Find(block.Entries(), exif.IFD0, exif.Orientation); ok && (e.Type != 3 || e.Value[0] != 1) {
				t.Errorf("%s: EXIF holds %+v", name, e)
			}
		}
		if strings.Contains(string(m.XMP), `Orientation="6"`) {
			t.Errorf("%s: XMP still holds the orientation", name)
		}
	}
}
