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

// IntegrityDigestLength is that of an integrity digest, in hexadecimal digits.
const IntegrityDigestLength = 2 * sha256.Size

// excludedRange is a part of a file that its integrity digest does not cover. A checksum is of the
// bytes from of until at.
type excludedRange struct{ at, size, of int64 }

// WriteIntegrityDigest replaces the placeholder in a file's XMP, which is as long
// as a digest and found nowhere else in the file, by the digest of the file: of
// all its bytes but the digest itself and what a container derives from it.
func WriteIntegrityDigest(path, format, placeholder string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	excluded, err := excludedRanges(f, format, placeholder)
	if err != nil {
		return fmt.Errorf("write the integrity digest of %s: %w", path, short(err))
	}
	digest, err := digestAround(f, excluded)
	if err != nil {
		return err
	}
	if _, err := f.WriteAt([]byte(digest), excluded[0].at); err != nil {
		return err
	}
	if len(excluded) > 1 {
		if err := mendChecksum(f, excluded); err != nil {
			return fmt.Errorf("write the integrity digest of %s: %w", path, short(err))
		}
	}
	return f.Close()
}

// HasIntegrityDigest reports whether a file is, to the byte, what it was when it
// got that digest.
func HasIntegrityDigest(path, format, digest string) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	excluded, err := excludedRanges(f, format, digest)
	if err != nil {
		return false, nil //nolint:nilerr // no such digest is to be found
	}
	if len(excluded) > 1 {
		if sound, err := checksumHolds(f, excluded); !sound || err != nil {
			return false, err
		}
	}
	now, err := digestAround(f, excluded)
	return now == digest, err
}

// excludedRanges finds the one place of the digits and, in a PNG, the checksum of the
// chunk that they lie in.
func excludedRanges(f input, format, digits string) ([]excludedRange, error) {
	if len(digits) != IntegrityDigestLength {
		return nil, fmt.Errorf("%d digits are no integrity digest", len(digits))
	}
	at, err := findOnce(f, []byte(digits))
	if err != nil {
		return nil, err
	}
	excluded := []excludedRange{{at: at, size: IntegrityDigestLength}}
	if format == "png" {
		sum, err := pngChecksum(f, at)
		if err != nil {
			return nil, err
		}
		excluded = append(excluded, sum)
	}
	return excluded, nil
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
				return 0, errors.New("the integrity digest is there twice")
			}
			found = at + int64(from)
		}
		if err != nil {
			break
		}
	}
	if found < 0 {
		return 0, errors.New("the integrity digest is not there")
	}
	return found, nil
}

// pngChecksum is the checksum of the chunk around at.
func pngChecksum(f io.ReaderAt, at int64) (excludedRange, error) {
	begin := int64(len(pngSignature))
	r := bufio.NewReaderSize(io.NewSectionReader(f, begin, at-begin), 1<<16)
	for range maxChunks {
		head, err := take(r, 8)
		if err != nil {
			return excludedRange{}, errPNG
		}
		size := int64(binary.BigEndian.Uint32(head))
		end := begin + 8 + size
		if at+IntegrityDigestLength <= end {
			return excludedRange{end, 4, begin + 4}, nil
		}
		if begin = end + 4; begin > at {
			return excludedRange{}, errPNG
		}
		if _, err := r.Discard(int(size) + 4); err != nil {
			return excludedRange{}, errPNG
		}
	}
	return excludedRange{}, errChunks
}

// pngSum is the checksum that should lie in that range.
func pngSum(f io.ReaderAt, r excludedRange) ([]byte, error) {
	size := r.at - r.of
	data, err := take(io.NewSectionReader(f, r.of, size), size)
	return binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(data)), err
}

func mendChecksum(f *os.File, excluded []excludedRange) error {
	sum, err := pngSum(f, excluded[1])
	if err == nil {
		_, err = f.WriteAt(sum, excluded[1].at)
	}
	return err
}

func checksumHolds(f input, excluded []excludedRange) (bool, error) {
	want, err := pngSum(f, excluded[1])
	if err != nil {
		return false, err
	}
	got := make([]byte, 4)
	_, err = f.ReadAt(got, excluded[1].at)
	return bytes.Equal(want, got), err
}

// digestAround is the SHA-256 of the file with zeros in the excluded ranges, which are in
// order.
func digestAround(f input, excluded []excludedRange) (string, error) {
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	sum, at := sha256.New(), int64(0)
	for _, h := range append(excluded[:len(excluded):len(excluded)], excludedRange{at: info.Size()}) {
		if _, err := io.Copy(sum, io.NewSectionReader(f, at, h.at-at)); err != nil {
			return "", err
		}
		sum.Write(make([]byte, h.size))
		at = h.at + h.size
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
