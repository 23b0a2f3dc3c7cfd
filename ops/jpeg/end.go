package jpeg

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
)

// End is the length in bytes of the JPEG at the start of r, through all its
// scans to the end marker. What follows in r, such as a film or a gain map, is
// not read but for what is buffered. A JPEG that is cut off is
// io.ErrUnexpectedEOF. Nothing is decoded; each byte is read once.
func End(r io.Reader) (int64, error) {
	e := ender{r: bufio.NewReaderSize(r, 64<<10)}
	n, err := e.find()
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

type ender struct {
	r *bufio.Reader
	n int64 // bytes consumed
}

func (e *ender) find() (int64, error) {
	var magic [2]byte
	if _, err := io.ReadFull(e.r, magic[:]); err != nil || magic != [2]byte{0xff, soi} {
		return 0, ErrNotJPEG
	}
	e.n = 2
	for scanned := false; ; {
		marker, err := e.marker()
		if err != nil {
			return 0, err
		}
		switch {
		case marker == eoi:
			return e.n, nil
		case !segmented(marker, scanned):
			continue
		case marker == sos:
			scanned = true
		}
		if err := e.skip(); err != nil {
			return 0, err
		}
	}
}

// segmented reports whether a segment follows the marker. Between scans, what
// no encoder writes is damaged data of the scan before.
func segmented(marker byte, scanned bool) bool {
	switch {
	case marker <= 0x01, marker >= 0xd0 && marker <= soi:
		return false
	case scanned:
		return marker >= 0xc0 && marker <= 0xef || marker == 0xfe
	}
	return true
}

// marker skips to the byte behind the next 0xff that no 0xff follows, over stray
// bytes and the coded data of a scan alike.
func (e *ender) marker() (byte, error) {
	for {
		piece, err := e.r.ReadSlice(0xff)
		e.n += int64(len(piece))
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil {
			return 0, err
		}
		for {
			b, err := e.r.ReadByte()
			if err != nil {
				return 0, err
			}
			e.n++
			if b != 0xff {
				return b, nil
			}
		}
	}
}

// skip passes over a segment.
func (e *ender) skip() error {
	size, err := e.r.Peek(2)
	if err != nil {
		return err
	}
	n, err := e.r.Discard(max(2, int(binary.BigEndian.Uint16(size))))
	e.n += int64(n)
	return err
}
