package container

import (
	"bufio"
	"bytes"
	"crypto/md5"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

const (
	jpegEXIF     = "Exif\x00\x00"
	jpegXMP      = "http://ns.adobe.com/xap/1.0/\x00"
	jpegExtended = "http://ns.adobe.com/xmp/extension/\x00"
	jpegIPTC     = "Photoshop 3.0\x00"

	maxSegment = 65533 // bytes of a segment's content
	iptcID     = 0x0404
)

var errJPEG = errors.New("not a JPEG")

// segment is a JPEG marker segment: its marker and content.
type segment struct {
	marker  byte
	content []byte
}

// segments hands over the segments before the first scan, then the reader that
// stands at what is left: the scan's marker and all behind it.
func segments(f io.Reader, each func(segment) error) (io.Reader, error) {
	r := bufio.NewReaderSize(f, 1<<13) // large segments pass it by
	if start, err := take(r, 2); err != nil || start[0] != 0xff || start[1] != 0xd8 {
		return nil, errors.Join(errJPEG, err)
	}
	for {
		b, err := r.ReadByte()
		if err != nil {
			return nil, err
		}
		if b != 0xff {
			continue // stray bytes, as decoders pass over them
		}
		marker := b
		for marker == 0xff {
			if marker, err = r.ReadByte(); err != nil {
				return nil, err
			}
		}
		switch {
		case marker == 0xda || marker == 0xd9:
			return io.MultiReader(bytes.NewReader([]byte{0xff, marker}), r), nil
		case marker == 0 || marker == 1 || marker >= 0xd0 && marker <= 0xd7:
			continue
		}
		size, err := take(r, 2)
		if err != nil {
			return nil, err
		}
		content, err := take(r, int64(binary.BigEndian.Uint16(size))-2)
		if err != nil {
			return nil, err
		}
		if err := each(segment{marker, content}); err != nil {
			return nil, err
		}
	}
}

func readJPEG(f input) (m Metadata, err error) {
	size, err := sizeOf(f)
	if err != nil {
		return m, err
	}
	var extended extension
	var photoshop, mpf []byte
	_, err = segments(f, func(s segment) error {
		switch c := s.content; {
		case s.marker == 0xe1 && bytes.HasPrefix(c, []byte(jpegEXIF)) && m.EXIF == nil:
			m.EXIF = c[len(jpegEXIF):]
		case s.marker == 0xe1 && bytes.HasPrefix(c, []byte(jpegXMP)) && m.XMP == nil:
			m.XMP = c[len(jpegXMP):]
		case s.marker == 0xe1 && bytes.HasPrefix(c, []byte(jpegExtended)) && len(c) > len(jpegExtended)+40:
			extended.place(c[len(jpegExtended):], m.XMP, size)
		case s.marker == 0xe2 && bytes.HasPrefix(c, []byte(jpegMPF)):
			mpf = c[len(jpegMPF):]
		case s.marker == 0xed && bytes.HasPrefix(c, []byte(jpegIPTC)) && len(photoshop) < maxBlock:
			photoshop = append(photoshop, c[len(jpegIPTC):]...)
		}
		return nil
	})
	if sum := md5.Sum(extended.data); strings.EqualFold(hex.EncodeToString(sum[:]), extended.guid) {
		m.Extended = extended.data
	}
	m.IPTC = resource(photoshop, iptcID)
	m.More, m.Second = further(f, mpf)
	return m, err
}

// extension is extended XMP on its way: the one whose digest the packet names,
// which stands before it in the file.
type extension struct {
	guid string
	data []byte
}

// place puts a part where it belongs; parts that the packet does not name, or
// that claim more than the file has, are passed over.
func (e *extension) place(c, packet []byte, size int64) {
	guid, total, at := string(c[:32]), int64(binary.BigEndian.Uint32(c[32:])), int64(binary.BigEndian.Uint32(c[36:]))
	if total > min(maxBlock, size) || at+int64(len(c)-40) > total {
		return
	}
	if e.data == nil && bytes.Contains(packet, []byte(guid)) {
		e.guid, e.data = guid, make([]byte, total)
	}
	if e.guid == guid && int64(len(e.data)) == total {
		copy(e.data[at:], c[40:])
	}
}

// resource is the content of a Photoshop image resource; nil where it is not
// among them.
func resource(data []byte, id uint16) []byte {
	for len(data) >= 12 && bytes.HasPrefix(data, []byte("8BIM")) {
		name := 1 + int(data[6])
		name += name & 1
		if 6+name+4 > len(data) {
			return nil
		}
		size := int64(binary.BigEndian.Uint32(data[6+name:]))
		from := int64(6 + name + 4)
		if from+size > int64(len(data)) {
			return nil
		}
		if binary.BigEndian.Uint16(data[4:]) == id {
			return data[from : from+size]
		}
		data = data[min(int64(len(data)), from+size+size&1):]
	}
	return nil
}

func writeJPEG(in input, out *os.File, m Metadata) error {
	counted := &counter{w: out}
	w := bufio.NewWriterSize(counted, 1<<14)
	if _, err := w.WriteString("\xff\xd8"); err != nil {
		return err
	}
	if err := writeDensity(w, m.Density); err != nil {
		return err
	}
	first, mpf := true, int64(0)
	rest, err := segments(in, func(s segment) error {
		if first && s.marker != 0xe0 {
			if err := writeBlocks(w, m); err != nil {
				return err
			}
			if len(m.Second) > 0 {
				mpf = counted.n + int64(w.Buffered()) + 4 + int64(len(jpegMPF))
				if err := writeSegment(w, 0xe2, append([]byte(jpegMPF), indexFor(0, 0, 0)...)); err != nil {
					return err
				}
			}
		}
		first = first && s.marker == 0xe0
		if s.marker == 0xe1 || s.marker == 0xed || m.Density != (Density{}) && bytes.HasPrefix(s.content, []byte(jfif)) && s.marker == 0xe0 {
			return nil
		}
		return writeSegment(w, s.marker, s.content)
	})
	if err != nil {
		return err
	}
	if _, err := io.Copy(w, rest); err != nil {
		return err
	}
	if err := w.Flush(); err != nil || mpf == 0 {
		return err
	}
	return addSecond(out, mpf, m.Second)
}

type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(data []byte) (int, error) {
	n, err := c.w.Write(data)
	c.n += int64(n)
	return n, err
}

func writeBlocks(w io.Writer, m Metadata) error {
	for _, b := range []struct {
		marker byte
		name   string
		data   []byte
	}{{0xe1, jpegEXIF, m.EXIF}, {0xe1, jpegXMP, m.XMP}} {
		if len(b.data) == 0 {
			continue
		}
		if err := writeSegment(w, b.marker, append([]byte(b.name), b.data...)); err != nil {
			return err
		}
	}
	if err := writeExtended(w, m.Extended); err != nil || len(m.IPTC) == 0 {
		return err
	}
	block := binary.BigEndian.AppendUint32([]byte(jpegIPTC+"8BIM\x04\x04\x00\x00"), uint32(len(m.IPTC)))
	block = append(block, m.IPTC...)
	if len(m.IPTC)%2 == 1 {
		block = append(block, 0)
	}
	return writeSegment(w, 0xed, block)
}

func writeExtended(w io.Writer, data []byte) error {
	const part = 65000
	sum := md5.Sum(data)
	for at := 0; at < len(data); at += part {
		c := append([]byte(jpegExtended), strings.ToUpper(hex.EncodeToString(sum[:]))...)
		c = binary.BigEndian.AppendUint32(c, uint32(len(data)))
		c = binary.BigEndian.AppendUint32(c, uint32(at))
		if err := writeSegment(w, 0xe1, append(c, data[at:min(len(data), at+part)]...)); err != nil {
			return err
		}
	}
	return nil
}

func writeSegment(w io.Writer, marker byte, content []byte) error {
	if len(content) > maxSegment {
		return fmt.Errorf("a block of %d bytes does not fit into a JPEG, which holds %d; write another format, or leave it out with \"strip\"", len(content), maxSegment)
	}
	head := binary.BigEndian.AppendUint16([]byte{0xff, marker}, uint16(len(content)+2))
	if _, err := w.Write(head); err != nil {
		return err
	}
	_, err := w.Write(content)
	return err
}
