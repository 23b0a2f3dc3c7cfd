package cache

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// entry is the note behind the pixels of a file.
type entry struct {
	Notes map[string]string `json:"notes,omitempty"`
	Left  bool              `json:"left,omitempty"` // there are no pixels: the step left the photo as it was
}

// magic ends each file, after the note, its length and the checksum of all before.
const magic = "burnish cache 1\n"

const (
	footer   = 4 + sha256.Size + len(magic)
	maxNotes = 1 << 20
)

// errDamaged is a file that is not as it was written.
var errDamaged = errors.New("its checksum is wrong")

// seal appends the note and the checksum to a file, and returns its size.
func seal(f *os.File, e entry) (size int64, err error) {
	note, err := json.Marshal(e)
	if err != nil {
		return 0, err
	}
	digest := sha256.New()
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return 0, err
	}
	if size, err = io.Copy(digest, f); err != nil {
		return 0, err
	}
	tail := binary.BigEndian.AppendUint32(note, uint32(len(note)))
	digest.Write(tail)
	tail = append(digest.Sum(tail), magic...)
	_, err = f.WriteAt(tail, size)
	return size + int64(len(tail)), err
}

// read returns the note of a file, all of which is as it was written.
func read(f *os.File) (e entry, err error) {
	info, err := f.Stat()
	if err != nil {
		return e, err
	}
	end := make([]byte, footer)
	if info.Size() < int64(footer) {
		return e, errDamaged
	}
	if _, err := f.ReadAt(end, info.Size()-int64(footer)); err != nil {
		return e, err
	}
	n := int64(binary.BigEndian.Uint32(end))
	if !bytes.HasSuffix(end, []byte(magic)) || n > maxNotes || n > info.Size()-int64(footer) {
		return e, errDamaged
	}
	digest := sha256.New()
	if _, err := io.Copy(digest, io.NewSectionReader(f, 0, info.Size()-int64(footer)+4)); err != nil {
		return e, err
	}
	if !bytes.Equal(digest.Sum(nil), end[4:4+sha256.Size]) {
		return e, errDamaged
	}
	note := make([]byte, n)
	if _, err := f.ReadAt(note, info.Size()-int64(footer)-n); err != nil {
		return e, err
	}
	if err := json.Unmarshal(note, &e); err != nil {
		return e, fmt.Errorf("its note: %w", err)
	}
	return e, nil
}
