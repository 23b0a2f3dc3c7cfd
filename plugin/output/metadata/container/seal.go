package container

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
)

// SealLength is that of a seal, in hexadecimal digits.
const SealLength = 2 * sha256.Size

// hole is a part of a file that its seal does not cover. A checksum is of the
// bytes from of until at.
type hole struct{ at, size, of int64 }

// Seal replaces the placeholder in a file's XMP, as many digits as a seal has
// and found nowhere else in the file, by a digest of the file: of all its bytes
// but the seal itself and what a container derives from it.
func Seal(path, format, placeholder string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	holes, err := holesOf(f, format, placeholder)
	if err != nil {
		return fmt.Errorf("seal %s: %w", path, short(err))
	}
	seal, err := digestAround(f, holes)
	if err != nil {
		return err
	}
	if _, err := f.WriteAt([]byte(seal), holes[0].at); err != nil {
		return err
	}
	if len(holes) > 1 {
		if err := mendChecksum(f, holes); err != nil {
			return fmt.Errorf("seal %s: %w", path, short(err))
		}
	}
	return f.Close()
}

// Sealed reports whether a file is, to the byte, what it was when it got that
// seal.
func Sealed(path, format, seal string) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	holes, err := holesOf(f, format, seal)
	if err != nil {
		return false, nil //nolint:nilerr // no seal of it is to be found
	}
	if len(holes) > 1 {
		if sound, err := checksumHolds(f, holes); !sound || err != nil {
			return false, err
		}
	}
	now, err := digestAround(f, holes)
	return now == seal, err
}

// holesOf finds the one place of the digits and, in a PNG, the checksum of the
// chunk that they lie in.
func holesOf(f input, format, digits string) ([]hole, error) {
	if len(digits) != SealLength {
		return nil, fmt.Errorf("%d digits are no seal", len(digits))
	}
	at, err := findOnce(f, []byte(digits))
	if err != nil {
		return nil, err
	}
	holes := []hole{{at: at, size: SealLength}}
	if format == "png" {
		sum, err := pngChecksum(f, at)
		if err != nil {
			return nil, err
		}
		holes = append(holes, sum)
	}
	return holes, nil
}

// findOnce is where the digits begin in the file.
func findOnce(f io.ReaderAt, digits []byte) (int64, error) {
	found := int64(-1)
	first := digits[:len(digits)/2] // no more are searched for at full speed
	buffer := make([]byte, 1<<16)
	for at := int64(0); ; at += int64(len(buffer) - len(digits) + 1) {
		n, err := f.ReadAt(buffer, at)
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, err
		}
		for from := 0; ; from++ {
			i := bytes.Index(buffer[from:n], first)
			if i < 0 {
				break
			}
			if from += i; !bytes.HasPrefix(buffer[from:n], digits) {
				continue
			}
			if found >= 0 {
				return 0, errors.New("the seal is there twice")
			}
			found = at + int64(from)
		}
		if err != nil {
			break
		}
	}
	if found < 0 {
		return 0, errors.New("the seal is not there")
	}
	return found, nil
}

// pngChecksum is the checksum of the chunk around at.
func pngChecksum(f io.ReaderAt, at int64) (hole, error) {
	begin := int64(len(pngSignature))
	r := bufio.NewReaderSize(io.NewSectionReader(f, begin, at-begin), 1<<16)
	for range maxChunks {
		head, err := take(r, 8)
		if err != nil {
			return hole{}, errPNG
		}
		size := int64(binary.BigEndian.Uint32(head))
		end := begin + 8 + size
		if at+SealLength <= end {
			return hole{end, 4, begin + 4}, nil
		}
		if begin = end + 4; begin > at {
			return hole{}, errPNG
		}
		if _, err := r.Discard(int(size) + 4); err != nil {
			return hole{}, errPNG
		}
	}
	return hole{}, errChunks
}

// pngSum is the checksum that should lie in that hole.
func pngSum(f io.ReaderAt, h hole) ([]byte, error) {
	size := h.at - h.of
	data, err := take(io.NewSectionReader(f, h.of, size), size)
	return binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(data)), err
}

func mendChecksum(f *os.File, holes []hole) error {
	sum, err := pngSum(f, holes[1])
	if err == nil {
		_, err = f.WriteAt(sum, holes[1].at)
	}
	return err
}

func checksumHolds(f input, holes []hole) (bool, error) {
	want, err := pngSum(f, holes[1])
	if err != nil {
		return false, err
	}
	got := make([]byte, 4)
	_, err = f.ReadAt(got, holes[1].at)
	return bytes.Equal(want, got), err
}

// digestAround is the SHA-256 of the file with zeros in its holes, which are in
// order.
func digestAround(f input, holes []hole) (string, error) {
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	sum, at := sha256.New(), int64(0)
	for _, h := range append(holes[:len(holes):len(holes)], hole{at: info.Size()}) {
		if _, err := io.Copy(sum, io.NewSectionReader(f, at, h.at-at)); err != nil {
			return "", err
		}
		sum.Write(make([]byte, h.size))
		at = h.at + h.size
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
