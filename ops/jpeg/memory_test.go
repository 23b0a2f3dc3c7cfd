package jpeg_test

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/burnish-photo/burnish/ops/jpeg"
)

// fourth is a header with one more component, whole.
func fourth(header []byte) []byte {
	at := len(header) - 14 // of its scan
	b := append(bytes.Clone(header[:at]), 4, 0x22, 0)
	b[at-16], b[at-10] = 20, 4 // the frame's length, and how many
	return append(b, header[at:]...)
}

// parted is a header whose first scan is that of the first component.
func parted(header []byte) []byte {
	return append(header[:len(header)-14], 0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0)
}

// header is that of a JPEG of 4:2:0 or, where it says so, 4:4:4.
func header(frame byte, w, h uint16, sampling byte) []byte {
	b := []byte{0xff, 0xd8, 0xff, 0xdb, 0, 67, 0}
	b = append(b, bytes.Repeat([]byte{16}, 64)...)
	b = append(b, 0xff, frame, 0, 17, 8)
	b = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(b, h), w)
	b = append(b, 3, 1, sampling, 0, 2, 0x11, 0, 3, 0x11, 0)
	return append(b, 0xff, 0xda, 0, 12, 3, 1, 0, 2, 0, 3, 0, 0, 63, 0)
}

func TestCoefficientBytes(t *testing.T) {
	for name, c := range map[string]struct {
		data []byte
		want int64
	}{
		"baseline":                            {header(0xc0, 4000, 3000, 0x22), 0},
		"progressive 4:2:0":                   {header(0xc2, 4000, 3000, 0x22), 36_000_000},
		"progressive 4:4:4":                   {header(0xc2, 4000, 3000, 0x11), 72_000_000},
		"baseline, a scan for each component": {parted(header(0xc0, 4000, 3000, 0x22)), 36_000_000},
		"progressive, four components":        {fourth(header(0xc2, 4000, 3000, 0x22)), 60_000_000},
	} {
		info, err := jpeg.Read(bytes.NewReader(c.data))
		if err != nil {
			t.Fatal(err)
		}
		if got := info.CoefficientBytes(); got != c.want {
			t.Errorf("%s: %d bytes, want %d", name, got, c.want)
		}
	}
}
