package vips

import (
	"bytes"
	"io"
)

// others are the formats that cannot be told by a few bytes at a fixed place:
// SVG, which is text, and the PNM family.
func others(head []byte) string {
	if len(head) > 3 && head[0] == 'P' && head[1] >= '1' && head[1] <= '7' && bytes.IndexByte([]byte(" \t\r\n#"), head[2]) >= 0 {
		return "ppm"
	}
	text := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
	if bytes.HasPrefix(text, []byte("<svg")) || bytes.HasPrefix(text, []byte("<")) && bytes.Contains(text, []byte("<svg")) {
		return "svg"
	}
	return ""
}

// cameraRaw reports whether a TIFF is a camera's raw file: its first picture
// is a preview by its own word (NEF, ARW, DNG …), and the sensor's data is
// elsewhere. A loader of TIFFs would take the preview for the photo.
func cameraRaw(r io.ReaderAt, size int64) (bool, error) {
	const newSubfileType, reduced = 254, 1
	head, err := part(r, 0, 16)
	if err != nil || len(head) < 16 {
		return false, err
	}
	t, at := newTIFF(r, size, head)
	entry, b, err := t.entries(at)
	if err != nil || t.short {
		return false, err
	}
	for ; len(b) >= entry; b = b[entry:] {
		if t.order.Uint16(b) != newSubfileType {
			continue
		}
		values, err := t.field(b[:entry])
		return len(values) > 0 && values[0]&reduced != 0, err
	}
	return false, nil
}
