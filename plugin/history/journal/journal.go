// Package journal says what was done to files: an [Entry] for each publication
// of outputs and each move of an original, so that it can be undone.
//
// The package knows no store and touches no file. An entry is written before the
// files change and settled after; what a crash leaves unsettled, the files tell.
package journal

import (
	"fmt"
	"strings"
	"time"
)

// Act is what was done.
type Act string

// The acts.
const (
	Published   Act = "published"   // outputs got their names
	Archived    Act = "archived"    // an original was moved after success, into a folder or the trash
	Quarantined Act = "quarantined" // an original was moved after its last strike
	Returned    Act = "returned"    // an original was put back from quarantine
	Undone      Act = "undone"      // entries were undone
	Redone      Act = "redone"      // an undo was undone
)

// Entry is one act on the files of one photo.
type Entry struct {
	ID       uint64    `json:"-"` // ascending with time; 0: not stored yet
	Act      Act       `json:"act"`
	Time     time.Time `json:"time"`
	Photo    string    `json:"photo"` // absolute: where the original lies while nothing is done to it
	Root     string    `json:"root,omitempty"`
	Task     string    `json:"task,omitempty"` // of its record
	Pipeline string    `json:"pipeline,omitempty"`
	Content  string    `json:"content,omitempty"` // SHA-256 of the original, hexadecimal
	Files    []File    `json:"files,omitempty"`   // in the order in which they change
	Settled  bool      `json:"-"`                 // it came to its end; else it is under way, or a crash cut it off
	By       uint64    `json:"by,omitempty"`      // the entry that took it back; 0: it is in force
	Of       []uint64  `json:"of,omitempty"`      // what an undo or a redo took back
}

// File is what became of one file or, of tiles, folder. Its paths are absolute.
type File struct {
	From    string `json:"from,omitempty"` // "": it was made
	To      string `json:"to"`
	FromTop int    `json:"from_top,omitempty"` // how many bytes of From name the folder below which it is reached
	ToTop   int    `json:"to_top,omitempty"`   // of To, likewise
	Size    int64  `json:"size,omitempty"`     // bytes
	Hash    string `json:"hash,omitempty"`     // as of staging.Digest; "" of a sidecar, which may be edited
	Sidecar bool   `json:"sidecar,omitempty"`
	Folder  bool   `json:"folder,omitempty"`

	// What an output replaced: its digest, whether Burnish had made it, and where
	// it is kept, "" where it is not. A file that replaced its equal changed nothing.
	Replaced string `json:"replaced,omitempty"`
	Own      bool   `json:"own,omitempty"`
	Kept     string `json:"kept,omitempty"`
}

// Top is the length of a folder's path as [File] holds it, 0 where path does not
// lie below it.
func Top(folder, path string) int {
	if folder != "" && strings.HasPrefix(path, strings.TrimSuffix(folder, "/")+"/") {
		return len(strings.TrimSuffix(folder, "/"))
	}
	return 0
}

// Equal reports whether an output replaced what it is itself.
func (f File) Equal() bool { return f.Replaced != "" && f.Replaced == f.Hash }

// Reversed is the way back.
func (f File) Reversed() File {
	f.From, f.To, f.FromTop, f.ToTop = f.To, f.From, f.ToTop, f.FromTop
	return f
}

// InForce reports whether the entry changed files and was not taken back.
func (e Entry) InForce() bool { return e.By == 0 && e.Act != Returned }

// Validate is what a store refuses.
func (e Entry) Validate() error {
	switch e.Act {
	case Published, Archived, Quarantined, Returned, Undone, Redone:
	default:
		return fmt.Errorf("journal entry of %q: unknown act %q", e.Photo, e.Act)
	}
	if e.Photo == "" || strings.Contains(e.Photo, "\x00") {
		return fmt.Errorf("a journal entry must have a photo's path, got %q", e.Photo)
	}
	return nil
}

// Query chooses among entries; they come newest first.
type Query struct {
	Before    uint64 // the entries older than that one; 0: from the newest on
	Photo     string // of this photo alone
	Unsettled bool   // those that did not come to their end
	Limit     int    // the most entries; 0: all
}
