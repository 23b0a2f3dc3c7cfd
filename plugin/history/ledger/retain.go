package ledger

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"slices"
	"time"

	"github.com/burnish-photo/burnish/plugin/history"
	"go.etcd.io/bbolt"
)

const (
	retainEvery  = 24 * time.Hour
	retainSlack  = 7 * 24 * time.Hour // by how much two runs may lie apart for a clock to be believed
	retainChunk  = 1000               // changes in a transaction
	markedRecord = 'e'                // what the keys of the table of what is gone begin with
	markedOutput = 'o'
	markedHash   = 'h'
)

var retainedKey = []byte("retained")

// Retain implements [history.Store]. Beside records it deletes who made an
// output, and what its content was, where no record has told of them for as long
// as the rule keeps that.
func (l *Ledger) Retain(now time.Time, rule history.Rule) (n int, err error) {
	due, last := false, time.Time{}
	err = l.update(func(t tables) error {
		last = stamped(t.meta.Get(retainedKey))
		due = now.Before(last) || now.Sub(last) >= retainEvery
		if !due {
			return nil
		}
		return t.meta.Put(retainedKey, stamp(now))
	})
	if err != nil || !due {
		return 0, err
	}
	s := &sweep{ledger: l, now: now, rule: rule, named: map[uint64]struct{}{}, marks: map[string][]byte{}}
	for _, step := range []func() error{s.marked, s.records, s.outputs, s.hashes, s.flush} {
		if err := step(); err != nil {
			return s.dropped, fmt.Errorf("delete old records from ledger %s: %w", l.db.Path(), err)
		}
	}
	// A clock that has leapt makes nothing old: what it says now was so before.
	then := now.Add(-rule.Keep)
	if before := last.Add(-rule.Keep + retainSlack); before.Before(then) {
		then = before
	}
	for more := true; more; {
		if more, err = l.prune(then); err != nil {
			return s.dropped, fmt.Errorf("forget old journal entries in ledger %s: %w", l.db.Path(), err)
		}
	}
	return s.dropped, nil
}

// sweep is one run of Retain.
type sweep struct {
	ledger  *Ledger
	now     time.Time
	rule    history.Rule
	named   map[uint64]struct{} // contents and paths of outputs that a record tells of, hashed
	marks   map[string][]byte   // as they were before, by key
	changes []change
	dropped int
}

// change is what is to become of something: it is marked as gone since now, no
// longer so marked, or dropped where it bears that mark still.
type change struct {
	key  []byte
	mark []byte // as it was found
	drop bool
	gone bool
}

func (s *sweep) marked() error {
	return s.ledger.view(func(t tables) error {
		return t.gone.ForEach(func(key, mark []byte) error {
			s.marks[string(key)] = bytes.Clone(mark)
			return nil
		})
	})
}

func (s *sweep) records() error {
	return s.ledger.Each(false, func(e history.Record) error {
		gone := s.rule.Gone(e)
		for _, o := range e.Outputs {
			if !gone {
				s.named[brief(o.Hash)], s.named[brief(o.Path)] = struct{}{}, struct{}{}
			}
		}
		return s.consider(marked(markedRecord, join(e.Path, e.Task)), gone)
	})
}

func (s *sweep) outputs() error {
	unnamed := func(t tables, _, id []byte) bool { return t.records.Get(id) == nil }
	return s.ledger.eachKey(func(t tables) *bbolt.Bucket { return t.outputs }, unnamed, func(path, _ []byte, unnamed bool) error {
		gone := unnamed && s.rule.Gone(history.Record{Outputs: []history.Output{{Path: string(path)}}})
		return s.consider(marked(markedOutput, path), gone)
	})
}

func (s *sweep) hashes() error {
	unnamed := func(_ tables, hash, _ []byte) bool {
		_, named := s.named[brief(string(hash))]
		return !named
	}
	return s.ledger.eachKey(func(t tables) *bbolt.Bucket { return t.hashes }, unnamed, func(hash, path []byte, unnamed bool) error {
		if unnamed { // what lies there may still be that
			_, known := s.named[brief(string(path))]
			unnamed = known || s.rule.Gone(history.Record{Outputs: []history.Output{{Path: string(path)}}})
		}
		return s.consider(marked(markedHash, hash), unnamed)
	})
}

// eachKey calls f for every key of a table with what see said of it. It pages as
// Each does.
func (l *Ledger) eachKey(of func(tables) *bbolt.Bucket, see func(t tables, key, value []byte) bool, f func(key, value []byte, seen bool) error) error {
	type row struct {
		key, value []byte
		seen       bool
	}
	for from := []byte(nil); ; {
		var page []row
		err := l.view(func(t tables) error {
			c := of(t).Cursor()
			k, v := c.Seek(from)
			if bytes.Equal(k, from) {
				k, v = c.Next()
			}
			for ; k != nil && len(page) < pageLength; k, v = c.Next() {
				page = append(page, row{bytes.Clone(k), bytes.Clone(v), see(t, k, v)})
			}
			return nil
		})
		if err != nil || len(page) == 0 {
			return err
		}
		for _, r := range page {
			if err := f(r.key, r.value, r.seen); err != nil {
				return err
			}
		}
		from = page[len(page)-1].key
	}
}

// consider compares what is now with what was marked before.
func (s *sweep) consider(key []byte, gone bool) error {
	mark := s.marks[string(key)]
	since := stamped(mark)
	switch {
	case mark == nil && !gone:
		return nil
	case mark != nil && gone && !since.After(s.now) && s.now.Sub(since) < s.rule.Keep:
		return nil
	}
	s.changes = append(s.changes, change{key: key, mark: mark, gone: gone, drop: gone && mark != nil && !since.After(s.now)})
	if len(s.changes) < retainChunk {
		return nil
	}
	return s.flush()
}

// flush makes the changes. What was put since it was considered bears no mark,
// and stays.
func (s *sweep) flush() error {
	var dropped []history.Record
	err := s.ledger.update(func(t tables) error {
		dropped = nil // it may run twice
		for _, c := range s.changes {
			e, err := t.change(c, s.now)
			if err != nil {
				return err
			}
			if e.Path != "" {
				dropped = append(dropped, e)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	s.changes = s.changes[:0]
	s.dropped += len(dropped)
	for _, e := range dropped {
		if s.rule.Dropped != nil {
			s.rule.Dropped(e)
		}
	}
	return nil
}

// change makes one change, and returns the record that it dropped.
func (t tables) change(c change, now time.Time) (dropped history.Record, err error) {
	if !bytes.Equal(t.gone.Get(c.key), c.mark) {
		return dropped, nil
	}
	if !c.drop {
		if c.gone {
			return dropped, t.gone.Put(c.key, stamp(now))
		}
		return dropped, t.gone.Delete(c.key)
	}
	if err := t.gone.Delete(c.key); err != nil {
		return dropped, err
	}
	switch key := c.key[1:]; c.key[0] {
	case markedOutput:
		if t.records.Get(t.outputs.Get(key)) != nil {
			return dropped, nil
		}
		return dropped, t.outputs.Delete(key)
	case markedHash:
		return dropped, t.hashes.Delete(key)
	default:
		dropped, _ = t.record(key)
		return dropped, t.dropWhole(key, dropped)
	}
}

// dropWhole drops a record and that it made its outputs.
func (t tables) dropWhole(id []byte, e history.Record) error {
	for _, o := range slices.Concat(e.Outputs, e.Former) {
		if path := []byte(o.Path); bytes.Equal(t.outputs.Get(path), id) {
			if err := t.outputs.Delete(path); err != nil {
				return err
			}
		}
	}
	return t.drop(id)
}

func marked(kind byte, key []byte) []byte { return append([]byte{kind}, key...) }

// brief is a short digest of a hash. Where two share one, both are kept.
func brief(hash string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(hash))
	return h.Sum64()
}

func stamp(t time.Time) []byte { return binary.BigEndian.AppendUint64(nil, uint64(t.Unix())) }

func stamped(b []byte) time.Time {
	if len(b) != 8 {
		return time.Time{}
	}
	return time.Unix(int64(binary.BigEndian.Uint64(b)), 0)
}
