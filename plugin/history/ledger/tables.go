package ledger

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/burnish-photo/burnish/plugin/history"
	"go.etcd.io/bbolt"
)

// separator joins the parts of a key; no path holds it.
const separator = "\x00"

// folderKey begins the keys of what is remembered of folders.
const folderKey = "folder"

// ordered is how full the pages of a table are whose keys mostly come in order.
const ordered = 0.85

// pageLength is how many records Each reads in one transaction.
const pageLength = 256

// The buckets of the file. The records are the truth; the others are indexes that
// the same transaction keeps in step.
var (
	metaBucket     = []byte("meta")     // "schema" → version; "retained" → when; "folder", path → mount; "pipeline", settings → version in JSON
	recordsBucket  = []byte("entries")  // path, task → record in JSON; see pack
	contentsBucket = []byte("contents") // content, task, path → nothing; Done only
	outputsBucket  = []byte("outputs")  // output path → path, task of the record that wrote it last
	hashesBucket   = []byte("hashes")   // output content → output path; outlives the records
	failedBucket   = []byte("failed")   // path, task → nothing; Failed and Quarantined only
	reviewBucket   = []byte("review")   // path, task → nothing; those with a Review only
	goneBucket     = []byte("gone")     // kind, key of another table → since when it has been of no use
	catalogBucket  = []byte("catalog")  // time, sequence → [catalog.Entry], path, task; see [indexes]
	idsBucket      = []byte("ids")      // [history.Record.ID] → key of the catalog; see [indexes]
)

var allTables = [][]byte{recordsBucket, contentsBucket, outputsBucket, hashesBucket, failedBucket, reviewBucket, goneBucket, journalBucket, photosBucket, openBucket, madeBucket}

// tables are the buckets within one transaction.
type tables struct {
	meta, records, contents, outputs, hashes, failed, review, gone *bbolt.Bucket

	// Of a ledger that an older release wrote and that is only looked at, these
	// may be missing.
	catalog, ids *bbolt.Bucket
}

func open(tx *bbolt.Tx) (tables, error) {
	t := tables{
		meta:     tx.Bucket(metaBucket),
		records:  tx.Bucket(recordsBucket),
		contents: tx.Bucket(contentsBucket),
		outputs:  tx.Bucket(outputsBucket),
		hashes:   tx.Bucket(hashesBucket),
		failed:   tx.Bucket(failedBucket),
		review:   tx.Bucket(reviewBucket),
		gone:     tx.Bucket(goneBucket),
		catalog:  tx.Bucket(catalogBucket),
		ids:      tx.Bucket(idsBucket),
	}
	if tx.Writable() {
		t.fill()
	}
	if t.meta == nil || t.gone == nil || t.records == nil || t.contents == nil || t.outputs == nil || t.hashes == nil || t.failed == nil { // an older release has made no table of reviews
		return t, errors.New("a table is missing")
	}
	return t, nil
}

// fill says how full pages are to be when they are parted. Half full, bbolt's
// default, is for keys in any order; photos mostly come in the order of their
// paths, and times rise.
func (t tables) fill() {
	for _, b := range []*bbolt.Bucket{t.records, t.outputs} {
		b.FillPercent = ordered
	}
	if t.catalog != nil {
		t.catalog.FillPercent = appended
	}
}

func (t tables) put(e history.Record) error {
	id := join(e.Path, e.Task)
	if err := t.drop(id); err != nil {
		return err
	}
	if e.Superseded != "" {
		return t.putRecord(id, e)
	}
	for _, o := range e.Outputs {
		if err := t.putOutput(id, e, o); err != nil {
			return err
		}
	}
	for _, o := range e.Former {
		if err := t.putFormer(id, e, o); err != nil {
			return err
		}
	}
	if e.State == history.Done {
		if err := t.contents.Put(join(e.Content, e.Task, e.Path), nil); err != nil {
			return err
		}
	}
	if e.HasFailed() {
		if err := t.failed.Put(id, nil); err != nil {
			return err
		}
	}
	if e.Review != nil {
		if err := t.review.Put(id, nil); err != nil {
			return err
		}
	}
	return t.putRecord(id, e)
}

// versioned is a record as it is stored. Of two versions of it in a damaged file,
// that of the higher sequence is the newer, whatever the clock said.
type versioned struct {
	history.Record
	Sequence uint64 `json:"sequence"`
}

func (t tables) putRecord(id []byte, e history.Record) error {
	n, err := t.records.NextSequence()
	if err != nil {
		return err
	}
	value, err := json.Marshal(versioned{escaped(e), n})
	if err == nil {
		value, err = pack(value)
	}
	if err != nil {
		return err
	}
	return errors.Join(t.records.Put(id, value), t.putCatalog(id, e, n))
}

func (t tables) putOutput(id []byte, e history.Record, o history.Output) error {
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

// putFormer lets e be the maker of a file that its source was the maker of.
func (t tables) putFormer(id []byte, e history.Record, o history.Output) error {
	path := []byte(o.Path)
	if before := t.outputs.Get(path); before != nil && !bytes.HasPrefix(before, join(e.Path, "")) {
		return nil
	}
	return errors.Join(t.outputs.Put(path, id), t.gone.Delete(marked(markedOutput, path)))
}

// supersede lets the record before make room for e.
func (t tables) supersede(before []byte, by history.Record) error {
	e, ok := t.record(before)
	if err := t.drop(before); err != nil || !ok || e.Path == by.Path || e.State != history.Done {
		return err
	}
	e.Superseded = by.Task
	return t.putRecord(before, e)
}

// drop removes a record and its indexes. Who made an output and what
// content was ever written stays known.
func (t tables) drop(id []byte) error {
	e, ok := t.record(id)
	if !ok {
		return nil
	}
	if err := t.contents.Delete(join(e.Content, e.Task, e.Path)); err != nil {
		return err
	}
	return errors.Join(t.failed.Delete(id), t.review.Delete(id), t.gone.Delete(marked(markedRecord, id)), t.records.Delete(id), t.dropCatalog(id))
}

// ofPath are the records of a source, by task.
func (t tables) ofPath(path string) (all []history.Record) {
	prefix := join(path, "")
	c := t.records.Cursor()
	for id, value := c.Seek(prefix); bytes.HasPrefix(id, prefix); id, value = c.Next() {
		if r, ok := decode(id, value); ok {
			all = append(all, r)
		}
	}
	return all
}

// ofContent are the done records of a content, by task and path.
func (t tables) ofContent(content string) (all []history.Record) {
	prefix := join(content, "")
	c := t.contents.Cursor()
	for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = c.Next() {
		task, path, _ := bytes.Cut(k[len(prefix):], []byte(separator))
		if r, ok := t.record(join(string(path), string(task))); ok && r.State == history.Done && r.Content == content {
			all = append(all, r)
		}
	}
	return all
}

// choice is what a walk through the records takes: those of an index, or all.
type choice struct {
	index func(tables) *bbolt.Bucket // nil: the records themselves
	is    func(history.Record) bool  // an older release may have left others in the index
}

var (
	everyRecord = choice{nil, func(history.Record) bool { return true }}
	failures    = choice{func(t tables) *bbolt.Bucket { return t.failed }, history.Record.HasFailed}
	reviews     = choice{func(t tables) *bbolt.Bucket { return t.review }, func(r history.Record) bool { return r.Review != nil }}
)

// page returns up to pageLength records after the key from, and the last key.
func (t tables) page(of choice, from []byte) (page []history.Record, last []byte) {
	c := t.records.Cursor()
	if of.index != nil {
		index := of.index(t)
		if index == nil {
			return nil, nil
		}
		c = index.Cursor()
	}
	k, value := c.Seek(from)
	if bytes.Equal(k, from) {
		k, value = c.Next()
	}
	for n := 0; k != nil && n < pageLength; n++ {
		if of.index != nil {
			value = t.records.Get(k)
		}
		if r, ok := decode(k, value); ok && of.is(r) {
			page = append(page, r)
		}
		last = bytes.Clone(k)
		k, value = c.Next()
	}
	return page, last
}

// record reads the record of that key.
func (t tables) record(id []byte) (history.Record, bool) { return decode(id, t.records.Get(id)) }

// decode reads a record, whose path and task its key tells: earlier releases wrote
// no task in full that is not UTF-8. One that cannot be read counts as absent: the
// work is done again and the record replaced.
func decode(id, value []byte) (history.Record, bool) {
	var e history.Record
	text, err := unpack(value)
	if value == nil || err != nil || json.Unmarshal(text, &e) != nil {
		return history.Record{}, false
	}
	e = unescaped(e)
	e.Path, e.Task, _ = strings.Cut(string(id), separator)
	return e, true
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

func (l file) view(f func(tables) error) error {
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
func (l file) update(f func(tables) error) error {
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
func (l file) guard(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("ledger %s is damaged (%v): restart Burnish, which sets it aside and begins a new one", l.db.Path(), r)
		}
	}()
	return f()
}
