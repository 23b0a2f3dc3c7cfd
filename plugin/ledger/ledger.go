// Package ledger remembers what was done to which photo, so that a restart,
// a crash or a second copy of a photo does nothing twice.
//
// One record stands for one piece of work: a source path under one work
// fingerprint (pipeline, outputs and model together). It holds the content
// that was processed, so a changed photo is found out, and the outputs that
// came of it, so an output is never taken for somebody else's. Records live in
// one file, ledger.db, in the state folder; a record is on disk when Put
// returns and survives a crash of the process or the machine.
//
// The package knows nothing of images, pipelines or watching. It opens no
// source and no output: whoever uses a record checks that the files it names
// still are what it says.
package ledger

import (
	"fmt"
	"strings"
	"time"

	"go.etcd.io/bbolt"
)

// FileName is the ledger's file in the state folder.
const FileName = "ledger.db"

// State says how a piece of work ended.
type State string

// The states.
const (
	Done        State = "done"        // every output was written and verified
	Failed      State = "failed"      // Error and ErrorClass say why; to be tried again
	Quarantined State = "quarantined" // failed for good; not tried until somebody asks
	Skipped     State = "skipped"     // refused on purpose, e.g. not a photo; Error may say why
	Asked       State = "asked"       // was done, and somebody asked for it to be done again
)

// Key identifies a piece of work on one content.
type Key struct {
	Path    string `json:"path"`              // the source, in whatever form the host keeps to
	Work    string `json:"work"`              // fingerprint of pipeline, outputs and model
	Content string `json:"content,omitempty"` // sha256 of the source's bytes in hex; empty when it could not be read
}

// Stat is what a file system tells of a source without reading it.
type Stat struct {
	Size    int64     `json:"size"`
	ModTime time.Time `json:"mod_time"`
	Inode   uint64    `json:"inode,omitempty"`
	Changed time.Time `json:"changed,omitzero"` // its content, name, rights or attributes; zero in older records
}

// Same reports whether both describe the same state of one file. That it changed
// without a trace in size and modification time, as by a program that keeps the
// date, is told by Changed, where both have it; so is what changed nothing of
// its content.
func (s Stat) Same(o Stat) bool {
	return s.Size == o.Size && s.Inode == o.Inode && s.ModTime.Equal(o.ModTime) &&
		(s.Changed.Equal(o.Changed) || s.Changed.IsZero() || o.Changed.IsZero())
}

// Output is one file that the work wrote.
type Output struct {
	Path string `json:"path"`
	Size int64  `json:"size"`
	Hash string `json:"hash,omitempty"` // sha256 of its bytes in hex
}

// Entry is one record.
type Entry struct {
	Key
	Stat       Stat              `json:"stat"` // taken before the content was hashed
	State      State             `json:"state"`
	Outputs    []Output          `json:"outputs,omitempty"`
	Root       string            `json:"root,omitempty"`     // the folder that the source was found below; "" in older records
	LeftOut    []int             `json:"left_out,omitempty"` // outputs of the pipeline that were not wanted, by their place in it
	Error      string            `json:"error,omitempty"`
	ErrorClass string            `json:"error_class,omitempty"`
	Attempts   int               `json:"attempts,omitempty"`
	Strikes    int               `json:"strikes,omitempty"`    // those of the attempts that were the photo's own fault
	Starved    int               `json:"starved,omitempty"`    // those that lacked memory though nothing else was under way
	Pipeline   string            `json:"pipeline,omitempty"`   // its name
	MovedTo    string            `json:"moved_to,omitempty"`   // where the host put the source, or is about to
	Superseded string            `json:"superseded,omitempty"` // the work by which another photo took one of its outputs
	Salvaged   bool              `json:"salvaged,omitempty"`   // read back from a damaged ledger, and not yet compared with its outputs
	Mounts     []string          `json:"mounts,omitempty"`     // the file systems that its files lay on, as the host names them
	Started    time.Time         `json:"started,omitzero"`
	Finished   time.Time         `json:"finished,omitzero"`
	Notes      map[string]string `json:"notes,omitempty"`
}

// Ledger is an open ledger. Its methods may be called from several goroutines.
type Ledger struct {
	db     *bbolt.DB
	notice string
	news   string
}

// Notice returns a warning from opening, for the log, or "": it says that a
// damaged ledger was set aside and where it lies.
func (l *Ledger) Notice() string { return l.notice }

// News is what opening did that is worth a line in the log, or "".
func (l *Ledger) News() string { return l.news }

// Close waits for what is under way and releases the state folder.
func (l *Ledger) Close() error {
	if err := l.db.Close(); err != nil {
		return fmt.Errorf("close ledger %s: %w", l.db.Path(), err)
	}
	return nil
}

// Put stores e, replacing the record of the same path and work. The record is
// on disk when Put returns; concurrent calls share the cost of that.
//
// Another record that named one of e's outputs before no longer stands: that of
// the same source is dropped, and asked for again that work is done again; that
// of another, if it was done, is marked as superseded, and has no outputs any
// more.
func (l *Ledger) Put(e Entry) error {
	if err := e.validate(); err != nil {
		return err
	}
	if err := l.update(func(t tables) error { return t.put(e) }); err != nil {
		return fmt.Errorf("record %q in ledger %s: %w", e.Path, l.db.Path(), err)
	}
	return nil
}

// Lookup returns the record of this path and work if it is about this content.
func (l *Ledger) Lookup(k Key) (Entry, bool, error) {
	return l.find(k.Path, k.Work, func(e Entry) bool { return e.Content == k.Content })
}

// Unchanged returns the record of this path and work if the file had this
// state then. It saves reading the file again.
func (l *Ledger) Unchanged(path string, now Stat, work string) (Entry, bool, error) {
	return l.find(path, work, func(e Entry) bool { return e.Stat.Same(now) })
}

// Reusable returns a Done record of the same content and work, whatever its
// path. The caller verifies that its outputs are still there and unchanged.
func (l *Ledger) Reusable(content, work string) (Entry, bool, error) {
	var e Entry
	var found bool
	err := l.view(func(t tables) error {
		e, found = t.byContent(content, work)
		return nil
	})
	return e, found, err
}

// Contents returns the Done records of a content, whatever their work.
func (l *Ledger) Contents(content string) (all []Entry, err error) {
	err = l.view(func(t tables) error {
		all = t.ofContent(content)
		return nil
	})
	return all, err
}

// Owner returns the source that an output was last made from.
func (l *Ledger) Owner(outputPath string) (sourcePath string, ok bool, err error) {
	err = l.view(func(t tables) error {
		if owner := t.outputs.Get([]byte(outputPath)); owner != nil {
			sourcePath, _, ok = strings.Cut(string(owner), separator)
		}
		return nil
	})
	return sourcePath, ok, err
}

// Maker returns the record of the work that an output was last made by.
func (l *Ledger) Maker(outputPath string) (e Entry, ok bool, err error) {
	err = l.view(func(t tables) error {
		if id := t.outputs.Get([]byte(outputPath)); id != nil {
			e, ok = decode(t.entries.Get(id))
		}
		return nil
	})
	return e, ok, err
}

// Wrote reports whether a file of that name and content is one that its owner's
// record names, or any output that was ever written.
func (l *Ledger) Wrote(outputPath, contentHash string) (bool, error) {
	var named bool
	err := l.view(func(t tables) error {
		source, work, ok := strings.Cut(string(t.outputs.Get([]byte(outputPath))), separator)
		if !ok {
			return nil
		}
		e, found := decode(t.entries.Get(join(source, work)))
		for _, o := range e.Outputs {
			named = named || found && o.Path == outputPath && o.Hash == contentHash
		}
		return nil
	})
	if named || err != nil {
		return named, err
	}
	return l.IsOutput(contentHash)
}

// IsOutput reports whether a file of this content was ever written as an
// output. An output that equals its own source does not count: refusing it
// would refuse the source.
func (l *Ledger) IsOutput(contentHash string) (bool, error) {
	var ours bool
	err := l.view(func(t tables) error {
		ours = contentHash != "" && t.hashes.Get([]byte(contentHash)) != nil
		return nil
	})
	return ours, err
}

// Each calls f for every record, ordered by path; an error from f ends the
// walk and is returned. f may call the ledger's methods. Records put meanwhile
// may or may not be seen.
func (l *Ledger) Each(f func(Entry) error) error {
	var from []byte
	for {
		var page []Entry
		var last []byte
		if err := l.view(func(t tables) error { page, last = t.page(from); return nil }); err != nil {
			return err
		}
		for _, e := range page {
			if err := f(e); err != nil {
				return err
			}
		}
		if last == nil {
			return nil
		}
		from = last
	}
}

// Failed returns the records of what failed and what is in quarantine, ordered
// by path.
func (l *Ledger) Failed() (failed []Entry, err error) {
	err = l.view(func(t tables) error {
		failed = t.allFailed()
		return nil
	})
	return failed, err
}

// Forget drops the record of this path and work, so that the work is done
// again. Its outputs stay known as such. It is on disk when Forget returns.
func (l *Ledger) Forget(path, work string) error {
	if err := l.update(func(t tables) error { return t.drop(join(path, work)) }); err != nil {
		return fmt.Errorf("forget %q in ledger %s: %w", path, l.db.Path(), err)
	}
	return nil
}

// FolderMount is what SetFolderMount last said of a folder, "" where it never
// did.
func (l *Ledger) FolderMount(folder string) (mount string, err error) {
	err = l.view(func(t tables) error {
		mount = string(t.meta.Get(join(folderKey, folder)))
		return nil
	})
	return mount, err
}

// SetFolderMount remembers the file system that an output folder lies on, as the
// host names it. It is on disk when SetFolderMount returns.
func (l *Ledger) SetFolderMount(folder, mount string) error {
	if err := l.update(func(t tables) error { return t.meta.Put(join(folderKey, folder), []byte(mount)) }); err != nil {
		return fmt.Errorf("remember the disk of %q in ledger %s: %w", folder, l.db.Path(), err)
	}
	return nil
}

// Moved makes the record of from and its work one of the source at to, where it
// lies now. It is on disk when Moved returns.
func (l *Ledger) Moved(from, to, work string) error {
	err := l.update(func(t tables) error {
		e, ok := decode(t.entries.Get(join(from, work)))
		if !ok {
			return nil
		}
		if err := t.drop(join(from, work)); err != nil {
			return err
		}
		e.Path, e.MovedTo = to, to
		return t.put(e)
	})
	if err != nil {
		return fmt.Errorf("record that %q was moved in ledger %s: %w", from, l.db.Path(), err)
	}
	return nil
}

// Find returns the record of this path and work.
func (l *Ledger) Find(path, work string) (Entry, bool, error) {
	return l.find(path, work, func(Entry) bool { return true })
}

func (l *Ledger) find(path, work string, match func(Entry) bool) (e Entry, found bool, err error) {
	err = l.view(func(t tables) error {
		e, found = decode(t.entries.Get(join(path, work)))
		if found && !match(e) {
			e, found = Entry{}, false
		}
		return nil
	})
	return e, found, err
}

func (e Entry) validate() error {
	switch e.State {
	case Done, Failed, Quarantined, Skipped, Asked:
	default:
		return fmt.Errorf("ledger entry of %q: unknown state %q", e.Path, e.State)
	}
	if e.Path == "" || e.Work == "" {
		return fmt.Errorf("ledger entry needs a path and a work fingerprint: got %q and %q", e.Path, e.Work)
	}
	if e.State == Done && e.Content == "" {
		return fmt.Errorf("ledger entry of %q is done but has no content hash", e.Path)
	}
	if strings.Contains(e.Path+e.Work+e.Content, separator) {
		return fmt.Errorf("ledger entry of %q: path, work and content must not hold a zero byte", e.Path)
	}
	for _, o := range e.Outputs {
		if o.Path == "" {
			return fmt.Errorf("ledger entry of %q has an output without a path", e.Path)
		}
	}
	return nil
}
