package ledger

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/burnish-photo/burnish/plugin/history"
	"github.com/burnish-photo/burnish/plugin/history/journal"
	"go.etcd.io/bbolt"
)

// The journal's buckets. Releases that know none leave them alone, so the
// schema's number does not rise for them.
var (
	journalBucket = []byte("journal")        // number → entry in JSON; see pack
	photosBucket  = []byte("journal_photos") // photo, number → nothing
	openBucket    = []byte("journal_open")   // number → nothing; what is not settled
	madeBucket    = []byte("made")           // folder that Burnish made → nothing
)

// appended is how full the pages of a table are that only grows at its end.
const appended = 0.95

// log are the journal's buckets within one transaction; they are nil in a
// ledger of before the journal that is open for a look.
type log struct {
	entries, photos, open *bbolt.Bucket
}

// logbook is the journal of a ledger.
type logbook struct{ file }

func openLog(tx *bbolt.Tx) log {
	l := log{tx.Bucket(journalBucket), tx.Bucket(photosBucket), tx.Bucket(openBucket)}
	if l.entries != nil && tx.Writable() {
		l.entries.FillPercent = appended
	}
	return l
}

// Apply implements [history.Store]. Concurrent calls share the cost of the sync.
func (l logbook) Apply(c history.Change) (ids []uint64, err error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	err = l.guard(func() error {
		return l.db.Batch(func(tx *bbolt.Tx) (err error) {
			ids, err = apply(tx, c) // it may run twice
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("write to ledger %s: %w", l.db.Path(), err)
	}
	return ids, nil
}

func apply(tx *bbolt.Tx, c history.Change) (ids []uint64, err error) {
	t, err := open(tx)
	if err != nil {
		return nil, err
	}
	for _, k := range c.Delete {
		if err := t.drop(join(k.Path, k.Task)); err != nil {
			return nil, err
		}
	}
	for _, r := range c.Put {
		if err := t.put(r); err != nil {
			return nil, err
		}
	}
	j := openLog(tx)
	for _, e := range c.Log {
		id, err := j.put(e)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	for _, id := range c.Forget {
		if err := j.forget(id); err != nil {
			return nil, err
		}
	}
	made := tx.Bucket(madeBucket)
	for _, folder := range c.Made {
		if err := made.Put([]byte(folder), nil); err != nil {
			return nil, err
		}
	}
	for _, folder := range c.Unmade {
		if err := made.Delete([]byte(folder)); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// IsMade implements [history.Store].
func (l logbook) IsMade(folder string) (is bool, err error) {
	err = l.guard(func() error {
		return l.db.View(func(tx *bbolt.Tx) error {
			if made := tx.Bucket(madeBucket); made != nil {
				is = made.Get([]byte(folder)) != nil
			}
			return nil
		})
	})
	return is, err
}

func (j log) put(e journal.Entry) (id uint64, err error) {
	if id = e.ID; id == 0 {
		if id, err = j.entries.NextSequence(); err != nil {
			return 0, err
		}
	}
	value, err := json.Marshal(mapEntry(e, escapedName))
	if err == nil {
		value, err = pack(value)
	}
	if err != nil {
		return 0, err
	}
	key := number64(id)
	open := j.open.Put
	if e.Settled {
		open = func(key, _ []byte) error { return j.open.Delete(key) }
	}
	return id, errors.Join(j.entries.Put(key, value), j.photos.Put(photoKey(e.Photo, key), nil), open(key, nil))
}

func (j log) forget(id uint64) error {
	key := number64(id)
	e, ok := j.entry(key)
	if !ok {
		return j.entries.Delete(key)
	}
	return errors.Join(j.entries.Delete(key), j.photos.Delete(photoKey(e.Photo, key)), j.open.Delete(key))
}

// Entries implements [history.Store]. It reads a page of entries at a time.
func (l logbook) Entries(q journal.Query) (all []journal.Entry, err error) {
	for err == nil {
		var page []journal.Entry
		want := pageLength
		if q.Limit > 0 {
			want = min(want, q.Limit-len(all))
		}
		err = l.guard(func() error {
			return l.db.View(func(tx *bbolt.Tx) error {
				page = openLog(tx).page(q, want)
				return nil
			})
		})
		all = append(all, page...)
		if len(page) < want || q.Limit > 0 && len(all) == q.Limit {
			return all, err
		}
		q.Before = page[len(page)-1].ID
	}
	return nil, err
}

// page is up to n entries that q describes.
func (j log) page(q journal.Query, n int) (page []journal.Entry) {
	if j.entries == nil {
		return nil
	}
	table, prefix := j.entries, []byte(nil)
	switch {
	case q.Photo != "":
		table, prefix = j.photos, photoKey(q.Photo, nil)
	case q.Unsettled:
		table = j.open
	}
	end := slices.Concat(prefix, bytes.Repeat([]byte{0xff}, 8))
	if q.Before > 0 {
		end = slices.Concat(prefix, number64(q.Before))
	}
	c := table.Cursor()
	k, _ := c.Seek(end)
	if k == nil {
		k, _ = c.Last()
	}
	for k != nil && bytes.Compare(k, end) >= 0 {
		k, _ = c.Prev()
	}
	for ; bytes.HasPrefix(k, prefix) && len(k) == len(prefix)+8 && len(page) < n; k, _ = c.Prev() {
		key := k[len(prefix):]
		if e, ok := j.entry(key); ok && !(q.Unsettled && e.Settled) {
			page = append(page, e)
		}
	}
	return page
}

// prune forgets settled entries from before then, a chunk of them, and reports
// whether there are more.
func (l logbook) prune(then time.Time) (more bool, err error) {
	err = l.guard(func() error {
		return l.db.Update(func(tx *bbolt.Tx) error {
			j, old := openLog(tx), []uint64(nil)
			c := j.entries.Cursor()
			for k, _ := c.First(); k != nil && len(old) < retainChunk; k, _ = c.Next() {
				e, ok := j.entry(k)
				if ok && !e.Time.Before(then) {
					break
				}
				if !ok || e.Settled {
					old = append(old, binary.BigEndian.Uint64(k))
				}
			}
			more = len(old) == retainChunk
			for _, id := range old {
				if err := j.forget(id); err != nil {
					return err
				}
			}
			return nil
		})
	})
	return more, err
}

func number64(id uint64) []byte { return binary.BigEndian.AppendUint64(nil, id) }

func photoKey(photo string, id []byte) []byte { return append(join(photo, ""), id...) }

// entry reads an entry, whose number its key tells. That it is not settled stands
// beside it: an entry that grew when it is settled would part its page.
func (j log) entry(key []byte) (e journal.Entry, ok bool) {
	value := j.entries.Get(key)
	text, err := unpack(value)
	if len(key) != 8 || value == nil || err != nil || json.Unmarshal(text, &e) != nil {
		return journal.Entry{}, false
	}
	e = mapEntry(e, unescapedName)
	e.ID, e.Settled = binary.BigEndian.Uint64(key), j.open.Get(key) == nil
	return e, true
}

func mapEntry(e journal.Entry, f func(string) string) journal.Entry {
	e.Photo, e.Root, e.Task = f(e.Photo), f(e.Root), f(e.Task)
	e.Files = slices.Clone(e.Files)
	for i := range e.Files {
		e.Files[i].From, e.Files[i].To, e.Files[i].Kept = f(e.Files[i].From), f(e.Files[i].To), f(e.Files[i].Kept)
	}
	return e
}
