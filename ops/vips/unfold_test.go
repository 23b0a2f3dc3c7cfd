package vips

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
)

func deflated(n int) []byte {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	z.Write(bytes.Repeat([]byte{'A'}, n))
	z.Close()
	return b.Bytes()
}

func pngOf(chunks ...[2]string) []byte {
	b := []byte("\x89PNG\r\n\x1a\n")
	for _, c := range append(chunks, [2]string{"IEND", ""}) {
		b = binary.BigEndian.AppendUint32(b, uint32(len(c[1])))
		b = append(append(b, c[0]...), c[1]...)
		b = binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE([]byte(c[0]+c[1])))
	}
	return b
}

func boxOf(name string, content ...[]byte) []byte {
	all := bytes.Join(content, nil)
	return append(append(binary.BigEndian.AppendUint32(nil, uint32(8+len(all))), name...), all...)
}

// overlapping is a TIFF of fields that all name the same bytes.
func overlapping(fields, size int) []byte {
	b := []byte("II*\x00\x08\x00\x00\x00")
	b = binary.LittleEndian.AppendUint16(b, uint16(fields))
	for i := range fields {
		b = binary.LittleEndian.AppendUint16(b, uint16(40000+i))
		b = binary.LittleEndian.AppendUint16(b, 7) // undefined
		b = binary.LittleEndian.AppendUint32(b, uint32(size))
		b = binary.LittleEndian.AppendUint32(b, 0)
	}
	return append(binary.LittleEndian.AppendUint32(b, 0), make([]byte, size)...)
}

// heifOf has an Exif item of extents that all name the same bytes.
func heifOf(extents, size int) []byte {
	iloc := []byte{0, 0, 0, 0, 0x44, 0, 0, 1, 0, 1, 0, 0, 0, byte(extents)}
	for range extents {
		iloc = binary.BigEndian.AppendUint32(iloc, 0)
		iloc = binary.BigEndian.AppendUint32(iloc, uint32(size))
	}
	infe := boxOf("infe", []byte{2, 0, 0, 0, 0, 1, 0, 0}, []byte("Exif\x00"))
	meta := boxOf("meta", make([]byte, 4), boxOf("iinf", []byte{0, 0, 0, 0, 0, 1}, infe), boxOf("iloc", iloc))
	return append(append(boxOf("ftyp", []byte("heic\x00\x00\x00\x00mif1")), meta...), boxOf("mdat", make([]byte, size))...)
}

func brotlied(n int) []byte {
	var b bytes.Buffer
	w := brotli.NewWriter(&b)
	w.Write(bytes.Repeat([]byte{'A'}, n))
	w.Close()
	return b.Bytes()
}

// libspng and libpng hold all text of a PNG at once, unfolded.
func TestUnfolded(t *testing.T) {
	const n = 1_000_000
	many := func(name, head string, data []byte) (chunks [][2]string) {
		for range 10 {
			chunks = append(chunks, [2]string{name, head + string(data)})
		}
		return chunks
	}
	for name, test := range map[string]struct {
		format string
		file   []byte
		least  int64
	}{
		"zTXt":            {"png", pngOf(many("zTXt", "key\x00\x00", deflated(n))...), 10 * n},
		"iTXt":            {"png", pngOf(many("iTXt", "XML:com.adobe.xmp\x00\x01\x00\x00\x00", deflated(n))...), 10 * n},
		"iTXt, languages": {"png", pngOf(many("iTXt", "k\x00\x01\x00en\x00key\x00", deflated(n))...), 10 * n},
		"iTXt, long key":  {"png", pngOf(many("iTXt", "k\x00\x01\x00\x00"+strings.Repeat("t", 9000)+"\x00", deflated(n))...), 10 * n},
		"iTXt, plain":     {"png", pngOf([2]string{"iTXt", "k\x00\x00\x00\x00\x00" + string(make([]byte, n))}), n},
		"iCCP":            {"png", pngOf([2]string{"iCCP", "icc\x00\x00" + string(deflated(10*n))}), 10 * n},
		"tEXt":            {"png", pngOf(many("tEXt", "key\x00", make([]byte, n))...), 10 * n},
		"many chunks":     {"png", pngOf(many("tEXt", "k\x00", nil)...), 10 * 256},
		"cut zTXt":        {"png", pngOf([2]string{"zTXt", "key\x00\x00" + string(deflated(10 * n)[:5000])}), 5 * n},
		"brob":            {"jxl", append([]byte(jxlHead), boxOf("brob", []byte("xml "), brotlied(10*n))...), 10 * n},
		"tiff":            {"tiff", overlapping(100, n), 100 * n},
		"heif":            {"heif", heifOf(100, n), 100 * n},
		"webp":            {"webp", append([]byte("RIFF\x00\x00\x00\x00WEBPEXIF\x40\x42\x0f\x00"), make([]byte, n)...), n},
		"jpeg":            {"jpeg", append([]byte("\xff\xd8\xff\xe1\xff\xff"), make([]byte, 70_000)...), 65_535},
	} {
		path := filepath.Join(t.TempDir(), "x")
		if err := os.WriteFile(path, test.file, 0o644); err != nil {
			t.Fatal(err)
		}
		got, err := Unfolded(path, test.format, 1<<40)
		if err != nil || got < test.least || got > test.least*3/2+100_000 {
			t.Errorf("%s: %d, %v; want about %d", name, got, err, test.least)
		}
		if got, _ = Unfolded(path, test.format, test.least/2); got <= test.least/2 || got > test.least+1000 {
			t.Errorf("%s: with a bound of %d counted %d", name, test.least/2, got)
		}
	}
}

const jxlHead = "\x00\x00\x00\x0cJXL \r\n\x87\n"

// No real photo comes near a bound that stops bombs.
func TestPhotosUnfoldToLittle(t *testing.T) {
	files, _ := filepath.Glob("../../packaging/demo/photos/*")
	more, _ := filepath.Glob("../../../shared/data/wild/*")
	for _, file := range append(files, more...) {
		format, err := Sniff(file)
		if err != nil || format == "" {
			continue
		}
		n, err := Unfolded(file, format, 64_000_000)
		if info, _ := os.Stat(file); err != nil || n > 8_000_000 || n > 2*info.Size()+10_000 {
			t.Errorf("%s: %d, %v", file, n, err)
		}
	}
	if len(files) == 0 {
		t.Fatal("no photos")
	}
}

func FuzzUnfolded(f *testing.F) {
	f.Add("png", pngOf([2]string{"zTXt", "k\x00\x00" + string(deflated(100))}))
	f.Add("jxl", append([]byte(jxlHead), boxOf("brob", []byte("xml "), brotlied(100))...))
	f.Add("tiff", overlapping(3, 10))
	f.Add("heif", heifOf(3, 10))
	f.Add("jpeg", []byte("\xff\xd8\xff\xe1\x00\x08abcdef\xff\xd9"))
	f.Add("webp", []byte("RIFF\x00\x00\x00\x00WEBPEXIF\x02\x00\x00\x00ab"))
	f.Fuzz(func(t *testing.T, format string, data []byte) {
		path := filepath.Join(t.TempDir(), "x")
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		n, err := Unfolded(path, format, 1<<20)
		if err != nil || n < 0 {
			t.Errorf("%d, %v", n, err)
		}
	})
}
