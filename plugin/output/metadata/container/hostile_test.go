package container

import (
	"bytes"
	"compress/zlib"
	"crypto/md5"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/burnish-photo/burnish/plugin/output/metadata/exif"
)

// A MIME item whose strings have no end, at the very end of its box.
const endlessItem = "\x00\x00\x00\x0cftypheic" +
	"\x00\x00\x00\x32meta\x00\x00\x00\x00" +
	"\x00\x00\x00\x26iinf\x00\x00\x00\x00\x00\x01" +
	"\x00\x00\x00\x18infe\x02\x00\x00\x00\x00\x01\x00\x00mimexxxx"

// reading reads a file of that content and reports how many bytes that took,
// in all.
func reading(t *testing.T, format string, data []byte) (Metadata, uint64) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "hostile")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	m, err := Read(path, format)
	runtime.ReadMemStats(&after)
	t.Logf("%d bytes of %s: %v", len(data), format, err)
	return m, after.TotalAlloc - before.TotalAlloc
}

func TestStringsOfItemsMayHaveNoEnd(t *testing.T) {
	for _, cut := range []int{0, 4} { // the name, or the type, is what has no end
		data := []byte(endlessItem[:len(endlessItem)-cut])
		data[15] -= byte(cut)
		data[27] -= byte(cut)
		data[41] -= byte(cut)
		reading(t, "heic", data)
	}
}

// le appends little-endian numbers.
func le(data []byte, numbers ...any) []byte {
	for _, n := range numbers {
		data, _ = binary.Append(data, binary.LittleEndian, n)
	}
	return data
}

// overlapping is a TIFF structure of n entries that share one value.
func overlapping(n int, value int) []byte {
	data := le([]byte("II*\x00"), uint32(8), uint16(n))
	for i := range n {
		data = le(data, uint16(0xc000+i), uint16(7), uint32(value), uint32(8+2+12*n+4))
	}
	return append(data, make([]byte, 4+value)...)
}

func TestHostileFilesTakeLittleMemory(t *testing.T) {
	const mb = 1 << 20
	segment := func(marker byte, content []byte) []byte {
		return append(binary.BigEndian.AppendUint16([]byte{0xff, marker}, uint16(len(content)+2)), content...)
	}
	extended := []byte{0xff, 0xd8}
	for i := range 40 {
		guid := fmt.Sprintf("%X", md5.Sum([]byte{byte(i)}))
		extended = append(extended, segment(0xe1, []byte(jpegXMP+guid))...)
		part := binary.BigEndian.AppendUint32([]byte(jpegExtended+guid), 30*mb)
		extended = append(extended, segment(0xe1, append(part, make([]byte, 8)...))...)
	}
	pictures := le([]byte("II*\x00"), uint32(8), uint16(4000))
	for range 4000 {
		pictures = le(pictures, uint16(0xb002), uint16(7), uint32(48_000), uint32(8))
	}
	comments := append([]byte("GIF89a\x01\x00\x01\x00\x00\x00\x00\x21\xfe"), bytes.Repeat(append([]byte{255}, make([]byte, 255)...), 100*mb/256)...)
	for _, test := range []struct {
		name, format string
		data         []byte
		most         uint64 // in MiB
	}{
		{"TIFF", "tiff", overlapping(200, 4*mb), 400},
		{"extended XMP", "jpeg", append(extended, 0xff, 0xd9), 10},
		{"pictures", "jpeg", append(append([]byte{0xff, 0xd8}, segment(0xe2, append([]byte(jpegMPF), pictures...))...), 0xff, 0xd9), 20},
		{"PNG", "png", unfolding(t, 40*mb, 20), 400},
		{"GIF", "gif", append(comments, 0), 600},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, took := reading(t, test.format, test.data); took > test.most*mb {
				t.Errorf("%d MiB were allocated for %d KiB", took/mb, len(test.data)>>10)
			}
		})
	}
}

// unfolding is a PNG of n packets of XMP that unfold to that size.
func unfolding(t *testing.T, size, n int) []byte {
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	if _, err := z.Write(make([]byte, size)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	content := append([]byte("iTXt"+pngXMP+"\x01\x00\x00\x00"), packed.Bytes()...)
	chunk := append(binary.BigEndian.AppendUint32(nil, uint32(len(content)-4)), content...)
	chunk = binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(content))
	return append([]byte(pngSignature), bytes.Repeat(chunk, n)...)
}

func TestOverlappingValuesAreNotMultiplied(t *testing.T) {
	data := overlapping(1000, 1<<20)
	b, err := exif.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	kept := b.Keep(func(e exif.Entry) bool { return e.Tag != 0xc000 })
	if got := len(kept.Bytes()); got > 2*len(data) {
		t.Errorf("%d bytes became %d", len(data), got)
	}
	if len(kept.Entries()) == 0 {
		t.Error("nothing is left")
	}
}
