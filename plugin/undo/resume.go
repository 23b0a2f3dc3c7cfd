package undo

import (
	"errors"
	"fmt"
	"slices"

	"github.com/burnish-photo/burnish/plugin/history"
	"github.com/burnish-photo/burnish/plugin/history/journal"
	"github.com/burnish-photo/burnish/plugin/originals"
)

// Resume brings to its end what a crash has cut off. An undo and a redo go on;
// of a publication or a move, the files tell whether it came about. What cannot be
// told, as on a disk that is not there, waits for the next time. Nobody else works
// on photos meanwhile.
func (u *Undoer) Resume() error {
	open, err := u.Store.Entries(journal.Query{Unsettled: true})
	if err != nil {
		return err
	}
	var errs []error
	for _, e := range slices.Backward(open) {
		switch e.Act {
		case journal.Undone, journal.Redone:
			err = u.goOn(e)
		case journal.Published:
			err = u.tellPublished(e)
		default:
			err = u.tellMoved(e)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("the journal on %s: %w", e.Photo, err))
		}
	}
	return errors.Join(errs...)
}

// goOn moves what is left of an undo or a redo. A file that can be moved no more
// stays where it is.
func (u *Undoer) goOn(e journal.Entry) error {
	for _, f := range e.Files {
		there, err := originals.Look(top(f.From, f.FromTop), f.From, f.Hash, f.Folder)
		if err != nil || !there.Same {
			continue
		}
		made, err := u.mover().Carry(wayOf(f, there.Info))
		if err = errors.Join(err, u.noteMade(made)); err != nil {
			return nil //nolint:nilerr // it is tried again the next time
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
