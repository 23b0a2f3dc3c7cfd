package ledger

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
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

	// A machine's page is as long as one of the powers of two between these.
	shortestPage, longestPage = 4 << 10, 64 << 10
)

// salvaged is what could be read of a damaged file.
type salvaged struct {
	records []versioned
	outputs map[string]string // content → path
}

// salvage reads whatever records the pages of a damaged file hold, old versions
// of them too, without trusting how they hang together. Outputs with provenance
// are recognised without it; what it alone saves is what no output tells:
// quarantine, who was put away where, and outputs without provenance.
func salvage(file string) (s salvaged, err error) {
	f, err := os.Open(file)
	if err != nil {
		return s, err
	}
	defer f.Close()
	s.outputs = map[string]string{}
	head := make([]byte, pageHead)
	for at := int64(shortestPage); ; at += shortestPage {
		if _, err := f.ReadAt(head, at); err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return s, err
		}
		length := leafLength(head, at)
		if length == 0 {
			continue
		}
		page := make([]byte, length)
		n, err := f.ReadAt(page, at)
		if err != nil && !errors.Is(err, io.EOF) {
			return s, err
		}
		s.leaf(page[:n])
	}
}

// leafLength is the length in bytes of the page of records that this is the
// head of, 0 where there is none. A page bears its number, which tells the size
// of the pages, be it another machine's.
func leafLength(head []byte, at int64) int64 {
	id := binary.NativeEndian.Uint64(head)
	if id == 0 || id > uint64(at) || uint64(at)%id != 0 || binary.NativeEndian.Uint16(head[8:]) != leafPage {
		return 0
	}
	size := at / int64(id)
	if size < shortestPage || size > longestPage || size&(size-1) != 0 {
		return 0
	}
	length := size * (1 + int64(binary.NativeEndian.Uint32(head[12:])))
	if length > longest {
		return 0
	}
	return length
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
	var r versioned
	text, err := unpack(value)
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	r.Record = unescaped(r.Record)
	if err == nil && r.Validate() == nil && bytes.Equal(key, join(r.Path, r.Task)) {
		r.Salvaged = true
		s.records = append(s.records, r)
		return
	}
	if sum, err := hex.DecodeString(string(key)); err == nil && len(sum) == 32 && bytes.HasPrefix(value, []byte("/")) {
		s.outputs[string(key)] = string(value)
	}
}

// restore puts what was salvaged into a new ledger, the oldest first, so that
// the newest version of each record is what stays, and is the number of records
// that it then holds. Two of one sequence are those of a write that a crash cut
// off and of the one after it.
func (l *Ledger) restore(s salvaged) (n int, err error) {
	slices.SortStableFunc(s.records, func(a, b versioned) int {
		return cmp.Or(cmp.Compare(a.Sequence, b.Sequence), a.Finished.Compare(b.Finished))
	})
	err = l.db.Update(func(tx *bbolt.Tx) error {
		t, err := open(tx)
		if err != nil {
			return err
		}
		for _, r := range s.records {
			if err := t.put(r.Record); err != nil {
				return err
			}
		}
		for content, path := range s.outputs {
			if err := t.hashes.Put([]byte(content), []byte(path)); err != nil {
				return err
			}
		}
		return t.records.ForEach(func(_, _ []byte) error { n++; return nil })
	})
	if err != nil {
		return 0, fmt.Errorf("restore records of a damaged ledger: %w", err)
	}
	return n, nil
}
