package container

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
)

const (
	pngSignature = "\x89PNG\r\n\x1a\n"
	pngXMP       = "XML:com.adobe.xmp\x00"
)

// maxChunks bounds the chunks of a PNG that are walked through: 8 GiB of those
// that libpng writes.
const maxChunks = 1 << 20

var (
	errPNG    = errors.New("not a PNG")
	errChunks = fmt.Errorf("a PNG of more than %d chunks", maxChunks)
)

func readPNG(f input) (m Metadata, err error) {
	if s, err := take(f, 8); err != nil || string(s) != pngSignature {
		return m, errors.Join(errPNG, err)
	}
	left, raw := budget(maxBlock), Metadata{}
	for range maxChunks {
		head, err := take(f, 8)
		if err != nil {
			return m, err
		}
		size, name := int64(binary.BigEndian.Uint32(head)), string(head[4:])
		switch name {
		case "eXIf", "iTXt", "tEXt", "zTXt":
			data, err := take(f, size)
			if err != nil {
				return m, err
			}
			if name == "eXIf" {
				m.EXIF = data
			} else if packet := textXMP(data, &left); name == "iTXt" && packet != nil {
				m.XMP = packet
			} else {
				raw.takeText(name, data, &left)
			}
			size = 0
		case "IEND":
			return m.or(raw), nil
		}
		if _, err := f.Seek(size+4, io.SeekCurrent); err != nil {
			return m, err
		}
	}
	return m, errChunks
}

// or is m with the blocks that it lacks from raw.
func (m Metadata) or(raw Metadata) Metadata {
	for _, b := range []struct{ into, from *[]byte }{{&m.EXIF, &raw.EXIF}, {&m.XMP, &raw.XMP}, {&m.IPTC, &raw.IPTC}} {
		if len(*b.into) == 0 {
			*b.into = *b.from
		}
	}
	return m
}

// textXMP is the XMP in an iTXt chunk, nil where it holds another text or one
// that unfolds to more than is left.
func textXMP(data []byte, left *budget) []byte {
	rest, ok := bytes.CutPrefix(data, []byte(pngXMP))
	if !ok || len(rest) < 2 {
		return nil
	}
	packet, ok := unfold("iTXt", rest, left)
	if !ok {
		return nil
	}
	return packet
}

func writePNG(in input, out *os.File, m Metadata) error {
	r, w := bufio.NewReaderSize(in, 1<<16), bufio.NewWriterSize(out, 1<<16)
	if s, err := take(r, 8); err != nil || string(s) != pngSignature {
		return errors.Join(errPNG, err)
	}
	put(w, pngSignature)
	written, left := false, budget(maxBlock)
	for range maxChunks {
		head, err := take(r, 8)
		if err != nil {
			return err
		}
		size, name := int64(binary.BigEndian.Uint32(head)), string(head[4:])
		if name == "IDAT" && !written {
			written = true
			writeChunk(w, "pHYs", m.Density.perMetre())
			writeChunk(w, "eXIf", m.EXIF)
			if len(m.XMP) > 0 {
				writeChunk(w, "iTXt", append([]byte(pngXMP+"\x00\x00\x00\x00"), m.XMP...))
			}
		}
		if name == "eXIf" || name == "iTXt" || name == "pHYs" && size == 9 && m.Density != (Density{}) {
			data, err := take(r, size+4)
			if err != nil {
				return err
			}
			if name == "iTXt" && textXMP(data[:size], &left) == nil {
				put(w, head)
				put(w, data)
			}
			continue
		}
		put(w, head)
		if _, err := io.CopyN(w, r, size+4); err != nil {
			return err
		}
		if name == "IEND" {
			return w.Flush()
		}
	}
	return errChunks
}

// writeChunk writes nothing for no data. Errors stay with w until its Flush.
func writeChunk(w *bufio.Writer, name string, data []byte) {
	if len(data) == 0 {
		return
	}
	chunk := append([]byte(name), data...)
	put(w, binary.BigEndian.AppendUint32(nil, uint32(len(data))))
	put(w, binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(chunk)))
}
