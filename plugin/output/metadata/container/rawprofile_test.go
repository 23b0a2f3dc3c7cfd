package container

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func raw(name string, block []byte) []byte {
	digits := hex.EncodeToString(block)
	for at := 72; at < len(digits); at += 73 {
		digits = digits[:at] + "\n" + digits[at:]
	}
	return fmt.Appendf(nil, "\n%s\n%8d\n%s\n", name, len(block), digits)
}

func deflated(data []byte) []byte {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	z.Write(data)
	z.Close()
	return b.Bytes()
}

// libvips#4834: the EXIF that ImageMagick keeps in a text of a PNG is read, and
// its kin with it.
func TestRawProfiles(t *testing.T) {
	exif := append([]byte("II*\x00\x08\x00\x00\x00"), bytes.Repeat([]byte{7}, 200)...)
	packet, iptc := []byte("<x:xmpmeta/>"), []byte("\x1c\x02\x50\x00\x03Ann")
	photoshop := append([]byte("8BIM\x04\x04\x00\x00\x00\x00\x00\x08"), iptc...)
	inITXt := append([]byte("\x01\x00\x00\x00"), deflated(raw("exif", exif))...)
	for name, test := range map[string]struct {
		chunk, keyword string
		data           []byte
		want           Metadata
	}{
		"exif":              {"zTXt", "exif", append([]byte{0}, deflated(raw("exif", append([]byte("Exif\x00\x00"), exif...)))...), Metadata{EXIF: exif}},
		"exif, plain":       {"tEXt", "exif", raw("exif", exif), Metadata{EXIF: exif}},
		"exif, iTXt":        {"iTXt", "exif", inITXt, Metadata{EXIF: exif}},
		"APP1 with EXIF":    {"tEXt", "APP1", raw("app1", append([]byte(jpegEXIF), exif...)), Metadata{EXIF: exif}},
		"APP1 with XMP":     {"tEXt", "APP1", raw("app1", append([]byte(jpegXMP), packet...)), Metadata{XMP: packet}},
		"xmp":               {"zTXt", "xmp", append([]byte{0}, deflated(raw("xmp", packet))...), Metadata{XMP: packet}},
		"iptc":              {"tEXt", "iptc", raw("iptc", photoshop), Metadata{IPTC: iptc}},
		"8bim":              {"tEXt", "8bim", raw("8bim", iptc), Metadata{IPTC: iptc}},
		"another":           {"tEXt", "icm", raw("icm", exif), Metadata{}},
		"a wrong length":    {"tEXt", "exif", []byte("\nexif\n 9999\n00ff\n"), Metadata{}},
		"no digits":         {"tEXt", "exif", []byte("\nexif\n 2\nzzzz\n"), Metadata{}},
		"no text":           {"tEXt", "exif", nil, Metadata{}},
		"damaged":           {"zTXt", "exif", []byte("\x00nonsense"), Metadata{}},
		"a bomb of a digit": {"zTXt", "exif", append([]byte{0}, deflated(bytes.Repeat([]byte{'0'}, 65<<20))...), Metadata{}},
	} {
		content := append([]byte(rawProfile+test.keyword+"\x00"), test.data...)
		data := []byte(pngSignature)
		for _, c := range [][2]string{{test.chunk, string(content)}, {"IEND", ""}} {
			data = binary.BigEndian.AppendUint32(data, uint32(len(c[1])))
			data = binary.BigEndian.AppendUint32(append(data, c[0]+c[1]...), crc32.ChecksumIEEE([]byte(c[0]+c[1])))
		}
		path := filepath.Join(t.TempDir(), "a.png")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := Read(path, "png")
		if err != nil || !bytes.Equal(got.EXIF, test.want.EXIF) || !bytes.Equal(got.XMP, test.want.XMP) || !bytes.Equal(got.IPTC, test.want.IPTC) {
			t.Errorf("%s: %d, %d, %d bytes, %v", name, len(got.EXIF), len(got.XMP), len(got.IPTC), err)
		}
	}
}

func FuzzRawProfile(f *testing.F) {
	f.Add("tEXt", append([]byte(rawProfile+"exif\x00"), raw("exif", []byte("II*\x00"))...))
	f.Add("zTXt", append([]byte(rawProfile+"iptc\x00\x00"), deflated(raw("iptc", []byte("8BIM\x04\x04")))...))
	f.Add("iTXt", []byte(rawProfile+"APP1\x00\x01\x00\x00\x00"+strings.Repeat("x", 9)))
	f.Fuzz(func(t *testing.T, chunk string, data []byte) {
		m, left := Metadata{}, budget(1<<16)
		m.takeText(chunk, data, &left)
		if n := len(m.EXIF) + len(m.XMP) + len(m.IPTC); n > 1<<16 || left < 0 {
			t.Errorf("%d bytes, %d left", n, left)
		}
	})
}
