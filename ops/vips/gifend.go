package vips

import (
	"bufio"
	"errors"
	"io"
)

// completeGIF walks through a GIF's blocks to its trailer. A block that GIF89a
// does not know ends the walk: what follows cannot be told from missing bytes.
func completeGIF(r io.ReaderAt, size int64) (bool, error) {
	in := bufio.NewReaderSize(io.NewSectionReader(r, 0, size), tailLength)
	whole, err := gifTrailer(in)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return false, nil
	}
	return whole, err
}

func gifTrailer(in *bufio.Reader) (bool, error) {
	var screen [13]byte // signature and logical screen descriptor
	if _, err := io.ReadFull(in, screen[:]); err != nil {
		return false, err
	}
	if err := skipColourTable(in, screen[10]); err != nil {
		return false, err
	}
	for {
		kind, err := in.ReadByte()
		if err != nil {
			return false, err
		}
		switch kind {
		case 0x3b:
			return true, nil
		case 0x21: // extension: a label before its data
			_, err = in.Discard(1)
		case 0x2c: // image descriptor, its colour table, the code size
			var image [9]byte
			if _, err = io.ReadFull(in, image[:]); err == nil {
				err = skipColourTable(in, image[8])
			}
			if err == nil {
				_, err = in.Discard(1)
			}
		default:
			return false, nil
		}
		if err == nil {
			err = skipSubBlocks(in)
		}
		if err != nil {
			return false, err
		}
	}
}

// skipColourTable skips the table that the flags of a descriptor tell of.
func skipColourTable(in *bufio.Reader, flags byte) error {
	if flags&0x80 == 0 {
		return nil
	}
	_, err := in.Discard(3 << (flags&7 + 1))
	return err
}

// skipSubBlocks skips sub-blocks with the empty one that ends them.
func skipSubBlocks(in *bufio.Reader) error {
	for {
		n, err := in.ReadByte()
		if err != nil || n == 0 {
			return err
		}
		if _, err := in.Discard(int(n)); err != nil {
			return err
		}
	}
}
