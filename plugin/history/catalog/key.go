package catalog

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"time"
)

// Key is an entry's place: by time, then by the sequence in which records were
// put. It is what a page's end is named by, so that a listing goes on where it
// was whatever was put or deleted meanwhile.
type Key [16]byte

// KeyOf is the key of a record that ended then. What has no time is the oldest.
func KeyOf(finished time.Time, sequence uint64) (k Key) {
	if seconds := finished.Unix(); seconds > 0 && seconds < 1<<33 {
		binary.BigEndian.PutUint64(k[:8], uint64(seconds)<<30|uint64(finished.Nanosecond()))
	}
	binary.BigEndian.PutUint64(k[8:], sequence)
	return k
}

// String is the key in a [Query].
func (k Key) String() string { return hex.EncodeToString(k[:]) }

// ParseKey reads what String wrote.
func ParseKey(text string) (k Key, err error) {
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != len(k) {
		return k, fmt.Errorf("the end of a page must have %d hexadecimal digits, as the page names it, got %q", 2*len(k), text)
	}
	copy(k[:], b)
	return k, nil
}

// ID names a record for as long as there is one of its path and task, whatever
// becomes of it. It tells neither.
func ID(path, task string) string {
	sum := sha256.Sum256([]byte(path + "\x00" + task))
	return hex.EncodeToString(sum[:IDLength/2])
}

// IDLength is the number of hexadecimal digits of an [ID].
const IDLength = 32
