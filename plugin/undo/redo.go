package undo

import (
	"slices"
	"strings"
	"time"

	"github.com/burnish-photo/burnish/plugin/history"
	"github.com/burnish-photo/burnish/plugin/history/journal"
	"github.com/burnish-photo/burnish/plugin/originals"
)

// planRedo decides how an undo is taken back: its moves in the opposite order,
// so that an original leaves its place only once its outputs are there.
func (s selection) planRedo(n unit) (p plan, err error) {
	u := n.entries[0]
	p.photo = Photo{Path: n.photo, Pipeline: u.Pipeline}
	p.entry = journal.Entry{
		Act: journal.Redone, Time: time.Now(), Photo: n.photo, Root: u.Root, Task: u.Task, Pipeline: u.Pipeline, Content: u.Content, Of: []uint64{u.ID},
	}
	for _, e := range n.others {
		if e.ID > u.ID && e.Act != journal.Redone {
			p.refuse("burnish undo takes back what was done since", "the photo was processed again since")
			return p, nil
		}
	}
	of, err := s.undid(u)
	if err != nil {
		return p, err
	}
	if len(of) < len(u.Of) {
		p.refuse("burnish reprocess makes outputs anew", "the journal no longer tells what was undone")
		return p, nil
	}
	if err := s.redoneRecords(&p, of); err != nil || p.photo.Problem != "" {
		return p, err
	}
	for _, f := range slices.Backward(u.Files) {
		s.planForth(&p, f.Reversed(), u)
		if p.photo.Problem != "" {
			return p, nil
		}
	}
	p.entry.Files = p.moves
	p.marks = append(of, u)
	return p, nil
}

// undid are the entries that an undo took back.
func (s selection) undid(u journal.Entry) (of []journal.Entry, err error) {
	all, err := s.Store.Entries(journal.Query{Photo: u.Photo})
	for _, e := range all {
		if slices.Contains(u.Of, e.ID) {
			of = append(of, e)
		}
	}
	return of, err
}

// planForth decides one move of a redo.
func (s selection) planForth(p *plan, f journal.File, u journal.Entry) {
	there, err := originals.Look(top(f.From, f.FromTop), f.From, f.Hash, f.Folder)
	place, err2 := originals.Look(top(f.To, f.ToTop), f.To, f.Hash, f.Folder)
	switch {
	case err != nil:
		_ = p.unreadable(f.From, err)
	case err2 != nil:
		_ = p.unreadable(f.To, err2)
	case !there.There && f.Sidecar:
		p.photo.Missing = append(p.photo.Missing, f.From)
	case !there.There:
		p.refuse("burnish reprocess makes outputs anew", "%s is gone: the trash keeps what was undone for %d days", f.From, int(Kept.Hours()/24))
	case !there.Same:
		p.refuse("put it back as it was, then repeat the command", "%s has changed since", f.From)
	case place.There && !slices.ContainsFunc(p.moves, func(before journal.File) bool { return before.From == f.To }):
		p.refuse("move it away, then repeat the command", "a file is at %s now", f.To)
	default:
		p.add(f, there.Info)
		switch {
		case f.Sidecar:
			p.photo.Sidecars++
		case f.From == u.Photo:
			p.photo.Originals++
		case strings.HasPrefix(f.To, originals.TrashFolder(s.StateDir)+"/"):
			p.photo.Restored++ // and goes to the trash again
		default:
			p.photo.Outputs++
		}
	}
}

// redoneRecords are the records as they were before the undo.
func (s selection) redoneRecords(p *plan, of []journal.Entry) error {
	all, err := s.Store.Of(p.photo.Path)
	if err != nil {
		return err
	}
	for _, r := range all {
		i := slices.IndexFunc(of, func(e journal.Entry) bool { return e.Task == r.Task })
		if i < 0 {
			continue
		}
		if r.State != history.Skipped || r.Undone.IsZero() {
			p.refuse("burnish undo takes back what was done since", "the photo is processed again, or is to be")
			return nil
		}
		p.before = append(p.before, r)
		r = r.Restored()
		for _, e := range of {
			if e.Task != r.Task || len(e.Files) == 0 {
				continue
			}
			switch e.Act {
			case journal.Archived:
				r.Path, r.MovedTo = e.Files[0].To, e.Files[0].To
			case journal.Quarantined:
				r.State, r.MovedTo = history.Quarantined, e.Files[0].To
			}
		}
		if len(r.Outputs) == 0 && r.State == history.Done { // an equal photo's record stands for it
			continue
		}
		p.after = append(p.after, r)
	}
	return nil
}
