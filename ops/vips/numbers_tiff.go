package vips

import (
	"errors"
	"fmt"

	"github.com/burnish-photo/burnish/ops/handle"
)

// ErrNumbers is a file whose pixels are numbers that no loader here reads.
var ErrNumbers = errors.New("its pixels cannot be read")

// Tags that tell what a TIFF's numbers are (TIFF 6.0), and members of them.
const (
	bitsPerSample = 258
	sampleFormat  = 339

	floatingPoint = 3
)

// unreadNumbers says of what kind a TIFF's numbers are where libvips does not
// read them, or reads them as others; "" where it does.
func unreadNumbers(path string) string {
	f, err := handle.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return ""
	}
	head, err := part(f, 0, 16)
	if err != nil || len(head) < 16 {
		return ""
	}
	t, at := newTIFF(f, info.Size(), head)
	size, b, err := t.entries(at)
	if err != nil || t.short {
		return ""
	}
	said := map[int]int64{sampleFormat: 1}
	for ; len(b) >= size; b = b[size:] {
		tag := int(t.order.Uint16(b))
		if tag != bitsPerSample && tag != sampleFormat {
			continue
		}
		if values, err := t.field(b[:size]); err == nil && len(values) > 0 {
			said[tag] = values[0]
		}
	}
	return numbersUnread(said[bitsPerSample], said[sampleFormat])
}

func numbersUnread(bits, kind int64) string {
	switch {
	case kind == floatingPoint && bits != 32:
		return fmt.Sprintf("floating-point numbers of %d bits", bits)
	case kind < 5 && bits > 32:
		return fmt.Sprintf("whole numbers of %d bits", bits)
	}
	return ""
}
