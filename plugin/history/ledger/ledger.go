// Package ledger keeps [history.Record]s in one file, ledger.db, in the state
// folder: a [history.Store] on bbolt. A record is on disk when Put returns and
// survives a crash of the process or the machine.
//
// It opens no source and no output: whoever uses a record checks that the files
// it names still are what it says.
package ledger

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/burnish-photo/burnish/plugin/history"
	"go.etcd.io/bbolt"
)

// FileName is the ledger's file in the state folder.
const FileName = "ledger.db"

// Ledger is an open ledger. Its methods may be called from several goroutines.
type Ledger struct {
	file
	versions
	logbook
	notice string
	news   string
}

// file is the open file.
type file struct{ db *bbolt.DB }

func newLedger(db *bbolt.DB) *Ledger {
	l := &Ledger{file: file{db}, logbook: logbook{file{db}}}
	l.versions.ledger = l
	return l
}

var _ history.Store = (*Ledger)(nil)

// Notice returns a warning from opening, for the log, or "": it says that a
// damaged ledger was set aside and where it lies.
func (l *Ledger) Notice() string { return l.notice }

// News is what opening did that is worth a line in the log, or "".
func (l *Ledger) News() string { return l.news }

// Close implements [history.Store].
func (l *Ledger) Close() error {
	if err := l.db.Close(); err != nil {
		return fmt.Errorf("close ledger %s: %w", l.db.Path(), err)
	}
	return nil
}

// Put implements [history.Store]. Concurrent calls share the cost of the sync.
func (l *Ledger) Put(r history.Record) error {
	if err := r.Validate(); err != nil {
		return err
	}
	if err := l.update(func(t tables) error { return t.put(r) }); err != nil {
		return fmt.Errorf("record %q in ledger %s: %w", r.Path, l.db.Path(), err)
	}
	return nil
}

// Of implements [history.Reader].
func (l *Ledger) Of(path string) (all []history.Record, err error) {
	err = l.view(func(t tables) error {
		all = t.ofPath(path)
		return nil
	})
	return all, err
}

// ByContent implements [history.Reader].
func (l *Ledger) ByContent(content string) (all []history.Record, err error) {
	err = l.view(func(t tables) error {
		all = t.ofContent(content)
		return nil
	})
	return all, err
}

// Maker implements [history.Reader].
func (l *Ledger) Maker(output string) (m history.Maker, ok bool, err error) {
	err = l.view(func(t tables) error {
		id := t.outputs.Get([]byte(output))
		if id != nil {
			m.Path, m.Task, ok = strings.Cut(string(id), separator)
			m.Record, _ = t.record(id)
		}
		return nil
	})
	return m, ok, err
}

// IsOutput implements [history.Reader].
func (l *Ledger) IsOutput(content string) (is bool, err error) {
	err = l.view(func(t tables) error {
		is = content != "" && t.hashes.Get([]byte(content)) != nil
		return nil
	})
	return is, err
}

// Delete implements [history.Store].
func (l *Ledger) Delete(path, task string) error {
	if err := l.update(func(t tables) error { return t.drop(join(path, task)) }); err != nil {
		return fmt.Errorf("delete the record of %q from ledger %s: %w", path, l.db.Path(), err)
	}
	return nil
}

// Move implements [history.Store].
func (l *Ledger) Move(from, to, task string) error {
	err := l.update(func(t tables) error {
		r, ok := t.record(join(from, task))
		if !ok {
			return nil
		}
		if err := t.drop(join(from, task)); err != nil {
			return err
		}
		r.Path, r.MovedTo = to, to
		return t.put(r)
	})
	if err != nil {
		return fmt.Errorf("record that %q was moved in ledger %s: %w", from, l.db.Path(), err)
	}
	return nil
}

// Each implements [history.Store].
func (l *Ledger) Each(failedOnly bool, f func(history.Record) error) error {
	if failedOnly {
		return l.each(failures, f)
	}
	return l.each(everyRecord, f)
}

// EachReview implements [history.Store].
func (l *Ledger) EachReview(f func(history.Record) error) error { return l.each(reviews, f) }

// each reads a page of records at a time.
func (l *Ledger) each(of choice, f func(history.Record) error) error {
	var from []byte
	for {
		var page []history.Record
		var last []byte
		if err := l.view(func(t tables) error { page, last = t.page(of, from); return nil }); err != nil {
			return err
		}
		for _, r := range page {
			if err := f(r); err != nil {
				return err
			}
		}
		if last == nil {
			return nil
		}
		from = last
	}
}

// Page implements [history.Store].
func (l *Ledger) Page(after history.Key, n int) (page []history.Record, err error) {
	err = l.view(func(t tables) error {
		from := []byte(nil)
		if after.Path != "" {
			from = join(after.Path, after.Task)
		}
		c := t.records.Cursor()
		k, value := c.Seek(from)
		if k != nil && bytes.Equal(k, from) {
			k, value = c.Next()
		}
		for ; k != nil && len(page) < n; k, value = c.Next() {
			if r, ok := decode(k, value); ok {
				page = append(page, r)
			}
		}
		return nil
	})
	return page, err
}

// Mount implements [history.Store].
func (l *Ledger) Mount(folder string) (mount string, err error) {
	err = l.view(func(t tables) error {
		mount = string(t.meta.Get(join(folderKey, folder)))
		return nil
	})
	return mount, err
}

// SetMount implements [history.Store].
func (l *Ledger) SetMount(folder, mount string) error {
	if err := l.update(func(t tables) error { return t.meta.Put(join(folderKey, folder), []byte(mount)) }); err != nil {
		return fmt.Errorf("record the file system of %q in ledger %s: %w", folder, l.db.Path(), err)
	}
	return nil
}
