package undo

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/burnish-photo/burnish/plugin/history"
	"github.com/burnish-photo/burnish/plugin/history/journal"
	"github.com/burnish-photo/burnish/plugin/mounts"
	"github.com/burnish-photo/burnish/plugin/originals"
)

// plan is what becomes of a photo's files and records.
type plan struct {
	photo  Photo
	moves  []journal.File
	seen   []fs.FileInfo    // of the moves' files
	before []history.Record // that are replaced
	after  []history.Record // by these
	entry  journal.Entry    // that tells of it
	marks  []journal.Entry  // that it takes back, or puts in force again
}

// deniedHint is what to do where a file may not be reached: a daemon's sandbox
// leaves open what its configuration names.
const deniedHint = "name its folder under worker.write and reload, or stop the daemon and repeat the command as the user that it runs as"

// refuse leaves everything as it is.
func (p *plan) refuse(hint, format string, args ...any) {
	p.photo.Problem, p.photo.Hint = fmt.Sprintf(format, args...), hint
}

func (p *plan) add(f journal.File, seen fs.FileInfo) {
	p.moves, p.seen = append(p.moves, f), append(p.seen, seen)
	p.photo.Bytes += f.Size
}

// chain are the publications of one path: the newest, which is what lies there,
// and the oldest, which tells what lay there before.
type chain struct {
	newest, oldest journal.File
}

// plan decides how a unit is undone. Originals come first, so that a photo has
// its original whatever comes in between.
func (s selection) plan(n unit) (p plan, err error) {
	newest := n.entries[0]
	p.photo = Photo{Path: n.photo, Pipeline: newest.Pipeline}
	p.entry = journal.Entry{
		Act: journal.Undone, Time: time.Now(), Photo: n.photo, Root: newest.Root, Task: newest.Task, Pipeline: newest.Pipeline, Content: newest.Content,
	}
	chains, order := map[string]*chain{}, []string(nil)
	var published *journal.Entry
	back := false // the original is moved to its place
	for _, e := range n.entries {
		p.entry.Of = append(p.entry.Of, e.ID)
		p.marks = append(p.marks, e)
		if e.Act != journal.Published {
			if err := s.planBack(&p, e); err != nil || p.photo.Problem != "" {
				return p, err
			}
			back = back || p.photo.Originals > 0
			continue
		}
		if published == nil {
			published = &e
		}
		for _, f := range e.Files {
			if f.Equal() {
				continue
			}
			if c := chains[f.To]; c != nil {
				c.oldest = f
				continue
			}
			chains[f.To] = &chain{f, f}
			order = append(order, f.To)
		}
	}
	if p.before, err = s.Undoer.records(n); err != nil {
		return p, err
	}
	if published != nil && !back {
		if err := s.checkOriginal(&p, *published); err != nil || p.photo.Problem != "" {
			return p, err
		}
	}
	for _, path := range order {
		if err := s.planAway(&p, *chains[path], n.others); err != nil || p.photo.Problem != "" {
			return p, err
		}
	}
	p.entry.Files = p.moves
	p.after = undone(p, newest)
	return p, nil
}

// undone are the records of a photo whose files are as they had been: they keep
// it from being processed until somebody asks, or its content changes.
func undone(p plan, e journal.Entry) (after []history.Record) {
	for _, r := range p.before {
		after = append(after, r.TakenBack(p.photo.Path, p.entry.Time))
	}
	if len(after) == 0 && e.Task != "" { // an equal photo's record has stood for it
		r := history.Record{Key: history.Key{Task: e.Task, Content: e.Content}, Root: e.Root, Pipeline: e.Pipeline, Finished: p.entry.Time}
		after = append(after, r.TakenBack(p.photo.Path, p.entry.Time))
	}
	return after
}

// planBack decides how an original and its sidecars return.
func (s selection) planBack(p *plan, e journal.Entry) error {
	for i, f := range e.Files {
		root := top(f.From, f.FromTop)
		if err := mounts.Check(s.Store, root); err != nil {
			p.refuse("mount it, then repeat the command", "%v", err)
			return nil
		}
		away, err := originals.Look(top(f.To, f.ToTop), f.To, f.Hash, false)
		if err != nil {
			return p.unreadable(f.To, err)
		}
		place, err := originals.Look(root, f.From, f.Hash, false)
		if err != nil {
			return p.unreadable(f.From, err)
		}
		what := "the original"
		if f.Sidecar {
			what = "the sidecar"
		}
		switch {
		case !away.There && place.Same:
			continue // a crash came before it was moved, or somebody has moved it back
		case !away.There && f.Sidecar:
			p.photo.Missing = append(p.photo.Missing, f.To)
			continue
		case !away.There && place.There:
			p.refuse("move what lies there away and put the original back yourself", "%s is gone, and another file is at %s now", f.To, f.From)
			return nil
		case !away.There:
			p.refuse("restore it from a backup; its outputs stay", "%s is not at %s any more: it was moved or removed, or the trash was emptied", what, f.To)
			return nil
		case !away.Same:
			p.refuse(fmt.Sprintf("move it to %s yourself if that is what should lie there", f.From), "%s %s has changed since", what, f.To)
			return nil
		case place.There:
			p.refuse("move one of them away, then repeat the command", "%s cannot return from %s: another file is at %s now", what, f.To, f.From)
			return nil
		}
		f.Size = away.Info.Size()
		p.add(f.Reversed(), away.Info)
		if i == 0 {
			p.photo.Originals++
		} else {
			p.photo.Sidecars++
		}
	}
	return nil
}

// checkOriginal refuses to take outputs away that may be all that is left.
func (s selection) checkOriginal(p *plan, e journal.Entry) error {
	root := cmp.Or(e.Root, filepath.Dir(e.Photo))
	for _, r := range p.before {
		if now, err := originals.Look(root, e.Photo, "", false); err == nil && now.Same && r.Path == e.Photo && r.Content == e.Content && history.StatOf(now.Info).Same(r.Stat) {
			return nil
		}
	}
	now, err := originals.Look(root, e.Photo, e.Content, false)
	switch {
	case err != nil:
		return p.unreadable(e.Photo, err)
	case !now.There:
		p.refuse("put the original back first, then repeat the command", "the original is not at %s: the outputs may be all that is left of it", e.Photo)
	case !now.Same:
		p.refuse("remove the outputs yourself if you want neither", "the original has changed since its outputs were made")
	}
	return nil
}

// planAway decides how the outputs of one path go, and what they replaced comes
// back.
func (s selection) planAway(p *plan, c chain, others []journal.Entry) error {
	f, was := c.newest, c.oldest
	now, err := originals.Look(top(f.To, f.ToTop), f.To, f.Hash, f.Folder)
	switch {
	case err != nil:
		return p.unreadable(f.To, err)
	case !now.There:
		p.photo.Missing = append(p.photo.Missing, f.To)
	case !now.Same:
		p.refuse("move it away to keep it, or put back what Burnish wrote; then repeat the command", "the output %s has changed since Burnish wrote it", f.To)
		return nil
	default:
		trash := s.trash(s.run)
		away := journal.File{From: f.To, FromTop: f.ToTop, To: filepath.Join(trash, f.To), ToTop: len(trash), Size: f.Size, Hash: f.Hash, Folder: f.Folder}
		p.add(away, now.Info)
		p.photo.Outputs++
	}
	if was.Replaced == "" {
		return nil
	}
	if was.Kept != "" {
		return s.planRestore(p, was)
	}
	earlier := false
	for _, e := range others {
		for _, o := range e.Files {
			earlier = earlier || e.Act == journal.Published && o.To == f.To && !o.Equal()
		}
	}
	switch {
	case earlier:
		p.refuse("leave --since out to undo what came before as well; burnish reprocess makes outputs anew", "the output %s replaced an earlier one, which was not kept", f.To)
	case !was.Own:
		p.refuse("remove the output yourself if you do not want it", "the output %s replaced a file that Burnish had not made, and which was not kept", f.To)
	}
	return nil
}

// planRestore brings back what an output had replaced.
func (s selection) planRestore(p *plan, was journal.File) error {
	root := originals.TrashFolder(s.StateDir)
	kept, err := originals.Look(root, was.Kept, was.Replaced, false)
	folder := err == nil && kept.There && kept.Info.IsDir()
	if folder {
		kept, err = originals.Look(root, was.Kept, was.Replaced, true)
	}
	switch {
	case err != nil:
		return p.unreadable(was.Kept, err)
	case !kept.Same:
		p.refuse("remove the output yourself if you do not want it", "what the output %s replaced is not in the trash any more", was.To)
		return nil
	}
	p.add(journal.File{From: was.Kept, FromTop: journal.Top(root, was.Kept), To: was.To, ToTop: was.ToTop, Size: kept.Info.Size(), Hash: was.Replaced, Folder: folder}, kept.Info)
	p.photo.Restored++
	return nil
}

// unreadable refuses a photo of which a file cannot be looked at.
func (p *plan) unreadable(path string, err error) error {
	hint := "repeat the command once the disk is well"
	if errors.Is(err, fs.ErrPermission) {
		hint = deniedHint
	}
	if at := (*fs.PathError)(nil); errors.As(err, &at) {
		err = at.Err
	}
	p.refuse(hint, "%s cannot be looked at: %v", path, err)
	return nil
}

// top is the folder that a file's path is below.
func top(path string, n int) string {
	if n <= 0 || n >= len(path) {
		return filepath.Dir(path)
	}
	return path[:n]
}
