package review

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/burnish-photo/burnish/plugin/history"
	"github.com/burnish-photo/burnish/plugin/mounts"
)

// Why nothing is done for a photo that waits, or was rejected.
const (
	Waits       = history.WaitsForReview
	WasRejected = history.WasRejected
)

// Note is the note of a result that tells when it was approved.
const Note = "review"

// Desk is where results are looked at and decided on. Its methods may be called
// from several goroutines; a process has one.
type Desk struct {
	records *history.Records
	shelf   *Shelf
	current func(history.Record) bool // nil: it is not known
}

// NewDesk decides in records on what is on the shelf of their state folder. current reports whether a record is of a folder and
// settings in force; nil: that is not known.
func NewDesk(records *history.Records, shelf *Shelf, current func(history.Record) bool) *Desk {
	return &Desk{records, shelf, current}
}

// Progress says how far a photo in review is.
type Progress string

// How far it may be.
const (
	Undecided Progress = "waiting"  // for a decision
	Approved  Progress = "approved" // and about to be published
	Making    Progress = "making"   // about to be made with another strength
	Failing   Progress = "failed"   // publishing it, or making it anew, failed; Reason says why
)

// Entry is a photo in review.
type Entry struct {
	ID       string            `json:"id"`  // of its record, in listings
	Lot      string            `json:"lot"` // names what was made; what is made anew has another
	Path     string            `json:"path"`
	Root     string            `json:"root,omitempty"` // the watched folder
	Pipeline string            `json:"pipeline"`
	Task     string            `json:"task"` // tells apart entries of one path
	Progress Progress          `json:"progress"`
	Stale    string            `json:"stale,omitempty"` // why it cannot be published as it is; "" where it can
	Reason   string            `json:"reason,omitempty"`
	Made     time.Time         `json:"made"`
	Size     int64             `json:"size"`               // of the photo, in bytes
	Photo    *history.Photo    `json:"photo,omitempty"`    // nil where the file was not looked into
	Damage   *float64          `json:"damage,omitempty"`   // 0 to 1; nil where it was not measured
	Strength *float64          `json:"strength,omitempty"` // that a person chose; nil: the pipeline's
	Tunable  bool              `json:"tunable,omitempty"`  // another strength would make a difference
	Results  []history.Result  `json:"results"`
	Files    []string          `json:"files"` // where the results lie
	Notes    map[string]string `json:"notes,omitempty"`
}

// Selection says which photos are meant. All its parts must hold; one without any
// is all photos in review.
type Selection struct {
	IDs   []string       // of entries; none: all
	Lots  []string       // that were looked at, as of entries; none: whatever waits by now
	Paths []string       // photos, or folders of them, absolute; none: all
	Where *history.Query // nil: all
}

// List lists the photos in review that s selects, ordered by path. A path that
// selects nothing is an error.
func (d *Desk) List(s Selection) ([]Entry, error) {
	w, err := d.Look(s, "", 0)
	return w.Entries, err
}

// Window is a part of a list.
type Window struct {
	Entries []Entry `json:"entries"`
	Total   int     `json:"total"`  // photos that were selected
	Before  int     `json:"before"` // of these, before the window
}

// Look is List of at most so many photos, 0 being all: those around the one of
// that id or, where it is not among them, the first.
func (d *Desk) Look(s Selection, around string, limit int) (w Window, err error) {
	var all []history.Record
	err = d.each(s, func(r history.Record) error {
		all = append(all, r)
		return nil
	})
	w.Total = len(all)
	if limit > 0 && limit < len(all) {
		at := slices.IndexFunc(all, func(r history.Record) bool { return r.ID() == around })
		w.Before = max(0, min(at-limit/3, len(all)-limit))
		all = all[w.Before : w.Before+limit]
	}
	for _, r := range all {
		w.Entries = append(w.Entries, d.entry(r))
	}
	return w, err
}

// Counts is how many photos wait for a decision, by watched folder.
func (d *Desk) Counts() (map[string]int, error) {
	counts := map[string]int{}
	err := d.records.Store().EachReview(func(r history.Record) error {
		if r.State == history.Waiting && r.Review.Approved.IsZero() {
			counts[r.Root]++
		}
		return nil
	})
	return counts, err
}

// each calls f for the records that s selects.
func (d *Desk) each(s Selection, f func(history.Record) error) error {
	used := make([]bool, len(s.Paths))
	var chosen []history.Record
	err := d.records.Store().EachReview(func(r history.Record) error {
		matches := (len(s.Paths) == 0 || named(r.Path, s.Paths, used)) && (len(s.IDs) == 0 || slices.Contains(s.IDs, r.ID())) && (len(s.Lots) == 0 || slices.Contains(s.Lots, r.Review.Folder))
		if matches && s.Where != nil {
			var err error
			if matches, err = s.Where.Matches(r); err != nil {
				return err
			}
		}
		if matches {
			chosen = append(chosen, r)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if len(s.IDs) > 0 && len(chosen) == 0 {
		return errors.New("it waits for review no longer: it was decided on or made anew meanwhile")
	}
	var errs []error
	for _, r := range chosen {
		if err := f(r); err != nil {
			errs = append(errs, err)
		}
	}
	for i, path := range s.Paths {
		if !used[i] {
			errs = append(errs, fmt.Errorf("%s: nothing of it waits for review; burnish review lists what does", path))
		}
	}
	return errors.Join(errs...)
}

// named reports whether paths name a photo, and marks those that do.
func named(photo string, paths []string, used []bool) (yes bool) {
	for i, path := range paths {
		if photo == path || strings.HasPrefix(photo, strings.TrimSuffix(path, "/")+"/") {
			yes, used[i] = true, true
		}
	}
	return yes
}

// entry is a record for people.
func (d *Desk) entry(r history.Record) Entry {
	e := Entry{
		ID: r.ID(), Lot: r.Review.Folder, Path: r.Path, Root: r.Root, Pipeline: r.Pipeline, Task: r.Task, Progress: Undecided, Stale: d.stale(r), Made: r.Review.Made, Size: r.Stat.Size, Photo: r.Photo, Damage: r.Stats.Damage,
		Strength: r.Review.Strength, Tunable: r.Notes["model"] != "" || r.Review.Strength != nil, Results: r.Review.Results, Notes: r.Notes,
	}
	for _, result := range e.Results {
		e.Files = append(e.Files, r.Review.File(d.records.StateDir(), result))
	}
	switch {
	case r.HasFailed():
		e.Progress, e.Reason = Failing, r.Error
	case r.State == history.Requeued:
		e.Progress = Making
	case !r.Review.Approved.IsZero():
		e.Progress = Approved
	}
	return e
}

// stale is why results cannot be published as they are, "" where they can as far
// as can be told without reading files.
func (d *Desk) stale(r history.Record) string {
	info, err := os.Lstat(r.Path)
	was := r.Stat
	was.Changed = time.Time{} // a new name or right leaves the content alone, which is compared in the end
	switch {
	case errors.Is(err, fs.ErrNotExist) && !(mounts.Cache{}).Gone([]string{r.Path}, r.Mounts):
		return "the original cannot be reached: its disk may not be mounted"
	case errors.Is(err, fs.ErrNotExist):
		return "the original is gone"
	case err == nil && info.Mode().IsRegular() && !was.Same(history.StatOf(info)):
		return "the original was changed since"
	case d.current != nil && !d.current(r):
		return "its folder or pipeline was configured otherwise since"
	}
	for _, result := range r.Review.Results {
		if _, err := os.Lstat(r.Review.File(d.records.StateDir(), result)); errors.Is(err, fs.ErrNotExist) {
			return "a result is missing"
		}
	}
	return ""
}
