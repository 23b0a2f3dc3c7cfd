package container

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
)

// Multi-picture format (CIPA DC-007): a JPEG with further JPEGs behind it,
// which a segment of the first lists with their sizes and places.

const jpegMPF = "MPF\x00"

// mpfIndex reads the sizes and places of the further images from the content
// of the segment's one list of them, places counted from the segment's own byte order mark.
func mpfIndex(data []byte) (images [][2]int64) {
	if len(data) < 10 {
		return nil
	}
	var order binary.ByteOrder = binary.LittleEndian
	if data[0] == 'M' {
		order = binary.BigEndian
	}
	at := int64(order.Uint32(data[4:]))
	if at+2 > int64(len(data)) {
		return nil
	}
	for n := int64(order.Uint16(data[at:])); n > 0; n-- {
		e := at + 2 + 12*(n-1)
		if e+12 > int64(len(data)) || order.Uint16(data[e:]) != 0xb002 {
			continue
		}
		size, from := int64(order.Uint32(data[e+4:])), int64(order.Uint32(data[e+8:]))
		if from+size > int64(len(data)) {
			return nil
		}
		for i := from + 16; i+16 <= from+size; i += 16 {
			images = append(images, [2]int64{int64(order.Uint32(data[i+4:])), int64(order.Uint32(data[i+8:]))})
		}
		return images
	}
	return nil
}

// further reads what the segment lists: the number of images, and the first of
// them where it is whole.
func further(f input, mpf []byte) (count int, second []byte) {
	images := mpfIndex(mpf)
	if len(images) == 0 {
		return 0, nil
	}
	start, err := placeOf(f, append([]byte(jpegMPF), mpf...))
	if err != nil {
		return len(images), nil
	}
	size, at := images[0][0], start+4+images[0][1]
	data, err := take(io.NewSectionReader(f, at, size), size)
	if err != nil || !bytes.HasPrefix(data, []byte("\xff\xd8\xff")) {
		return len(images), nil
	}
	return len(images), data
}

// placeOf finds a segment's content in the file.
func placeOf(f input, content []byte) (int64, error) {
	head := make([]byte, 8<<20)
	n, err := f.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	if i := bytes.Index(head[:n], content); i >= 0 {
		return int64(i), nil
	}
	return 0, errShort
}

// indexFor is the content of a segment that lists two images, of that many
// bytes, the second of them offset bytes behind the segment's byte order mark.
func indexFor(first, second, offset int64) []byte {
	b := binary.BigEndian
	data := []byte("MM\x00*\x00\x00\x00\x08\x00\x03")
	for _, e := range [][4]uint32{{0xb000, 7, 4, 0x30313030}, {0xb001, 4, 1, 2}, {0xb002, 7, 32, 50}} {
		data = b.AppendUint16(b.AppendUint16(data, uint16(e[0])), uint16(e[1]))
		data = b.AppendUint32(b.AppendUint32(data, e[2]), e[3])
	}
	data = b.AppendUint32(data, 0) // no further directory
	for _, e := range [][3]uint32{{0x030000, uint32(first), 0}, {0, uint32(second), uint32(offset)}} {
		data = b.AppendUint32(b.AppendUint32(b.AppendUint32(data, e[0]), e[1]), e[2])
		data = b.AppendUint32(data, 0)
	}
	return data
}

// addSecond puts the second image behind the first, which is all of out, and
// fills in the index that stands at mpf.
func addSecond(out *os.File, mpf int64, second []byte) error {
	first, err := sizeOf(out)
	if err != nil {
		return err
	}
	if _, err := out.WriteAt(second, first); err != nil {
		return err
	}
	_, err = out.WriteAt(indexFor(first, int64(len(second)), first-mpf), mpf)
	return err
}
