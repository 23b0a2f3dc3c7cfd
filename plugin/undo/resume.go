package undo

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/burnish-photo/burnish/plugin/history"
	"github.com/burnish-photo/burnish/plugin/history/journal"
	"github.com/burnish-photo/burnish/plugin/mounts"
	"github.com/burnish-photo/burnish/plugin/originals"
)

// Resume brings to its end what a crash has cut off. An undo and a redo go on;
// of a publication or a move, the files tell whether it came about. What cannot be
// told, as on a disk that is not there, waits for the next time. What is under way
// is waited for.
func (u *Undoer) Resume(ctx context.Context) error {
	open, err := u.Store.Entries(journal.Query{Unsettled: true})
	if err != nil {
		return err
	}
	var errs []error
	for _, e := range slices.Backward(open) {
		if err := u.resume(ctx, e); err != nil {
			errs = append(errs, fmt.Errorf("the journal on %s: %w", e.Photo, err))
		}
	}
	return errors.Join(errs...)
}

// resume sees to an entry that was not settled, while nothing else is done with
// its photo.
func (u *Undoer) resume(ctx context.Context, e journal.Entry) error {
	if u.Hold != nil {
		release, err := u.Hold(ctx, e.Photo)
		if err != nil {
			return err
		}
		defer release()
		all, err := u.Store.Entries(journal.Query{Photo: e.Photo})
		i := slices.IndexFunc(all, func(now journal.Entry) bool { return now.ID == e.ID && !now.Settled })
		if i < 0 || err != nil {
			return err
		}
		e = all[i]
	}
	switch e.Act {
	case journal.Undone, journal.Redone:
		return u.goOn(e)
	case journal.Published:
		return u.tellPublished(e)
	}
	return u.tellMoved(e)
}

// goOn moves what is left of an undo or a redo. A file that is gone or was changed
// since stays so, unless one that moves after it may be all that is left of the
// photo: then all waits.
func (u *Undoer) goOn(e journal.Entry) error {
	for _, f := range e.Files {
		there, err := originals.Look(top(f.From, f.FromTop), f.From, f.Hash, f.Folder)
		if err != nil {
			return nil //nolint:nilerr // it is tried again the next time
		}
		if there.Same {
			made, err := u.mover().Carry(wayOf(f, there.Info))
			if errors.Is(err, fs.ErrExist) && f.Hash != "" { // it was copied to another file system
				err = u.mover().Clear(wayOf(f, there.Info))
			}
			if err = errors.Join(err, u.noteMade(made)); err != nil {
				return nil //nolint:nilerr // the same
			}
			continue
		}
		if !f.Sidecar && !u.arrived(e, f) {
			return nil
		}
	}
	all, err := u.Store.Entries(journal.Query{Photo: e.Photo})
	if err != nil {
		return err
	}
	of := slices.Clone(e.Of)
	for _, other := range all { // what a redo puts in force again
		if e.Act == journal.Redone && slices.Contains(e.Of, other.ID) {
			of = append(of, other.Of...)
		}
	}
	marks := slices.DeleteFunc(all, func(other journal.Entry) bool { return !slices.Contains(of, other.ID) })
	return u.settle(e, marks)
}

// arrived reports whether a file that is not where it was to be moved from lets
// the others be moved: it has come to its place, or is an output that an undo
// would take away and whose disk is there.
func (u *Undoer) arrived(e journal.Entry, f journal.File) bool {
	if place, err := originals.Look(top(f.To, f.ToTop), f.To, f.Hash, f.Folder); err == nil && place.Same {
		return true
	}
	return e.Act == journal.Undone && f.To != e.Photo && u.mounted(top(f.From, f.FromTop))
}

func (u *Undoer) mounted(folder string) bool { return mounts.Check(u.Store, folder) == nil }

// tellPublished keeps of a publication the outputs that are there.
func (u *Undoer) tellPublished(e journal.Entry) error {
	var there []journal.File
	for _, f := range e.Files {
		now, err := originals.Look(top(f.To, f.ToTop), f.To, f.Hash, f.Folder)
		if err != nil {
			return nil //nolint:nilerr // it cannot be told now
		}
		if now.Same {
			there = append(there, f)
		} else if !u.mounted(top(f.To, f.ToTop)) {
			return nil
		}
	}
	e.Files, e.Settled = there, true
	return u.tell(e, len(there) > 0)
}

// tellMoved finds where the original lies.
func (u *Undoer) tellMoved(e journal.Entry) error {
	if len(e.Files) == 0 {
		return u.tell(e, false)
	}
	f := e.Files[0]
	was, err := originals.Look(top(f.From, f.FromTop), f.From, f.Hash, false)
	now, err2 := originals.Look(top(f.To, f.ToTop), f.To, f.Hash, false)
	if errors.Join(err, err2) != nil || was.There == now.There {
		return nil
	}
	e.Settled = true
	return u.tell(e, now.There)
}

// tell settles an entry, or forgets what did not come about.
func (u *Undoer) tell(e journal.Entry, came bool) error {
	c := history.Change{Forget: []uint64{e.ID}}
	if came {
		c = history.Change{Log: []journal.Entry{e}}
	}
	_, err := u.Store.Apply(c)
	return err
}
