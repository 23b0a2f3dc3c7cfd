package ledger

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"

	"go.etcd.io/bbolt"
)

// separator joins the parts of a key; no path holds it.
const separator = "\x00"

// folderKey begins the keys of what is remembered of folders.
const folderKey = "folder"

// pageLength is how many records Each reads in one transaction.
const pageLength = 256

// The buckets of the file. entries is the truth; the others are indexes that
// the same transaction keeps in step.
var (
	metaBucket     = []byte("meta")     // "schema" → version; "retained" → when; "folder", path → mount
	entriesBucket  = []byte("entries")  // path, work → record in JSON
	contentsBucket = []byte("contents") // content, work, path → nothing; Done only
	outputsBucket  = []byte("outputs")  // output path → path, work of the entry that wrote it last
	hashesBucket   = []byte("hashes")   // output content → output path; outlives the records
	failedBucket   = []byte("failed")   // path, work → nothing; Failed and Quarantined only
	goneBucket     = []byte("gone")     // kind, key of another table → since when it has been of no use
)

var allTables = [][]byte{entriesBucket, contentsBucket, outputsBucket, hashesBucket, failedBucket, goneBucket}

// tables are the buckets within one transaction.
type tables struct {
	meta, entries, contents, outputs, hashes, failed, gone *bbolt.Bucket
}

func open(tx *bbolt.Tx) (tables, error) {
	t := tables{
		meta:     tx.Bucket(metaBucket),
		entries:  tx.Bucket(entriesBucket),
		contents: tx.Bucket(contentsBucket),
		outputs:  tx.Bucket(outputsBucket),
		hashes:   tx.Bucket(hashesBucket),
		failed:   tx.Bucket(failedBucket),
		gone:     tx.Bucket(goneBucket),
	}
	if t.meta == nil || t.gone == nil || t.entries == nil || t.contents == nil || t.outputs == nil || t.hashes == nil || t.failed == nil {
		return t, errors.New("a table is missing")
	}
	return t, nil
}

func (t tables) put(e Entry) error {
	id := join(e.Path, e.Work)
	if err := t.drop(id); err != nil {
		return err
	}
	if e.Superseded != "" {
		return t.putEntry(id, e)
	}
	for _, o := range e.Outputs {
		if err := t.putOutput(id, e, o); err != nil {
			return err
		}
	}
	if e.State == Done {
		if err := t.contents.Put(join(e.Content, e.Work, e.Path), nil); err != nil {
			return err
		}
	}
	if e.failed() {
		if err := t.failed.Put(id, nil); err != nil {
			return err
		}
	}
	return t.putEntry(id, e)
}

// record is an Entry as it is stored. Of two versions of it in a damaged file,
// that of the higher sequence is the newer, whatever the clock said.
type record struct {
	Entry
	Sequence uint64 `json:"sequence"`
}

func (t tables) putEntry(id []byte, e Entry) error {
	n, err := t.entries.NextSequence()
	if err != nil {
		return err
	}
	value, err := json.Marshal(record{stored(e), n})
	if err != nil {
		return err
	}
	return t.entries.Put(id, value)
}

func (t tables) putOutput(id []byte, e Entry, o Output) error {
	path := []byte(o.Path)
	if before := t.outputs.Get(path); before != nil && !bytes.Equal(before, id) {
		if err := t.supersede(bytes.Clone(before), e); err != nil {
			return err
		}
	}
	if err := errors.Join(t.outputs.Put(path, id), t.gone.Delete(marked(markedOutput, path))); err != nil {
		return err
	}
	if o.Hash == "" || o.Hash == e.Content {
		return nil
	}
	return errors.Join(t.hashes.Put([]byte(o.Hash), path), t.gone.Delete(marked(markedHash, []byte(o.Hash))))
}

// supersede lets the record before make room for e.
func (t tables) supersede(before []byte, by Entry) error {
	e, ok := decode(t.entries.Get(before))
	if err := t.drop(before); err != nil || !ok || e.Path == by.Path || e.State != Done {
		return err
	}
	e.Superseded = by.Work
	return t.putEntry(before, e)
}

func (e Entry) failed() bool { return e.State == Failed || e.State == Quarantined }

// drop removes an entry and its indexes. Who made an output and what
// content was ever written stays known.
func (t tables) drop(id []byte) error {
	e, ok := decode(t.entries.Get(id))
	if !ok {
		return nil
	}
	if err := t.contents.Delete(join(e.Content, e.Work, e.Path)); err != nil {
		return err
	}
	return errors.Join(t.failed.Delete(id), t.gone.Delete(marked(markedRecord, id)), t.entries.Delete(id))
}

func (t tables) allFailed() (all []Entry) {
	c := t.failed.Cursor()
	for id, _ := c.First(); id != nil; id, _ = c.Next() {
		if e, ok := decode(t.entries.Get(id)); ok && e.failed() {
			all = append(all, e)
		}
	}
	return all
}

func (t tables) byContent(content, work string) (Entry, bool) {
	prefix := append(join(content, work), separator...)
	c := t.contents.Cursor()
	for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = c.Next() {
		path := string(k[len(prefix):])
		if e, ok := decode(t.entries.Get(join(path, work))); ok && e.State == Done && e.Content == content {
			return e, true
		}
	}
	return Entry{}, false
}

func (t tables) ofContent(content string) (all []Entry) {
	prefix := append([]byte(content), separator...)
	c := t.contents.Cursor()
	for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = c.Next() {
		work, path, _ := bytes.Cut(k[len(prefix):], []byte(separator))
		if e, ok := decode(t.entries.Get(join(string(path), string(work)))); ok && e.Content == content {
			all = append(all, e)
		}
	}
	return all
}

// page returns up to pageLength records after the key from, and the last key.
func (t tables) page(from []byte) (page []Entry, last []byte) {
	c := t.entries.Cursor()
	k, value := c.Seek(from)
	if bytes.Equal(k, from) {
		k, value = c.Next()
	}
	for n := 0; k != nil && n < pageLength; n++ {
		if e, ok := decode(value); ok {
			page = append(page, e)
		}
		last = bytes.Clone(k)
		k, value = c.Next()
	}
	return page, last
}

// decode reads a record. One that cannot be read counts as absent: the work is
// done again and the record replaced.
func decode(value []byte) (Entry, bool) {
	var e Entry
	if value == nil || json.Unmarshal(value, &e) != nil {
		return Entry{}, false
	}
	return restored(e), true
}

func join(parts ...string) []byte {
	var b []byte
	for i, p := range parts {
		if i > 0 {
			b = append(b, separator...)
		}
		b = append(b, p...)
	}
	return b
}

func (l *Ledger) view(f func(tables) error) error {
	return l.guard(func() error {
		return l.db.View(func(tx *bbolt.Tx) error {
			t, err := open(tx)
			if err != nil {
				return err
			}
			return f(t)
		})
	})
}

// update runs f in a transaction that concurrent callers share, so f may run
// more than once.
func (l *Ledger) update(f func(tables) error) error {
	return l.guard(func() error {
		return l.db.Batch(func(tx *bbolt.Tx) error {
			t, err := open(tx)
			if err != nil {
				return err
			}
			return f(t)
		})
	})
}

// guard turns what a damaged page does to its reader, a panic or a memory
// fault, into an error.
func (l *Ledger) guard(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("ledger %s is damaged (%v): restart Burnish, which sets it aside and begins a new one", l.db.Path(), r)
		}
	}()
	return f()
}
