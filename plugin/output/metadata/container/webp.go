package container

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"os"
)

var errWebP = errors.New("not a WebP")

const (
	webpHasXMP   = 1 << 2
	webpHasEXIF  = 1 << 3
	webpHasAlpha = 1 << 4
)

// riffChunks hands over name, size and place of each chunk's content.
func riffChunks(f input, each func(name string, at, size int64) error) error {
	head := make([]byte, 12)
	if _, err := f.ReadAt(head, 0); err != nil || string(head[:4]) != "RIFF" || string(head[8:]) != "WEBP" {
		return errors.Join(errWebP, err)
	}
	end := 8 + int64(binary.LittleEndian.Uint32(head[4:]))
	for at := int64(12); at+8 <= end; {
		if _, err := f.ReadAt(head[:8], at); err != nil {
			return err
		}
		size := int64(binary.LittleEndian.Uint32(head[4:]))
		if err := each(string(head[:4]), at+8, size); err != nil {
			return err
		}
		at += 8 + size + size&1
	}
	return nil
}

func readWebP(f input) (m Metadata, err error) {
	err = riffChunks(f, func(name string, at, size int64) (err error) {
		switch name {
		case "EXIF":
			m.EXIF, err = take(io.NewSectionReader(f, at, size), size)
			m.EXIF = trimEXIF(m.EXIF)
		case "XMP ":
			m.XMP, err = take(io.NewSectionReader(f, at, size), size)
		}
		return err
	})
	return m, err
}

// trimEXIF takes off the prefix that only JPEG should have.
func trimEXIF(data []byte) []byte {
	if len(data) >= 6 && string(data[:6]) == jpegEXIF {
		return data[6:]
	}
	return data
}

func writeWebP(in input, out *os.File, m Metadata) error {
	w := bufio.NewWriterSize(out, 1<<16)
	put(w, "RIFF\x00\x00\x00\x00WEBP")
	first := true
	err := riffChunks(in, func(name string, at, size int64) error {
		data := io.NewSectionReader(in, at, size)
		if first {
			first = false
			extended, err := extendedHeader(name, data)
			if err != nil {
				return err
			}
			extended[0] &^= webpHasXMP | webpHasEXIF
			if len(m.EXIF) > 0 {
				extended[0] |= webpHasEXIF
			}
			if len(m.XMP) > 0 {
				extended[0] |= webpHasXMP
			}
			writeRIFF(w, "VP8X", extended)
		}
		if name == "VP8X" || name == "EXIF" || name == "XMP " {
			return nil
		}
		put(w, name)
		put(w, binary.LittleEndian.AppendUint32(nil, uint32(size)))
		_, err := io.Copy(w, data)
		if size%2 == 1 {
			put(w, []byte{0})
		}
		return err
	})
	if err != nil {
		return err
	}
	if first {
		return errWebP
	}
	writeRIFF(w, "EXIF", m.EXIF)
	writeRIFF(w, "XMP ", m.XMP)
	if err := w.Flush(); err != nil {
		return err
	}
	info, err := out.Stat()
	if err != nil {
		return err
	}
	_, err = out.WriteAt(binary.LittleEndian.AppendUint32(nil, uint32(info.Size()-8)), 4)
	return err
}

// extendedHeader is the content of the VP8X chunk: the one there is, or one
// that the plain bitstream's header gives.
func extendedHeader(name string, data *io.SectionReader) ([]byte, error) {
	head := make([]byte, 10)
	if _, err := io.ReadFull(io.NewSectionReader(data, 0, 10), head); err != nil {
		return nil, err
	}
	if name == "VP8X" {
		return head, nil
	}
	var width, height, flags uint32
	switch name {
	case "VP8 ":
		width, height = uint32(binary.LittleEndian.Uint16(head[6:])&0x3fff), uint32(binary.LittleEndian.Uint16(head[8:])&0x3fff)
	case "VP8L":
		bits := binary.LittleEndian.Uint32(head[1:])
		width, height = bits&0x3fff+1, bits>>14&0x3fff+1
		if bits>>28&1 == 1 {
			flags = webpHasAlpha
		}
	default:
		return nil, errWebP
	}
	header := binary.LittleEndian.AppendUint32(nil, flags)
	for _, side := range []uint32{width - 1, height - 1} {
		header = append(header, byte(side), byte(side>>8), byte(side>>16))
	}
	return header, nil
}

// writeRIFF writes nothing for no data. Errors stay with w until its Flush.
func writeRIFF(w *bufio.Writer, name string, data []byte) {
	if len(data) == 0 {
		return
	}
	put(w, name)
	put(w, binary.LittleEndian.AppendUint32(nil, uint32(len(data))))
	put(w, data)
	if len(data)%2 == 1 {
		put(w, []byte{0})
	}
}
