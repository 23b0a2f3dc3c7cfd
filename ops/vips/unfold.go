package vips

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"io"

	"github.com/andybalholm/brotli"

	"github.com/burnish-photo/burnish/ops/handle"
)

// blockCost is what a decoder spends on a block of metadata beside its bytes.
const blockCost = 256

// Unfolded is how many bytes the metadata and the colour profile of a file come
// to once they are decompressed, as its decoder holds them: text chunks and
// profiles of a PNG, compressed boxes, fields of a TIFF that overlap. It decodes
// no pixels, and holds next to nothing itself. Counting ends once there are more
// than most. Malformed metadata counts as far as it goes; errors are the
// operating system's.
func Unfolded(path, format string, most int64) (int64, error) {
	f, err := handle.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	u := &unfolding{ReaderAt: f, size: info.Size(), most: most}
	switch format {
	case "png":
		u.png()
	case "jpeg":
		u.jpeg()
	case "webp":
		u.riff()
	case "tiff":
		u.tiff()
	case "avif", "heif":
		u.iso()
	case "jxl":
		u.jxl()
	}
	return u.total, u.err
}

// unfolding counts the metadata of one file.
type unfolding struct {
	io.ReaderAt
	size  int64
	most  int64
	total int64
	err   error // of the operating system
}

// over reports whether counting is at an end.
func (u *unfolding) over() bool { return u.err != nil || u.total > u.most }

func (u *unfolding) add(bytes int64) { u.total += max(0, bytes) + blockCost }

// head reads up to n bytes at a place.
func (u *unfolding) head(at, n int64) []byte {
	if u.err != nil || at < 0 || at >= u.size {
		return nil
	}
	var b []byte
	b, u.err = part(u, at, min(n, u.size-at))
	return b
}

func (u *unfolding) section(at, n int64) io.Reader {
	return io.NewSectionReader(u, at, max(0, min(n, u.size-at)))
}

// inflate counts what a stream of zlib comes to.
func (u *unfolding) inflate(r io.Reader) {
	z, err := zlib.NewReader(r)
	if err != nil {
		u.add(0)
		return
	}
	u.drain(z)
}

// drain counts what can be read.
func (u *unfolding) drain(r io.Reader) {
	n, _ := io.Copy(io.Discard, io.LimitReader(r, u.most-u.total+1)) // what ends early counts as far as it goes
	u.add(n)
}

// png walks through the chunks (PNG, 11.3).
func (u *unfolding) png() {
	for at := int64(8); !u.over(); {
		b := u.head(at, 8)
		if len(b) < 8 {
			return
		}
		size, from := int64(binary.BigEndian.Uint32(b)), at+8
		switch string(b[4:]) {
		case "IEND":
			return
		case "tEXt", "eXIf", "sPLT":
			u.add(size)
		case "zTXt", "iCCP": // a keyword, a method, the data
			if after, _, ok := u.afterZeros(from, size, 1); ok {
				u.inflate(u.section(after+1, from+size-after-1))
			} else {
				u.add(size)
			}
		case "iTXt": // a keyword, a flag, a method, a language, a translated keyword, the data
			after, flag, ok := u.afterZeros(from, size, 3)
			if ok && flag == 1 {
				u.inflate(u.section(after, from+size-after))
			} else {
				u.add(size)
			}
		}
		at = from + size + 4
	}
}

// afterZeros is the place behind the n-th zero byte of a chunk's fields. Where
// there is more than one, two bytes follow the first, which may be zero
// themselves: flag is the first of them. The fields may be of any length.
func (u *unfolding) afterZeros(from, size int64, n int) (place int64, flag byte, ok bool) {
	r := bufio.NewReader(u.section(from, size))
	place = from
	for i := range n {
		if i == 1 {
			var fixed [2]byte
			if _, err := io.ReadFull(r, fixed[:]); err != nil {
				return 0, 0, false
			}
			place, flag = place+2, fixed[0]
		}
		for {
			piece, err := r.ReadSlice(0)
			place += int64(len(piece))
			if err == nil {
				break
			}
			if !errors.Is(err, bufio.ErrBufferFull) {
				return 0, 0, false
			}
		}
	}
	return place, flag, place < from+size
}

// jpeg walks through the segments before the first scan.
func (u *unfolding) jpeg() {
	at := int64(2)
	for range maxMarkers {
		b := u.head(at, 4)
		if len(b) < 4 || b[0] != 0xff || u.over() {
			return
		}
		switch marker, length := b[1], int64(binary.BigEndian.Uint16(b[2:])); {
		case marker == 0xff:
			at++
		case marker == 0x01 || marker >= 0xd0 && marker <= 0xd8:
			at += 2
		case marker == 0xda || marker == 0xd9 || length < 2:
			return
		default:
			if marker >= 0xe0 {
				u.add(length)
			}
			at += 2 + length
		}
	}
}

// riff walks through the chunks of a WebP.
func (u *unfolding) riff() {
	for at := int64(12); !u.over(); {
		b := u.head(at, 8)
		if len(b) < 8 {
			return
		}
		size := int64(binary.LittleEndian.Uint32(b[4:]))
		switch string(b[:4]) {
		case "EXIF", "XMP ", "ICCP":
			u.add(min(size, u.size-at))
		}
		at += 8 + size + size&1
	}
}

// maxDirectories is how many directories of a TIFF are looked at.
const maxDirectories = 1 << 16

// tiff adds up what the fields of all directories name, whether or not they
// name the same bytes.
func (u *unfolding) tiff() {
	head := u.head(0, 16)
	if len(head) < 16 {
		return
	}
	t, at := newTIFF(u, u.size, head)
	seen := map[int64]bool{}
	for at != 0 && !seen[at] && len(seen) < maxDirectories && !u.over() {
		seen[at] = true
		entry, b, err := t.entries(at)
		if u.err = err; err != nil || t.short {
			return
		}
		for ; len(b) >= entry && !u.over(); b = b[entry:] {
			kind, count := int(t.order.Uint16(b[2:])), t.offset(b[4:])
			if kind < len(tiffTypes) && count > 0 && count <= u.size {
				u.add(min(count*tiffTypes[kind], u.size))
			}
		}
		if u.over() {
			return
		}
		at = t.offset(append(bytes.Clone(b), make([]byte, 8)...))
	}
}

// jxl walks through the boxes of a JPEG XL (ISO/IEC 18181-2).
func (u *unfolding) jxl() {
	u.boxes(0, u.size, func(name string, from, size int64) {
		switch name {
		case "Exif", "xml ", "jumb":
			u.add(size)
		case "brob": // the name of the box that it is, compressed by Brotli
			u.drain(brotli.NewReader(u.section(from+4, size-4)))
		}
	})
}

// boxes hands over the boxes between two places.
func (u *unfolding) boxes(at, end int64, each func(name string, from, size int64)) {
	for at+8 <= end && !u.over() {
		b := u.head(at, 16)
		if len(b) < 8 {
			return
		}
		from, size := at+8, int64(binary.BigEndian.Uint32(b))-8
		switch {
		case size == -8:
			size = end - from
		case size == -7 && len(b) == 16:
			from = at + 16
			size = int64(binary.BigEndian.Uint64(b[8:])) - 16
		}
		if size < 0 {
			return
		}
		each(string(b[4:8]), from, min(size, end-from))
		if size > end-from {
			return
		}
		at = from + size
	}
}
