package vips

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A file that is still being copied is told from a whole one in every format
// that marks its end, whether it grows or fills room reserved for it.
func completePath(path string) (bool, error) {
	file, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer file.Close()
	return Complete(file)
}

func TestComplete(t *testing.T) {
	image := photo(t, 90, 70)
	dir := t.TempDir()
	for format, saver := range savers() {
		t.Run(format, func(t *testing.T) {
			data, err := os.ReadFile(saved(t, image, saver, "photo", encoders[format].probe))
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(dir, format)
			is := func(what string, content []byte, want bool) {
				t.Helper()
				if err := os.WriteFile(path, content, 0o600); err != nil {
					t.Fatal(err)
				}
				if got, err := completePath(path); got != want || err != nil {
					t.Errorf("%s: complete is %v, %v", what, got, err)
				}
			}
			is("whole", data, true)
			bare := bytes.HasPrefix(data, []byte("\xff\x0a")) // a JPEG XL codestream marks no end
			for _, n := range []int{0, 1, 3, 11, len(data) / 4, len(data) / 2, len(data) - 13} {
				padded := append(bytes.Clone(data[:n]), make([]byte, 8<<10)...)
				if !bare || n < 2 {
					is("cut off", data[:n], false)
				}
				marked := format == "jpeg" || format == "png" || format == "gif"
				if marked || n < len(data)-13 { // where none marks it, the very end may be missing unseen
					is("in reserved room", padded, false)
				}
				if err := os.Truncate(path, int64(n)); err != nil {
					t.Fatal(err)
				}
				if err := os.Truncate(path, 1<<20); err != nil {
					t.Fatal(err)
				}
				if got, err := completePath(path); got || err != nil {
					t.Errorf("%d bytes before a hole: complete is %v, %v", n, got, err)
				}
			}
			if format == "jpeg" || format == "png" || format == "gif" {
				is("with a note appended", append(bytes.Clone(data), strings.Repeat("note ", 50)...), true)
				is("with zeros appended", append(bytes.Clone(data), make([]byte, 100)...), true)
			}
		})
	}
}

func TestCompleteBytes(t *testing.T) {
	preview := "\xff\xe1\x00\x08ab\xff\xd9cd" // a segment with an end marker of its own
	film := "\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + strings.Repeat("film", 40<<10)
	jpegBytes := "\xff\xd8" + preview + "\xff\xda\x00\x04abxy\xff\x00z\xff\xd9"
	boxes := "\x00\x00\x00\x10ftypheic\x00\x00\x00\x00\x00\x00\x00\x0cmetaabcd\x00\x00\x00\x10mdatpixels!!"
	for name, test := range map[string]struct {
		data string
		want bool
	}{
		"nothing":                  {"", false},
		"zeros":                    {strings.Repeat("\x00", 1000), false},
		"text":                     {"no photo", true},
		"half a signature":         {"\x89PNG\r\n", false},
		"jpeg":                     {"\xff\xd8\xff\xda\x00\x04abxyz\xff\xd9", true},
		"jpeg, preview only":       {"\xff\xd8" + preview + "\xff\xda\x00\x04abxyz", false},
		"jpeg, preview and end":    {"\xff\xd8" + preview + "\xff\xff\xda\x00\x04abxyz\xff\xd9", true},
		"jpeg in its headers":      {"\xff\xd8\xff\xe1\xff\xff" + strings.Repeat("e", 100), false},
		"jpeg, malformed, at end":  {"\xff\xd8stray\xff\xd9", true},
		"jpeg without a scan":      {"\xff\xd8\xff\xd9\x00\x00", true},
		"jpeg, film behind":        {jpegBytes + film, true}, // immich#30654
		"jpeg, zeros behind":       {jpegBytes + strings.Repeat("\x00", 200<<10), true},
		"jpeg, cut, film preview":  {"\xff\xd8" + preview + "\xff\xda\x00\x04ab" + strings.Repeat("xyz", 40<<10), false},
		"jpeg, scans, film behind": {"\xff\xd8" + preview + "\xff\xda\x00\x04abx\xff\xc4\x00\x06\xff\xd9cd\xff\xda\x00\x04abxyz\xff\xd9" + film, true},
		"png, film behind":         {"\x89PNG\r\n\x1a\n\x00\x00\x00\x03IDATabccrc!\x00\x00\x00\x00IEND\xae\x42\x60\x82" + film, true},
		"png, cut, long":           {"\x89PNG\r\n\x1a\n\x00\x00\x00\x03IDATabccrc!\x00\xff\x00\x00IDAT" + film[:80<<10], false},
		"boxes, trailer behind":    {boxes + "\x00\x00\x01\x0a\x0e\x00\x00\x00Image_UTC_Data", true}, // Samsung's
		"boxes, film in a box":     {boxes + "\x00\x00\x00\x10mpvdabcdefgh", true},
		"boxes, film cut":          {boxes + "\x00\x00\x10\x00mpvdabcdefgh", false},
		"webp, too short":          {"RIFF\xff\x00\x00\x00WEBPVP8 ", false},
		"boxes, the last open":     {"\x00\x00\x00\x10ftypavif\x00\x00\x00\x00\x00\x00\x00\x00mdatpixels", true},
		"boxes, one too long":      {"\x00\x00\x00\x10ftypavif\x00\x00\x00\x00\x00\x00\xff\x00mdatpixels", false},
		"boxes, nonsense":          {"\x00\x00\x00\x10ftypavif\x00\x00\x00\x00\x00\x00\x00\x02mdatpixels", false},
		"tiff, directory missing":  {"II*\x00\xff\x00\x00\x00" + strings.Repeat("p", 100), false},
		"tiff, directory circular": {"II*\x00\x08\x00\x00\x00\x01\x00\xfe\x00\x04\x00\x01\x00\x00\x00\x00\x00\x00\x00\x08\x00\x00\x00xx", true},
		"tiff, endless values":     {"II+\x00\x08\x00\x00\x00\x10\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x11\x01\x04\x00\x00\x00\x00\x00\x00\x00\x00\x80" + strings.Repeat("\x00", 76), false},
		"tiff, directory empty":    {"II*\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", false},
	} {
		got, err := complete(strings.NewReader(test.data), int64(len(test.data)))
		if got != test.want || err != nil {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	if _, err := completePath(filepath.Join(t.TempDir(), "absent")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("absent: %v", err)
	}
}

// counted counts the reads of a file.
type counted struct {
	io.ReaderAt
	reads int
}

func (c *counted) ReadAt(b []byte, at int64) (int, error) {
	c.reads++
	return c.ReaderAt.ReadAt(b, at)
}

func TestAFileOfFillBytesTakesFewReads(t *testing.T) {
	data := "\xff\xd8" + strings.Repeat("\xff", 1<<20)
	r := &counted{ReaderAt: strings.NewReader(data)}
	if whole, err := complete(r, int64(len(data))); whole || err != nil || r.reads > 2*maxMarkers {
		t.Errorf("%v, %v after %d reads", whole, err, r.reads)
	}
}

func FuzzComplete(f *testing.F) {
	f.Add([]byte("\xff\xd8\xff\xe1\x00\x08ab\xff\xd9cd\xff\xda\x00\x04abxyz\xff\xd9"))
	f.Add([]byte("RIFF\x0c\x00\x00\x00WEBPVP8 "))
	f.Add([]byte("\x00\x00\x00\x10ftypavif\x00\x00\x00\x00\x00\x00\x00\x01mdat\x00\x00\x00\x00\x00\x00\x00\x18pixels!!"))
	f.Add([]byte("II*\x00\x08\x00\x00\x00\x01\x00\x11\x01\x04\x00\x02\x00\x00\x00\x08\x00\x00\x00\x00\x00\x00\x00"))
	f.Add([]byte("MM\x00+\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00\x10\x00\x00\x00\x00\x00\x00\x00\x01\x01\x11\x00\x04"))
	f.Add([]byte("II+\x00\x08\x00\x00\x00\x10\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x11\x01\x04\x00\x00\x00\x00\x00\x00\x00\x00\x80" + strings.Repeat("\x00", 76)))
	f.Fuzz(func(t *testing.T, data []byte) {
		whole, err := complete(bytes.NewReader(data), int64(len(data)))
		if err != nil || whole && len(data) == 0 {
			t.Errorf("%v, %v", whole, err)
		}
	})
}
