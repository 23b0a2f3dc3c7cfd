// Package history knows what was done to which photo, so that a restart, a
// crash or a second copy of a photo does nothing twice, and decides from that
// what is left to do.
//
// One [Record] stands for one task: a source path under one fingerprint of a
// pipeline's settings and output folder. It holds the content that was
// processed, so that a changed photo is found out, and the outputs that came of
// it, so that no output is taken for somebody else's. Where records are kept is
// a [Store]'s matter; every store passes the suite in ledgertest.
//
// The package decodes no image and writes no output.
package history

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/burnish-photo/burnish/plugin/history/catalog"
	"github.com/burnish-photo/burnish/plugin/history/journal"
)

// Reader answers what a plan asks of records. Its methods may be called from
// several goroutines; each sees one consistent state.
type Reader interface {
	// Of returns all records of a source path, whatever their task, ordered by
	// task.
	Of(path string) ([]Record, error)

	// ByContent returns the [Done] records of a content that still stand,
	// whatever their path and task, ordered by task and path. Superseded ones are
	// not among them. The caller verifies that their outputs are there and
	// unchanged.
	ByContent(content string) ([]Record, error)

	// Maker returns who an output was last made by, ok being false where no task
	// ever made it or it was forgotten by Retain.
	Maker(output string) (m Maker, ok bool, err error)

	// IsOutput reports whether a file of this content was ever written as an
	// output, by a record that stands or one that is deleted. An output that
	// equals its own source does not count: refusing it would refuse the source.
	IsOutput(content string) (bool, error)

	// Version returns the pipeline that the fingerprint of a task stands for, ok
	// being false where it is not known.
	Version(settings string) (v Version, ok bool, err error)

	// Mount is the file system that [Store.SetMount] last said a folder of outputs
	// lies on, "" where it never did.
	Mount(folder string) (mount string, err error)
}

// Maker is the task that an output was last made by. The output stays its own
// where its record was deleted since; then Record is zero.
type Maker struct {
	Path, Task string
	Record     Record
}

// Store keeps records. Its methods may be called from several goroutines, and
// concurrent writes may share the cost of becoming durable. What a writing
// method was asked for is on disk, wholly, when it returns nil; where it fails
// or the machine stops before, it has been done wholly or not at all. An error
// is one of the disk or of a damaged file, names the store's file, and may pass;
// that there is no such record is no error. One process at a time has a store
// open for writing.
type Store interface {
	Reader

	// Put stores r in place of the record of the same path and task. It refuses
	// a record without path, task or known state, or that is Done without
	// content.
	//
	// Another record that named one of r's outputs stands no longer: that of the
	// same source is deleted; that of another source, if it was Done, becomes
	// Superseded by r's task and offers its outputs to nobody any more; any other
	// is deleted. A Superseded record that is put claims no outputs. The maker of
	// an output stays who made it last. Its Former files become its own where none
	// but its source made them.
	Put(r Record) error

	// Apply makes a change, all of it or nothing, and returns the numbers of the
	// entries that it logs.
	Apply(c Change) (ids []uint64, err error)

	// Entries are those of the journal that q describes, newest first.
	Entries(q journal.Query) ([]journal.Entry, error)

	// IsMade reports whether a change named the folder as made.
	IsMade(folder string) (bool, error)

	// Delete drops the record of a path and task, so that the task is done
	// again. Its outputs stay known as such, and as made by it.
	Delete(path, task string) error

	// Move makes the record of from and its task one of the source at to, where
	// it lies now, as one change.
	Move(from, to, task string) error

	// Each calls f for every record, ordered by path and task, or, with
	// failedOnly, for those that failed. An error from f ends the walk and is
	// returned. f may call the store's methods; records put meanwhile may or may
	// not be seen.
	Each(failedOnly bool, f func(Record) error) error

	// Page returns up to n records after that of a path and task, ordered by path
	// and task. It looks at no others.
	Page(after Key, n int) ([]Record, error)

	// EachReview calls f for every record with a [Review], as Each does.
	EachReview(f func(Record) error) error

	// List returns the records that q asks for, the latest first: by when they
	// ended, then by when they were put. next goes into the query for the page
	// after; "" is the end. A page may have fewer records than were asked for,
	// even none, where [catalog.MaxVisited] records were looked at for it. Its
	// work does not grow with the records that the page does not come to.
	List(q catalog.Query) (records []Record, next string, err error)

	// ByID returns the record of that [Record.ID].
	ByID(id string) (r Record, ok bool, err error)

	// Retain deletes what has been gone by the rule for as long as it keeps
	// that, each time that it was asked, and returns the number of records
	// deleted, and forgets settled entries of the journal that are older than that.
	// It does nothing where it was done less than a day before now.
	Retain(now time.Time, rule Rule) (n int, err error)

	// SetMount says which file system a folder of outputs lies on.
	SetMount(folder, mount string) error

	// SetVersion stores v in place of the version with its fingerprint.
	// DropVersion forgets one; Versions are all, by fingerprint.
	SetVersion(v Version) error
	DropVersion(settings string) error
	Versions() ([]Version, error)

	// Close waits for what is under way and releases the store. No other method
	// is called after.
	Close() error
}

// Change is what is made of records and the journal at once: records are
// deleted, then put, and entries of the journal stored, each under its number or,
// without one, a new one, which is higher than all before.
type Change struct {
	Delete []Key // by path and task
	Put    []Record
	Log    []journal.Entry
	Forget []uint64 // entries

	Made   []string // folders that Burnish made, to be known as such
	Unmade []string // that it removed again
}

// Validate is what a [Store] refuses to apply.
func (c Change) Validate() error {
	for _, r := range c.Put {
		if err := r.Validate(); err != nil {
			return err
		}
	}
	for _, e := range c.Log {
		if err := e.Validate(); err != nil {
			return err
		}
	}
	return nil
}

// Rule says which records are kept. A store calls its functions from the
// goroutine of [Store.Retain], and from no transaction.
type Rule struct {
	// Keep is for how long what is of no use is kept all the same.
	Keep time.Duration

	// Gone reports whether a record is of no use: whether its source, wherever
	// that was put, and all its outputs are gone for certain. Of an output that
	// no record names any more it is asked with a Record of that output alone.
	Gone func(Record) bool

	// Dropped is told of each record that was deleted; it may be nil.
	Dropped func(Record)
}

// Validate is what a [Store] refuses to put.
func (r Record) Validate() error {
	switch r.State {
	case Done, Failed, Quarantined, Skipped, Requeued, Waiting, Rejected:
	default:
		return fmt.Errorf("record of %q: unknown state %q", r.Path, r.State)
	}
	switch {
	case r.Path == "", r.Task == "":
		return fmt.Errorf("a record must have a path and a task's fingerprint, got %q and %q", r.Path, r.Task)
	case r.State == Done && r.Content == "":
		return fmt.Errorf("record of %q: must have a content hash, being done", r.Path)
	case r.State == Waiting && (r.Content == "" || r.Review == nil):
		return fmt.Errorf("record of %q: must have a content hash and a review, waiting for one", r.Path)
	case r.Review != nil && !r.Review.valid():
		return fmt.Errorf("record of %q: the names of its results must be without folders and zero bytes", r.Path)
	case strings.Contains(r.Path+r.Task+r.Content, "\x00"):
		return fmt.Errorf("record of %q: path, task and content must not hold a zero byte", r.Path)
	case slices.ContainsFunc(r.Outputs, func(o Output) bool { return o.Path == "" }):
		return fmt.Errorf("record of %q: every output must have a path", r.Path)
	}
	return nil
}
