package container

import (
	"bytes"
	"crypto/md5"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/ops/vips/vipstest"
	"github.com/burnish-photo/burnish/plugin/output/metadata/exif"
)

func TestMain(m *testing.M) { vipstest.Main(m) }

// written is a file of the format, as libvips writes it, with metadata of its
// own where it has to make room for ours.
func written(t *testing.T, format string, bands int, args vips.Args) string {
	t.Helper()
	saver, ok := vips.SaverFor(format)
	if !ok {
		t.Skipf("this libvips writes no %s", format)
	}
	pixels := make([]byte, 48*36*bands)
	for i := range pixels {
		pixels[i] = byte(i * 7 / 3)
	}
	p, err := vips.FromMemory(pixels, 48, 36, bands, "uchar")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for field, value := range map[string][]byte{"exif-data": append([]byte("Exif\x00\x00"), block().Bytes()...), "xmp-data": []byte("<x/>")} {
		next, err := p.WithBlob(field, value)
		if err != nil {
			t.Fatal(err)
		}
		defer next.Close()
		p = next
	}
	path := filepath.Join(t.TempDir(), "in."+format)
	if err := p.Save(saver, path, args); err != nil {
		t.Fatal(err)
	}
	return path
}

// block is EXIF with a maker's note and something in every directory.
func block() *exif.Block {
	text := func(dir exif.Dir, tag uint16, s string) exif.Entry {
		return exif.Entry{Dir: dir, Tag: tag, Type: 2, Count: uint32(len(s) + 1), Value: append([]byte(s), 0)}
	}
	note := []byte("ACME\x00\x01\x02\x03 something only ACME knows")
	return exif.Encode([]exif.Entry{
		text(exif.IFD0, exif.Make, "ACME"), text(exif.IFD0, exif.Model, "Box 3"),
		{Dir: exif.IFD0, Tag: exif.Orientation, Type: 3, Count: 1, Value: []byte{1, 0}},
		text(exif.Exif, exif.DateTimeOriginal, "2019:07:03 10:20:30"),
		{Dir: exif.Exif, Tag: exif.MakerNote, Type: 7, Count: uint32(len(note)), Value: note},
		{Dir: exif.Exif, Tag: 0x829a, Type: 5, Count: 1, Value: []byte{1, 0, 0, 0, 125, 0, 0, 0}},
		text(exif.GPS, 1, "N"),
		text(exif.Interop, 1, "R98"),
	}, binary.LittleEndian)
}

func TestMetadataGoesInAndComesOut(t *testing.T) {
	packet := []byte("<x:xmpmeta xmlns:x='adobe:ns:meta/'>" + strings.Repeat("odd ", 91) + "</x:xmpmeta>")
	iptc := []byte("\x1c\x02\x50\x00\x03Ann")
	for _, test := range []struct {
		format string
		bands  int
		args   vips.Args
	}{
		{"jpeg", 3, nil}, {"png", 3, nil}, {"png", 4, nil}, {"webp", 3, nil}, {"webp", 4, vips.Args{"lossless": true}},
		{"tiff", 3, nil}, {"tiff", 3, vips.Args{"bigtiff": true}}, {"tiff", 1, vips.Args{"pyramid": true, "tile": true, "tile_width": 16, "tile_height": 16}},
		{"avif", 3, vips.Args{"compression": "av1"}}, {"heic", 3, vips.Args{"compression": "hevc"}},
		{"jxl", 3, nil}, {"gif", 3, nil},
	} {
		t.Run(test.format, func(t *testing.T) {
			in := written(t, test.format, test.bands, test.args)
			out := filepath.Join(t.TempDir(), "out")
			if err := os.WriteFile(out, nil, 0o644); err != nil {
				t.Fatal(err)
			}
			want := Metadata{EXIF: block().Bytes(), XMP: packet, IPTC: iptc}
			carries := Carries(test.format)
			if !carries.EXIF {
				want.EXIF = nil
			}
			if !carries.IPTC {
				want.IPTC = nil
			}
			if err := Write(in, out, test.format, want); err != nil {
				t.Fatal(err)
			}
			got, err := Read(out, test.format)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.XMP, want.XMP) || !bytes.Equal(got.IPTC, want.IPTC) {
				t.Errorf("XMP %q, IPTC %q", got.XMP, got.IPTC)
			}
			sameEXIF(t, want.EXIF, got.EXIF)
			if format, _ := vips.Sniff(out); format != test.format && format != "heif" {
				t.Errorf("the file reads as %q", format)
			}
			samePixels(t, in, out)
		})
	}
}

func sameEXIF(t *testing.T, want, got []byte) {
	t.Helper()
	if want == nil && got == nil {
		return
	}
	a, err := exif.Parse(want)
	if err != nil {
		t.Fatal(err)
	}
	b, err := exif.Parse(got)
	if err != nil {
		t.Fatal(err)
	}
	entries := b.Entries()
	for _, e := range a.Entries() {
		if e.IsPointer() {
			continue
		}
		if f, ok := exif.Find(entries, e.Dir, e.Tag); !ok || !bytes.Equal(f.In(b.Order, a.Order).Value, e.Value) {
			t.Errorf("tag %#x of directory %d is lost or changed: %q, want %q", e.Tag, e.Dir, f.Value, e.Value)
		}
	}
}

func samePixels(t *testing.T, a, b string) {
	t.Helper()
	var pixels [2][]byte
	for i, path := range []string{a, b} {
		p, err := vips.Open(path, vips.Random)
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		if pixels[i], err = p.Pixels(); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(pixels[0], pixels[1]) {
		t.Error("the pixels changed")
	}
}

func TestExtendedXMP(t *testing.T) {
	in := written(t, "jpeg", 3, nil)
	extended := bytes.Repeat([]byte("depth "), 30_000)
	out := filepath.Join(t.TempDir(), "out")
	os.WriteFile(out, nil, 0o644)
	if err := Write(in, out, "jpeg", Metadata{XMP: []byte("x " + fmt.Sprintf("%X", md5.Sum(extended))), Extended: extended}); err != nil {
		t.Fatal(err)
	}
	got, err := Read(out, "jpeg")
	if err != nil || !bytes.Equal(got.Extended, extended) {
		t.Errorf("%d bytes of extended XMP, %v", len(got.Extended), err)
	}
}

func TestTooLargeForJPEG(t *testing.T) {
	in := written(t, "jpeg", 3, nil)
	out := filepath.Join(t.TempDir(), "out")
	os.WriteFile(out, nil, 0o644)
	err := Write(in, out, "jpeg", Metadata{XMP: make([]byte, 70_000)})
	if err == nil || !strings.Contains(err.Error(), "does not fit into a JPEG") {
		t.Errorf("got %v", err)
	}
}

// FuzzRead makes sure that no file brings the readers down.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{"\xff\xd8\xff\xe1\x00\x08Exif", "\x89PNG\r\n\x1a\n\x00\x00\x00\x00IEND", "RIFF\x00\x00\x00\x40WEBPVP8X\x00\x00\x00\x00",
		"II*\x00\x08\x00\x00\x00\x01\x00", "\x00\x00\x00\x0cftypavif\x00\x00\x00\x0cmeta\x00\x00\x00\x00", endlessItem, jxlSignature, "GIF89a\x00\x00\x00\x00\x00\x00\x00\x21\xff"} {
		f.Add([]byte(seed))
	}
	path := filepath.Join(f.TempDir(), "f")
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, format := range []string{"jpeg", "png", "webp", "tiff", "avif", "jxl", "gif"} {
			m, _ := Read(path, format)
			if b, err := exif.Parse(m.EXIF); err == nil {
				b.Upright(1, 1)
				b.Keep(func(e exif.Entry) bool { return e.Tag%2 == 0 })
			}
		}
	})
}
