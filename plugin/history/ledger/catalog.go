package ledger

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/burnish-photo/burnish/plugin/history"
	"github.com/burnish-photo/burnish/plugin/history/catalog"
	"go.etcd.io/bbolt"
)

// List implements [history.Store]. It walks the catalog from the latest record
// and reads only those that are asked for.
func (l *Ledger) List(q catalog.Query) (all []history.Record, next string, err error) {
	from := catalog.Key(bytes.Repeat([]byte{0xff}, len(catalog.Key{})))
	if q.After != "" {
		if from, err = catalog.ParseKey(q.After); err != nil {
			return nil, "", err
		}
	}
	err = l.view(func(t tables) error {
		all, next = t.list(q, from)
		return nil
	})
	return all, next, err
}

// list returns a page of records before the key from.
func (t tables) list(q catalog.Query, from catalog.Key) (all []history.Record, next string) {
	if t.catalog == nil {
		return nil, ""
	}
	m, c := q.Matcher(), t.catalog.Cursor()
	before := c.Last
	if k, _ := c.Seek(from[:]); k != nil {
		before = c.Prev
	}
	k, entry := before()
	for visited := 1; k != nil; k, entry = c.Prev() {
		if m.Matches(entry) {
			if r, ok := t.record(catalogued(entry)); ok {
				all = append(all, r)
			}
		}
		if len(all) == q.Count() || visited == catalog.MaxVisited {
			next = catalog.Key(k).String()
			if before, _ := c.Prev(); before == nil {
				next = ""
			}
			break
		}
		visited++
	}
	return all, next
}

// ByID implements [history.Store].
func (l *Ledger) ByID(id string) (r history.Record, ok bool, err error) {
	key, err := hex.DecodeString(id)
	if err != nil || len(id) != catalog.IDLength {
		return r, false, nil
	}
	err = l.view(func(t tables) error {
		if t.ids == nil {
			return nil
		}
		if entry := t.catalog.Get(t.ids.Get(key)); entry != nil {
			r, ok = t.record(catalogued(entry))
		}
		return nil
	})
	return r, ok && r.ID() == id, err
}

// catalogued is the key of the record that an entry is of: it ends the entry.
func catalogued(entry []byte) []byte {
	if len(entry) < 2 {
		return nil
	}
	n := int(entry[len(entry)-2])<<8 | int(entry[len(entry)-1])
	if n > len(entry)-2 {
		return nil
	}
	return entry[len(entry)-2-n : len(entry)-2]
}

func idOf(id []byte) []byte {
	path, task, _ := bytes.Cut(id, []byte(separator))
	sum, _ := hex.DecodeString(catalog.ID(string(path), string(task)))
	return sum
}

// putCatalog enters a record, in place of what it was entered as. Where there is
// no catalog yet, it is filled later.
func (t tables) putCatalog(id []byte, e history.Record, sequence uint64) error {
	if t.catalog == nil || t.ids == nil {
		return nil
	}
	if err := t.dropCatalog(id); err != nil {
		return err
	}
	key := catalog.KeyOf(e.Finished, sequence)
	entry := append(e.Entry().Append(nil), id...)
	entry = append(entry, byte(len(id)>>8), byte(len(id)))
	if err := t.catalog.Put(key[:], entry); err != nil {
		return err
	}
	if err := t.ids.Put(idOf(id), key[:]); err != nil {
		return err
	}
	return t.catalog.SetSequence(t.records.Sequence())
}

func (t tables) dropCatalog(id []byte) error {
	if t.catalog == nil || t.ids == nil {
		return nil
	}
	name := idOf(id)
	key := t.ids.Get(name)
	if key == nil {
		return nil
	}
	if err := t.catalog.Delete(bytes.Clone(key)); err != nil {
		return err
	}
	return t.ids.Delete(name)
}

// indexCatalog fills the catalog where it is missing, or an older release has
// put records since: each record that is put raises the sequence of records,
// and the catalog bears the one that it knows. A record that an older release
// has deleted leaves an entry that leads nowhere, which listings pass over.
func indexCatalog(tx *bbolt.Tx) error {
	known := tx.Bucket(catalogBucket)
	if known != nil && tx.Bucket(idsBucket) != nil && known.Sequence() == tx.Bucket(recordsBucket).Sequence() {
		return nil
	}
	for _, name := range [][]byte{catalogBucket, idsBucket} {
		if tx.Bucket(name) != nil {
			if err := tx.DeleteBucket(name); err != nil {
				return err
			}
		}
		if _, err := tx.CreateBucket(name); err != nil {
			return err
		}
	}
	t, err := open(tx)
	if err != nil {
		return err
	}
	err = t.records.ForEach(func(id, value []byte) error {
		var v versioned
		r, ok := decode(id, value)
		text, err := unpack(value)
		if !ok || err != nil || json.Unmarshal(text, &v) != nil {
			return nil
		}
		return t.putCatalog(bytes.Clone(id), r, v.Sequence)
	})
	if err != nil {
		return fmt.Errorf("index the records by time: %w", err)
	}
	return t.catalog.SetSequence(t.records.Sequence())
}
