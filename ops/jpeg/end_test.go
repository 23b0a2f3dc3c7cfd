package jpeg_test

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"github.com/burnish-photo/burnish/ops/jpeg"
)

// A progressive JPEG has tables between its scans, and any segment may hold a
// preview with an end marker of its own.
func TestEnd(t *testing.T) {
	const (
		head    = "\xff\xd8\xff\xe1\x00\x08ab\xff\xd9cd"
		scan    = "\xff\xda\x00\x04abxy\xff\x00z\xff\xd3w"
		between = "\xff\xc4\x00\x06\xff\xd9ab"
	)
	for name, test := range map[string]struct {
		data  string
		whole bool
	}{
		"one scan":         {head + scan + "\xff\xd9", true},
		"fill bytes":       {head + "\xff" + scan + "\xff\xff\xff\xd9", true},
		"two scans":        {head + scan + between + scan + "\xff\xd9", true},
		"a damaged scan":   {head + scan + "\xff\x37\xff\xff" + scan + "\xff\xd9", true},
		"cut in a segment": {head[:8], false},
		"cut in a scan":    {head + scan, false},
		"cut in a table":   {head + scan + between[:6], false},
		"cut in its end":   {head + scan + "\xff", false},
	} {
		for _, behind := range []string{"", "\x00\x00\x00\x18ftypmp42", "\xff\xd8\xff\xd9", "\x00\x00"} {
			if !test.whole && behind != "" {
				continue
			}
			got, err := jpeg.End(iotest.OneByteReader(bytes.NewReader([]byte(test.data + behind))))
			if !test.whole && !errors.Is(err, io.ErrUnexpectedEOF) || test.whole && (err != nil || got != int64(len(test.data))) {
				t.Errorf("%s before %q: %d, %v", name, behind, got, err)
			}
		}
	}
	whole := demo(t)
	if got, err := jpeg.End(bytes.NewReader(append(bytes.Clone(whole), "trailer"...))); err != nil || got != int64(len(whole)) {
		t.Errorf("the demo ends at %d of %d, %v", got, len(whole), err)
	}
	if _, err := jpeg.End(bytes.NewReader([]byte("hello"))); !errors.Is(err, jpeg.ErrNotJPEG) {
		t.Errorf("got %v", err)
	}
}

func FuzzEnd(f *testing.F) {
	f.Add([]byte("\xff\xd8\xff\xda\x00\x04abxy\xff\x00z\xff\xd9tail"))
	f.Add([]byte("\xff\xd8\xff\xff\xe1\x00\x00\xff\xd9"))
	f.Fuzz(func(t *testing.T, data []byte) {
		n, err := jpeg.End(bytes.NewReader(data))
		if err == nil && (n < 4 || n > int64(len(data)) || data[n-1] != 0xd9) {
			t.Errorf("%q ends at %d", data, n)
		}
	})
}
