package ledger

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"go.etcd.io/bbolt"
)

// Layout of bbolt's pages: a head, then elements that say where keys and values
// lie behind them.
const (
	pageHead    = 16
	elementSize = 16
	leafPage    = 0x02
	isBucket    = 0x01
	bucketHead  = 16
	longest     = 64 << 20 // bytes of a page with those that it flows over into
)

// salvaged is what could be read of a damaged file.
type salvaged struct {
	entries []Entry
	outputs map[string]string // content → path
}

// salvage reads whatever records the pages of a damaged file hold, old versions
// of them too, without trusting how they hang together.
func salvage(file string) (s salvaged, err error) {
	f, err := os.Open(file)
	if err != nil {
		return s, err
	}
	defer f.Close()
	s.outputs = map[string]string{}
	size := int64(os.Getpagesize())
	head := make([]byte, pageHead)
	for id := int64(0); ; id++ {
		if _, err := f.ReadAt(head, id*size); err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return s, err
		}
		length := size * (1 + int64(binary.NativeEndian.Uint32(head[12:])))
		if binary.NativeEndian.Uint64(head) != uint64(id) || binary.NativeEndian.Uint16(head[8:]) != leafPage || length > longest {
			continue
		}
		page := make([]byte, length)
		n, err := f.ReadAt(page, id*size)
		if err != nil && !errors.Is(err, io.EOF) {
			return s, err
		}
		s.leaf(page[:n])
	}
}

// leaf takes the records out of a page; what does not fit into it is passed over.
func (s *salvaged) leaf(page []byte) {
	if len(page) < pageHead {
		return
	}
	for i := range int(binary.NativeEndian.Uint16(page[10:])) {
		at := pageHead + i*elementSize
		if at+elementSize > len(page) {
			return
		}
		field := func(n int) uint64 { return uint64(binary.NativeEndian.Uint32(page[at+4*n:])) }
		from := uint64(at) + field(1)
		to := from + field(2)
		end := to + field(3)
		if end > uint64(len(page)) {
			continue
		}
		key, value := page[from:to], page[to:end]
		if field(0) == isBucket {
			if len(value) > bucketHead && binary.NativeEndian.Uint64(value) == 0 { // it is in this place
				s.leaf(value[bucketHead:])
			}
			continue
		}
		s.take(key, value)
	}
}

func (s *salvaged) take(key, value []byte) {
	if e, ok := decode(value); ok && e.validate() == nil && bytes.Equal(key, join(e.Path, e.Work)) {
		e.Salvaged = true
		s.entries = append(s.entries, e)
		return
	}
	if sum, err := hex.DecodeString(string(key)); err == nil && len(sum) == 32 && bytes.HasPrefix(value, []byte("/")) {
		s.outputs[string(key)] = string(value)
	}
}

// restore puts what was salvaged into a new ledger, the oldest first, and is the
// number of records that it then holds.
func (l *Ledger) restore(s salvaged) (n int, err error) {
	slices.SortStableFunc(s.entries, func(a, b Entry) int { return a.Finished.Compare(b.Finished) })
	err = l.db.Update(func(tx *bbolt.Tx) error {
		t, err := open(tx)
		if err != nil {
			return err
		}
		for _, e := range s.entries {
			if err := t.put(e); err != nil {
				return err
			}
		}
		for content, path := range s.outputs {
			if err := t.hashes.Put([]byte(content), []byte(path)); err != nil {
				return err
			}
		}
		return t.entries.ForEach(func(_, _ []byte) error { n++; return nil })
	})
	if err != nil {
		return 0, fmt.Errorf("restore records of a damaged ledger: %w", err)
	}
	return n, nil
}
