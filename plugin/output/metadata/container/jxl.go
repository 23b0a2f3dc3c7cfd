package container

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"os"
)

const (
	jxlSignature = "\x00\x00\x00\x0cJXL \r\n\x87\n"
	jxlType      = "\x00\x00\x00\x14ftypjxl \x00\x00\x00\x00jxl "
	jxlStream    = "\xff\x0a"
)

var errJXL = errors.New("not a JPEG XL")

// box is one box of a file: its content lies at from, size bytes long.
type box struct {
	name       string
	at         int64 // of the box itself
	from, size int64
}

// boxes hands over the boxes between two places of a file.
func boxes(f io.ReaderAt, at, end int64, each func(box) error) error {
	for at+8 <= end {
		head := make([]byte, 16)
		if _, err := f.ReadAt(head[:8], at); err != nil {
			return err
		}
		b := box{name: string(head[4:8]), at: at, from: at + 8}
		switch size := int64(binary.BigEndian.Uint32(head)); size {
		case 0:
			b.size = end - b.from
		case 1:
			if _, err := f.ReadAt(head[8:], at+8); err != nil {
				return err
			}
			b.from = at + 16
			b.size = int64(binary.BigEndian.Uint64(head[8:])) - 16
		default:
			b.size = size - 8
		}
		if b.size < 0 || b.size > end-b.from {
			return errShort
		}
		if err := each(b); err != nil {
			return err
		}
		at = b.from + b.size
	}
	return nil
}

func sizeOf(f input) (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// jxlBoxes is false for a bare codestream, which has none.
func jxlBoxes(f input, each func(box) error) (bool, error) {
	head := make([]byte, len(jxlSignature))
	if n, err := f.ReadAt(head, 0); n < 2 {
		return false, errors.Join(errJXL, err)
	}
	if string(head[:2]) == jxlStream {
		return false, nil
	}
	if string(head) != jxlSignature {
		return false, errJXL
	}
	end, err := sizeOf(f)
	if err != nil {
		return false, err
	}
	return true, boxes(f, 0, end, each)
}

func readJXL(f input) (m Metadata, err error) {
	_, err = jxlBoxes(f, func(b box) error {
		if b.name != "Exif" && b.name != "xml " {
			return nil
		}
		data, err := take(io.NewSectionReader(f, b.from, b.size), b.size)
		if err != nil {
			return err
		}
		if b.name == "xml " {
			m.XMP = data
		} else if len(data) > 4 {
			m.EXIF = afterOffset(data)
		}
		return nil
	})
	return m, err
}

// afterOffset is the EXIF behind the offset that boxes and items put before it.
func afterOffset(data []byte) []byte {
	skip := int64(binary.BigEndian.Uint32(data)) + 4
	if skip > int64(len(data)) {
		return nil
	}
	return trimEXIF(data[skip:])
}

func writeJXL(in input, out *os.File, m Metadata) error {
	w := bufio.NewWriterSize(out, 1<<16)
	put(w, jxlSignature+jxlType)
	if len(m.EXIF) > 0 {
		writeBox(w, "Exif", append(make([]byte, 4), m.EXIF...))
	}
	writeBox(w, "xml ", m.XMP)
	boxed, err := jxlBoxes(in, func(b box) error {
		switch b.name {
		case "JXL ", "ftyp", "Exif", "xml ", "brob":
			return nil
		}
		return copyBox(w, in, b.name, b.from, b.size)
	})
	if err != nil {
		return err
	}
	if !boxed {
		end, err := sizeOf(in)
		if err != nil {
			return err
		}
		if err := copyBox(w, in, "jxlc", 0, end); err != nil {
			return err
		}
	}
	return w.Flush()
}

func copyBox(w *bufio.Writer, in input, name string, from, size int64) error {
	if size+8 < 1<<32 {
		put(w, binary.BigEndian.AppendUint32(nil, uint32(size+8)))
		put(w, name)
	} else {
		put(w, binary.BigEndian.AppendUint32(nil, 1))
		put(w, name)
		put(w, binary.BigEndian.AppendUint64(nil, uint64(size+16)))
	}
	_, err := io.Copy(w, io.NewSectionReader(in, from, size))
	return err
}

// writeBox writes nothing for no data. Errors stay with w until its Flush.
func writeBox(w *bufio.Writer, name string, data []byte) {
	if len(data) == 0 {
		return
	}
	put(w, binary.BigEndian.AppendUint32(nil, uint32(len(data)+8)))
	put(w, name)
	put(w, data)
}
