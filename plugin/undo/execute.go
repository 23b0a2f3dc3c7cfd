package undo

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"syscall"

	"github.com/burnish-photo/burnish/plugin/failure"
	"github.com/burnish-photo/burnish/plugin/history"
	"github.com/burnish-photo/burnish/plugin/history/journal"
	"github.com/burnish-photo/burnish/plugin/originals"
)

// execute writes the intent down, moves the files and settles the entry. Where a
// file cannot be moved, those that were are moved back.
func (u *Undoer) execute(p plan) (Photo, error) {
	ids, err := u.Store.Apply(history.Change{Delete: keys(p.before), Put: p.after, Log: []journal.Entry{p.entry}})
	if err != nil {
		return p.photo, err
	}
	p.entry.ID = ids[0]
	for i, f := range p.moves {
		made, err := u.mover().Carry(wayOf(f, p.seen[i]))
		if err = errors.Join(err, u.noteMade(made)); err == nil {
			continue
		}
		p.refuse(remedy(err, f), "%v", err)
		return p.photo, u.takeBack(p, i)
	}
	for _, r := range p.before {
		if r.State == history.Quarantined {
			_ = history.RemoveReason(u.StateDir, r) // it is of no use any more, and harms nobody
		}
	}
	return p.photo, u.settle(p.entry, p.marks)
}

func wayOf(f journal.File, seen fs.FileInfo) originals.Way {
	return originals.Way{From: f.From, FromTop: top(f.From, f.FromTop), To: f.To, ToTop: top(f.To, f.ToTop), Hash: f.Hash, Folder: f.Folder, Seen: seen}
}

// remedy is what to do where a file could not be moved.
func remedy(err error, f journal.File) string {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return "free space on the file system of " + top(f.To, f.ToTop) + ", then repeat the command"
	case errors.Is(err, fs.ErrExist):
		return "move the file that is at " + f.To + " away, then repeat the command"
	}
	for _, folder := range []string{top(f.From, f.FromTop), top(f.To, f.ToTop)} {
		if hint := failure.AdviseWrite(err, folder); hint != "" {
			return hint + "; for a daemon's sandbox, " + deniedHint
		}
	}
	return "repeat the command"
}

// takeBack moves the first n files back, and the one after them where it was moved
// before something else failed, and gives the records back. Where one stays, the
// entry stays unsettled, and is brought to its end later.
func (u *Undoer) takeBack(p plan, n int) error {
	moved, err := hasMoved(p.moves[n])
	if err != nil {
		return fmt.Errorf("%s: it is undone in part, which the next command brings to its end: %w", p.photo.Path, err)
	}
	if moved {
		n++
	}
	for i := n - 1; i >= 0; i-- {
		if _, err := u.mover().Carry(wayOf(p.moves[i].Reversed(), nil)); err != nil {
			return fmt.Errorf("%s: it is undone in part, which the next command brings to its end: %w", p.photo.Path, err)
		}
	}
	_, err = u.Store.Apply(history.Change{Delete: keys(p.after), Put: p.before, Forget: []uint64{p.entry.ID}})
	u.clear(slices.Clone(p.moves[:n]), func(f journal.File) string { return f.To })
	return err
}

// hasMoved reports whether a file is at the end of its move.
func hasMoved(f journal.File) (bool, error) {
	from, err := originals.Look(top(f.From, f.FromTop), f.From, f.Hash, f.Folder)
	to, err2 := originals.Look(top(f.To, f.ToTop), f.To, f.Hash, f.Folder)
	return !from.There && to.Same, errors.Join(err, err2)
}

// settle ends an undo or a redo: what it took back is marked, records learn how
// the original is now, and folders that Burnish made and that are empty go.
func (u *Undoer) settle(e journal.Entry, marks []journal.Entry) error {
	done := history.Change{}
	for _, m := range marks {
		switch {
		case e.Act == journal.Undone, m.Act == journal.Undone:
			m.By = e.ID
		default:
			m.By = 0
		}
		m.Settled = true
		done.Log = append(done.Log, m)
	}
	e.Settled = true
	done.Log = append(done.Log, e)
	records, err := u.Store.Of(e.Photo)
	if err != nil {
		return err
	}
	if info, err := os.Lstat(e.Photo); err == nil && e.Act == journal.Undone {
		for _, r := range records {
			if !r.Undone.IsZero() && r.Content == e.Content && r.Content != "" {
				r.Stat = history.StatOf(info)
				done.Put = append(done.Put, r)
			}
		}
	}
	if _, err := u.Store.Apply(done); err != nil {
		return err
	}
	u.clear(e.Files, func(f journal.File) string { return f.From })
	return nil
}

// clear removes the folders that Burnish made and that files have left empty.
func (u *Undoer) clear(files []journal.File, left func(journal.File) string) {
	for _, f := range files {
		path, n := left(f), f.FromTop
		if path == f.To {
			n = f.ToTop
		}
		removed := originals.RemoveMade(top(path, n), path, func(folder string) bool {
			made, err := u.Store.IsMade(folder)
			return made && err == nil
		})
		if len(removed) > 0 {
			_, _ = u.Store.Apply(history.Change{Unmade: removed}) // else it is known as made, and is not there
		}
	}
}

func (u *Undoer) noteMade(folders []string) error {
	if len(folders) == 0 {
		return nil
	}
	_, err := u.Store.Apply(history.Change{Made: folders})
	return err
}

func keys(records []history.Record) (all []history.Key) {
	for _, r := range records {
		all = append(all, r.Key)
	}
	return all
}
