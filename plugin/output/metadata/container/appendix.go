package container

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"

	"github.com/burnish-photo/burnish/ops/handle"
	"github.com/burnish-photo/burnish/ops/jpeg"
)

// Appendix is what a photo's file holds beside the photo, in bytes.
type Appendix struct {
	Film  int64 // a motion photo's, of a JPEG or HEIF
	Other int64 // behind a JPEG: neither a film nor a further JPEG nor zeros
}

// ReadAppendix looks for what a file of that format holds beside its photo.
// Nothing that it holds is trusted: lengths end with the file.
func ReadAppendix(path, format string) (a Appendix, err error) {
	f, err := handle.Open(path)
	if err != nil {
		return a, err
	}
	defer f.Close()
	size, err := sizeOf(f)
	if err != nil {
		return a, err
	}
	switch format {
	case "jpeg":
		end, err := jpeg.End(io.NewSectionReader(f, 0, size))
		if err != nil {
			return a, short(err)
		}
		return behind(f, end, size)
	case "heic", "heif", "avif":
		err = boxes(f, 0, size, func(b box) error {
			if b.name == "mpvd" { // motion photo video data, of Android and Samsung
				a.Film += b.size
			}
			return nil
		})
		if errors.Is(err, errShort) {
			err = nil // what follows the boxes is none
		}
		return a, short(err)
	}
	return a, nil
}

// maxPieces is how many films and JPEGs are told from the rest.
const maxPieces = 100

// window is how much of an appendix is looked through at a time, and beginning
// how much of it may tell what begins there.
const (
	window    = 1 << 20
	beginning = 12
)

// behind takes what follows a JPEG's end apart: films, further JPEGs (previews,
// gain maps), zeros, and the rest, such as a trailer of Samsung's.
func behind(f io.ReaderAt, at, size int64) (a Appendix, err error) {
	data := make([]byte, window+beginning)
	for pieces := 0; at < size; {
		if pieces == maxPieces {
			a.Other += size - at
			return a, nil
		}
		n, err := f.ReadAt(data[:min(int64(len(data)), size-at)], at)
		if n == 0 {
			return a, err
		}
		here := data[:n]
		start := begins(here)
		a.Other += int64(len(bytes.Trim(here[:start], "\x00")))
		at += int64(start)
		switch {
		case start >= n || n-start < beginning && at+int64(n-start) >= size:
			if start < n {
				a.Other += int64(len(bytes.Trim(here[start:], "\x00")))
			}
			if at+int64(n-start) >= size {
				return a, nil
			}
		case bytes.HasPrefix(here[start:], []byte("\xff\xd8\xff")):
			length, err := jpeg.End(io.NewSectionReader(f, at, size-at))
			if err != nil {
				length = size - at
			}
			at, pieces = at+length, pieces+1
		case string(here[start+4:start+8]) == "ftyp":
			length := filmAt(f, at, size)
			a.Film += length
			at, pieces = at+length, pieces+1
		}
	}
	return a, nil
}

// begins is where the next film or JPEG begins in data, else where it ends but
// for what may be the beginning of one.
func begins(data []byte) int {
	end := len(data)
	if end > window {
		end = window
	}
	if i := bytes.Index(data, []byte("\xff\xd8\xff")); i >= 0 {
		end = min(end, i)
	}
	for at := 0; ; {
		i := bytes.Index(data[at:min(len(data), end+8)], []byte("ftyp"))
		if i < 0 {
			return end
		}
		if at += i; at >= 4 && at-4 < end && isFileType(data[at-4:]) {
			return at - 4
		}
		at++
	}
}

// isFileType reports whether a box of a sensible length that names its brand
// begins there.
func isFileType(data []byte) bool {
	if len(data) < beginning {
		return false
	}
	size := binary.BigEndian.Uint32(data)
	for _, c := range data[8:12] {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return size >= 16 && size <= 1024
}

// filmAt is the length of a film: that of its boxes. It is at least 8.
func filmAt(f io.ReaderAt, at, size int64) int64 {
	from := at
	var head [16]byte
	for at+8 <= size {
		n, _ := f.ReadAt(head[:min(16, size-at)], at)
		if n < 8 || !isName(head[4:8]) {
			break
		}
		length := int64(binary.BigEndian.Uint32(head[:]))
		if length == 1 && n == 16 {
			length = int64(binary.BigEndian.Uint64(head[8:]))
		}
		if length == 0 {
			return size - from
		}
		if length < 8 {
			break
		}
		if length > size-at {
			return size - from
		}
		at += length
	}
	return max(at-from, 8)
}

// isName reports whether four bytes are letters, digits or the like, as names of
// boxes are.
func isName(name []byte) bool {
	for _, c := range name {
		if c < ' ' || c > '~' && c != 0xa9 {
			return false
		}
	}
	return true
}
