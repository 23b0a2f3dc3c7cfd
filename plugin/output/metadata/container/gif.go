package container

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
)

const gifXMP = "XMP DataXMP"

var errGIF = errors.New("not a GIF")

// gifHeader reads up to the first block.
func gifHeader(r *bufio.Reader) ([]byte, error) {
	head, err := take(r, 13)
	if err != nil || string(head[:3]) != "GIF" {
		return nil, errors.Join(errGIF, err)
	}
	if head[10]&0x80 == 0 {
		return head, nil
	}
	table, err := take(r, 3<<(head[10]&7+1))
	return append(head, table...), err
}

// gifExtensions reads the extensions before the first image: whole, and the
// application's name of each. What comes next is left unread.
func gifExtensions(r *bufio.Reader, each func(application string, whole []byte)) error {
	for {
		next, err := r.Peek(2)
		if err != nil || next[0] != 0x21 {
			return err
		}
		whole, err := take(r, 2)
		if err != nil {
			return err
		}
		name := ""
		for first := true; ; first = false {
			size, err := r.ReadByte()
			if err != nil {
				return err
			}
			data, err := take(r, int64(size))
			if err != nil {
				return err
			}
			if first && whole[1] == 0xff {
				name = string(data)
			}
			if len(whole) > maxBlock {
				return errGIF
			}
			whole = append(append(whole, size), data...)
			if size == 0 {
				break
			}
		}
		each(name, whole)
	}
}

func readGIF(f input) (m Metadata, err error) {
	r := bufio.NewReader(f)
	if _, err := gifHeader(r); err != nil {
		return m, err
	}
	err = gifExtensions(r, func(name string, whole []byte) {
		if name == gifXMP && len(whole) > 14+258 {
			m.XMP = whole[14 : len(whole)-258]
		}
	})
	return m, err
}

func writeGIF(in input, out *os.File, m Metadata) error {
	r, w := bufio.NewReaderSize(in, 1<<16), bufio.NewWriterSize(out, 1<<16)
	head, err := gifHeader(r)
	if err != nil {
		return err
	}
	put(w, head)
	var others bytes.Buffer
	err = gifExtensions(r, func(name string, whole []byte) {
		if name != gifXMP {
			others.Write(whole)
		}
	})
	if err != nil {
		return err
	}
	if len(m.XMP) > 0 {
		// The packet stands as it is; its bytes read as sizes of blocks, and
		// the trailer leads from wherever that ends to the block of size 0.
		put(w, "\x21\xff\x0b"+gifXMP)
		put(w, m.XMP)
		put(w, []byte{1})
		for i := 255; i >= 0; i-- {
			put(w, []byte{byte(i)})
		}
		put(w, []byte{0})
	}
	put(w, others.Bytes())
	if _, err := io.Copy(w, r); err != nil {
		return err
	}
	return w.Flush()
}
