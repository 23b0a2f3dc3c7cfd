package vips

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"

	"github.com/burnish-photo/burnish/ops/jpeg"
)

// tailLength is how far from a file's end its end mark is looked for. What
// cameras and editors append to a photo (previews, notes) is mostly shorter.
const tailLength = 64 << 10

// Complete reports whether a file has its end, as far as its format tells: a
// JPEG its end marker, a PNG its IEND chunk, a RIFF or ISO media file its
// declared length, a GIF its trailer, a TIFF all that its directories point at. Room that was
// allocated and not yet written counts as missing. A file with too few bytes,
// or only zeros, to tell its format is not complete; one of a format that
// marks no end, or of no known format, is.
//
// It reads the headers, a GIF's blocks, and the last 64 KiB; where the end is not there, it walks
// through a JPEG's scans and a PNG's chunks, so that a photo with a film or other
// data behind it is complete. It neither decodes nor trusts what it reads: true
// does not mean that the file decodes. Errors are the operating system's.
//
// Where the file stands for reading plays no part.
func Complete(file *os.File) (bool, error) {
	info, err := file.Stat()
	if err != nil {
		return false, err
	}
	whole, err := complete(file, info.Size())
	if err != nil || !whole {
		return false, err
	}
	return !holeAtEnd(file, info.Size()), nil
}

// complete is [Complete] on any source of size bytes.
func complete(r io.ReaderAt, size int64) (bool, error) {
	head, err := part(r, 0, min(size, sniffLength))
	if err != nil {
		return false, err
	}
	if undecided(head) {
		return false, nil
	}
	switch sniff(head) {
	case "jpeg":
		return completeJPEG(r, size)
	case "png":
		return completePNG(r, size)
	case "gif":
		return completeGIF(r, size)
	case "webp":
		declared := 8 + int64(binary.LittleEndian.Uint32(head[4:8]))
		return written(r, min(size, declared), size >= declared)
	case "avif", "heif":
		return completeBoxes(r, size)
	case "pdf":
		return endsWith(r, size, "%%EOF")
	case "svg":
		return endsWith(r, size, "</svg")
	case "jxl", "jp2":
		if head[0] == 0 { // in boxes, else a bare codestream
			return completeBoxes(r, size)
		}
		return written(r, size, true)
	case "tiff":
		return completeTIFF(r, size)
	}
	return true, nil
}

// undecided reports a head that says nothing yet: too short for the longest
// signature, or not written.
func undecided(head []byte) bool {
	begun := bytes.TrimRight(head, "\x00")
	if len(begun) == 0 {
		return true
	}
	if len(begun) >= 16 || sniff(head) != "" {
		return false
	}
	for _, s := range signatures {
		if s.offset == 0 && bytes.HasPrefix([]byte(s.magic), begun) {
			return true
		}
	}
	return bytes.HasPrefix(begun, []byte("RIFF")) || bytes.HasPrefix([]byte("RIFF"), begun) ||
		len(begun) >= 8 && string(begun[4:8]) == "ftyp"
}

// part reads n bytes at off. A file that has become shorter gives fewer.
func part(r io.ReaderAt, off, n int64) ([]byte, error) {
	b := make([]byte, n)
	got, err := r.ReadAt(b, off)
	if err == io.EOF {
		err = nil
	}
	return b[:got], err
}

// tail reads what is to be searched for an end mark, from no earlier than
// begin.
func tail(r io.ReaderAt, begin, size int64) ([]byte, error) {
	begin = max(begin, size-tailLength)
	if begin >= size {
		return nil, nil
	}
	return part(r, begin, size-begin)
}

func endsWith(r io.ReaderAt, size int64, mark string) (bool, error) {
	b, err := tail(r, 0, size)
	return bytes.Contains(b, []byte(mark)), err
}

// maxChunks bounds the chunks of a PNG that are walked through.
const maxChunks = 1 << 16

// completePNG looks for the last chunk near the end of the file, then by walking
// through the chunks.
func completePNG(r io.ReaderAt, size int64) (bool, error) {
	whole, err := endsWith(r, size, "\x00\x00\x00\x00IEND\xae\x42\x60\x82")
	if whole || err != nil {
		return whole, err
	}
	at := int64(8)
	for n := 0; n < maxChunks && at < size; n++ {
		b, err := part(r, at, 8)
		if err != nil || len(b) < 8 {
			return false, err
		}
		at += 12 + int64(binary.BigEndian.Uint32(b))
		if string(b[4:]) == "IEND" {
			return at <= size, nil
		}
	}
	return false, nil
}

// written is whole, unless the last bytes before end are all zero: compressed
// data does not end so, but room that is not yet filled does.
func written(r io.ReaderAt, end int64, whole bool) (bool, error) {
	if !whole {
		return false, nil
	}
	b, err := part(r, max(0, end-64), min(end, 64))
	return len(bytes.TrimLeft(b, "\x00")) > 0, err
}

// completeJPEG looks for the end marker behind the start of the first scan: the
// headers may hold a preview with a marker of its own. Near the end of the file
// it is found at once; before a long appendix, such as a film, or in a JPEG with
// several scans by walking through them.
func completeJPEG(r io.ReaderAt, size int64) (bool, error) {
	scan, err := firstScan(r, size)
	if err != nil || scan < 0 {
		return false, err
	}
	b, err := tail(r, scan, size)
	if err != nil || bytes.Contains(b, []byte("\xff\xd9")) {
		return err == nil, err
	}
	_, err = jpeg.End(io.NewSectionReader(r, 0, size))
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, jpeg.ErrNotJPEG) {
		return false, nil
	}
	return err == nil, err
}

// maxMarkers is how many markers and fill bytes a JPEG's headers are read for.
const maxMarkers = 5000

// firstScan is where the end marker is to be looked for: behind the header of
// the first scan, or where the headers are malformed; -1 where they are cut off.
func firstScan(r io.ReaderAt, size int64) (int64, error) {
	at := int64(2)
	for range maxMarkers {
		b, err := part(r, at, 4)
		if err != nil {
			return -1, err
		}
		if len(b) >= 2 && b[0] == 0xff && b[1] == 0xd9 { // without a scan
			return at, nil
		}
		if len(b) < 4 {
			return -1, nil
		}
		marker, length := b[1], int64(binary.BigEndian.Uint16(b[2:]))
		switch {
		case b[0] == 0xff && marker == 0xff: // a fill byte
			at++
			continue
		case b[0] == 0xff && marker == 0x01 || b[0] == 0xff && marker >= 0xd0 && marker <= 0xd8: // without a segment
			at += 2
			continue
		case b[0] != 0xff || length < 2: // malformed: what a decoder says of it counts, not what is missing
			return at, nil
		}
		at += 2 + length
		if marker == 0xda {
			return at, nil
		}
	}
	return at, nil
}

// completeBoxes adds up the boxes of an ISO media file (ISO/IEC 14496-12,
// section 4.2). A box of size 0 reaches to the end of the file.
func completeBoxes(r io.ReaderAt, size int64) (bool, error) {
	const enough = 1000 // boxes: far more than any photo has
	at, seen := int64(0), map[string]bool{}
	for n := 0; n < enough && at < size; n++ {
		b, err := part(r, at, 16)
		if err != nil || len(b) < 8 {
			return seen["meta"] && seen["mdat"] && err == nil, err
		}
		if seen["meta"] && seen["mdat"] && !isBoxType(b[4:8]) && !bytes.Equal(b[:8], make([]byte, 8)) {
			return true, nil // no box: what a phone has put behind them
		}
		seen[string(b[4:8])] = true
		box := int64(binary.BigEndian.Uint32(b))
		if box == 1 && len(b) == 16 {
			box = int64(binary.BigEndian.Uint64(b[8:]))
		}
		if box == 0 {
			return written(r, size, true)
		}
		if box < 8 || box > size-at { // a nonsensical length, or more than there is
			return false, nil
		}
		at += box
	}
	return written(r, size, true)
}

// isBoxType reports whether four bytes may name a box.
func isBoxType(name []byte) bool {
	for _, c := range name {
		if c < ' ' || c > '~' && c != 0xa9 {
			return false
		}
	}
	return true
}
