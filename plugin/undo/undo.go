// Package undo puts files back as they were before Burnish changed them: by the
// journal, originals return to their places and outputs go to the trash, newest
// first. It takes nothing away unless the original is in its place, replaces
// nothing, and leaves alone what was changed since. An undo is an entry of the
// journal itself, so that it can be redone.
//
// What a photo's files are to become is decided whole before anything is moved.
// Then the intent is written, the files are moved, and the entry is settled; what
// a crash cuts off, [Undoer.Resume] brings to its end.
package undo

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/burnish-photo/burnish/plugin/history"
	"github.com/burnish-photo/burnish/plugin/history/journal"
	"github.com/burnish-photo/burnish/plugin/originals"
	"github.com/burnish-photo/burnish/plugin/output/staging"
)

// Kept is for how long the trash keeps outputs that were taken away, so that
// they can be brought back.
const Kept = 30 * 24 * time.Hour

// Request says what is to be undone.
type Request struct {
	Since time.Time `json:"since,omitzero"` // what was done then or later
	Until time.Time `json:"until,omitzero"` // what was done then or earlier; zero: whenever
	Where string    `json:"where,omitempty"`
	Paths []string  `json:"paths,omitempty"` // photos, folders of them, and their outputs; absolute
	Redo  bool      `json:"redo,omitempty"`  // undo what was undone
	Dry   bool      `json:"dry,omitempty"`   // move nothing

	Of func(journal.Entry) bool `json:"-"` // chooses among entries; nil: all

	Before uint64 `json:"before,omitempty"` // go on with entries older than that
	Run    string `json:"run,omitempty"`    // names the calls that belong together; one of a run's calls gives it
}

// within reports whether what was done at that time is asked for.
func (q Request) within(t time.Time) bool {
	return !t.Before(q.Since) && (q.Until.IsZero() || !t.After(q.Until))
}

// Page is a part of what was done.
type Page struct {
	Photos  []Photo `json:"photos,omitempty"`
	Used    []bool  `json:"used,omitempty"` // of the request's paths, those that something lies at
	Run     string  `json:"run"`
	Next    uint64  `json:"next,omitempty"` // Before of the next call; 0: that was all
	Entries int     `json:"entries"`        // of the journal that were looked at
}

// Photo is what was done with a photo's files, or is to be.
type Photo struct {
	Path      string   `json:"path"`
	Pipeline  string   `json:"pipeline,omitempty"`
	Originals int      `json:"originals,omitempty"` // moved back, or with a redo away
	Sidecars  int      `json:"sidecars,omitempty"`  // that went with them
	Outputs   int      `json:"outputs,omitempty"`   // taken to the trash, or brought back
	Restored  int      `json:"restored,omitempty"`  // files that outputs had replaced
	Missing   []string `json:"missing,omitempty"`   // outputs that somebody removed before
	Bytes     int64    `json:"bytes,omitempty"`
	Problem   string   `json:"problem,omitempty"` // why nothing was done
	Hint      string   `json:"hint,omitempty"`    // what to do about it
}

// Undoer undoes. Its methods may be called from several goroutines.
type Undoer struct {
	Store    history.Store
	StateDir string

	// Hold waits until nothing is done with a photo and keeps others from
	// beginning; nil where nobody else works on photos.
	Hold func(ctx context.Context, photo string) (release func(), err error)
}

const (
	pageEntries = 256 // of the journal, that one call looks at
	parallel    = 8   // photos at a time: most of it is waiting for the disk
)

// Undo looks at a page of the journal and undoes what the request describes of
// it. ctx ends it between two photos.
func (u *Undoer) Undo(ctx context.Context, q Request) (p Page, err error) {
	s := selection{Undoer: u, request: q}
	if q.Where != "" {
		where, err := history.ParseQuery(q.Where)
		if err != nil {
			return p, err
		}
		s.where = &where
	}
	if p.Run = q.Run; p.Run == "" {
		p.Run = time.Now().UTC().Format("20060102T150405.000Z")
	}
	if strings.ContainsAny(p.Run, "/\x00") || p.Run == "." || p.Run == ".." {
		return p, fmt.Errorf("run must be a name, got %q", p.Run)
	}
	s.run = p.Run
	if q.Before == 0 && !q.Dry {
		if err := u.Resume(ctx); err != nil {
			return p, err
		}
	}
	entries, err := u.Store.Entries(journal.Query{Before: q.Before, Limit: pageEntries})
	if err != nil {
		return p, err
	}
	p.Entries, p.Used = len(entries), make([]bool, len(q.Paths))
	var units []unit
	for _, e := range entries {
		if !q.within(e.Time) { // the clock may have been turned: all are looked at
			continue
		}
		if unit, ok, err := s.unitOf(e, p.Used); err != nil {
			return p, err
		} else if ok {
			units = append(units, unit)
		}
	}
	if len(entries) == pageEntries {
		p.Next = entries[len(entries)-1].ID
	}
	p.Photos, err = s.all(ctx, units)
	return p, err
}

// selection is one call of Undo.
type selection struct {
	*Undoer
	request Request
	where   *history.Query
	run     string
}

// unit are the entries of one photo that are undone together, newest first.
type unit struct {
	photo   string
	entries []journal.Entry
	others  []journal.Entry // of the photo, in force and not chosen
}

// unitOf is the unit that an entry is the newest of, if it is chosen.
func (s selection) unitOf(e journal.Entry, used []bool) (n unit, ok bool, err error) {
	if !s.chooses(e) {
		return n, false, nil
	}
	n = unit{photo: e.Photo}
	all, err := s.Store.Entries(journal.Query{Photo: e.Photo})
	if err != nil {
		return n, false, err
	}
	for _, other := range all {
		switch {
		case s.chooses(other) && s.request.within(other.Time):
			n.entries = append(n.entries, other)
		case other.InForce():
			n.others = append(n.others, other)
		}
	}
	if len(n.entries) == 0 || n.entries[0].ID != e.ID {
		return n, false, nil
	}
	if s.request.Redo {
		n.others, n.entries = append(n.others, n.entries[1:]...), n.entries[:1]
	}
	if len(s.request.Paths) > 0 && !s.named(n, used) {
		return n, false, nil
	}
	if s.where == nil {
		return n, true, nil
	}
	ok, err = s.matches(n)
	return n, ok, err
}

// chooses reports whether an entry is of the kind that is asked for.
func (s selection) chooses(e journal.Entry) bool {
	if !e.InForce() || s.request.Of != nil && !s.request.Of(e) {
		return false
	}
	if s.request.Redo {
		return e.Act == journal.Undone
	}
	return e.Act == journal.Published || e.Act == journal.Archived || e.Act == journal.Quarantined
}

// named reports whether the request's paths name the unit, and marks those that
// do.
func (s selection) named(n unit, used []bool) (yes bool) {
	places := []string{n.photo}
	for _, e := range n.entries {
		for _, f := range e.Files {
			places = append(places, f.From, f.To)
		}
	}
	for i, path := range s.request.Paths {
		within := strings.TrimSuffix(path, "/") + "/"
		if slices.ContainsFunc(places, func(p string) bool { return p != "" && (p == path || strings.HasPrefix(p, within)) }) {
			yes, used[i] = true, true
		}
	}
	return yes
}

// matches asks the expression of the photo's records.
func (s selection) matches(n unit) (bool, error) {
	records, err := s.records(n)
	if err != nil {
		return false, err
	}
	for _, r := range records {
		r.Path = n.photo // an archived one is asked for by where it lay
		if is, err := s.where.Matches(r); is || err != nil {
			return is, err
		}
	}
	return false, nil
}

// records are those that the unit's entries are about, wherever the photo lies.
func (u *Undoer) records(n unit) (all []history.Record, err error) {
	paths, tasks := []string{n.photo}, map[string]bool{}
	for _, e := range n.entries {
		tasks[e.Task] = true
		if (e.Act == journal.Archived || e.Act == journal.Quarantined) && len(e.Files) > 0 {
			paths = append(paths, e.Files[0].To)
		}
	}
	for _, path := range slices.Compact(paths) {
		of, err := u.Store.Of(path)
		if err != nil {
			return nil, err
		}
		for _, r := range of {
			if tasks[r.Task] {
				all = append(all, r)
			}
		}
	}
	return all, nil
}

// all sees to the units, several at a time.
func (s selection) all(ctx context.Context, units []unit) ([]Photo, error) {
	photos, errs := make([]Photo, len(units)), make([]error, len(units))
	next := make(chan int)
	var workers sync.WaitGroup
	for range min(parallel, len(units)) {
		workers.Go(func() {
			for i := range next {
				photos[i], errs[i] = s.one(ctx, units[i])
			}
		})
	}
	done := 0
	for i := range units {
		if ctx.Err() != nil {
			break
		}
		next <- i
		done++
	}
	close(next)
	workers.Wait()
	for _, err := range errs {
		if err != nil {
			return photos[:done], err
		}
	}
	return photos[:done], context.Cause(ctx)
}

// one sees to a unit while nothing else is done with its photo.
func (s selection) one(ctx context.Context, n unit) (Photo, error) {
	if s.Hold != nil && !s.request.Dry {
		release, err := s.Hold(ctx, n.photo)
		if err != nil {
			return Photo{Path: n.photo}, err
		}
		defer release()
		again, ok, err := s.unitOf(n.entries[0], make([]bool, len(s.request.Paths)))
		if err != nil {
			return Photo{Path: n.photo}, err
		}
		if !ok {
			return Photo{Path: n.photo, Problem: "it was processed meanwhile", Hint: "repeat the command"}, nil
		}
		n = again
	}
	plan := s.plan
	if s.request.Redo {
		plan = s.planRedo
	}
	p, err := plan(n)
	if err != nil || p.photo.Problem != "" || s.request.Dry {
		return p.photo, err
	}
	return s.execute(p)
}

// mover moves files for the engine of the state folder.
func (u *Undoer) mover() originals.Mover {
	return originals.Mover{Owner: staging.PrefixOf(u.StateDir)}
}

// trash is the folder where a run's outputs go.
func (u *Undoer) trash(run string) string {
	return filepath.Join(originals.TrashFor(u.StateDir, Kept), "undo-"+run)
}
