package history

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/burnish-photo/burnish/plugin/history/journal"
	"github.com/burnish-photo/burnish/plugin/mounts"
	"github.com/burnish-photo/burnish/plugin/originals"
	"github.com/burnish-photo/burnish/plugin/output/staging"
)

// After is what becomes of an original when its outputs are on the disk; the
// zero value leaves it where it is.
type After struct {
	Move  string        // folder that it is moved to, below the same subfolders
	Trash time.Duration // how long it is kept in the state folder's trash

	// KeepSidecars leaves behind what belongs to the original: edits, a film, a
	// RAW, descriptions by Google Takeout. Else it goes with it; into the trash
	// RAWs and films do not.
	KeepSidecars bool
}

// Archive does what is to be done with the original after success. The outputs are read once
// more: an original leaves its place only while they are as they were written.
func (c *Case) Archive(after After) error {
	r := c.Past() // not what was done with an earlier content of the file
	if after.Move == "" && after.Trash == 0 || c.history.Store == nil || r.State != Done {
		return nil
	}
	if r.Notes[recognizedNote] != "" {
		// What recognised it proves that its outputs did not change by accident,
		// not who wrote them: too little to part with an original.
		return nil
	}
	if len(r.Outputs) == 0 {
		return errors.New("it has no outputs")
	}
	for _, o := range r.Outputs {
		hash, err := staging.Digest(o.Path)
		if err != nil {
			return fmt.Errorf("output: %w", err)
		}
		if hash != o.Hash {
			return fmt.Errorf("the output %s is not as Burnish wrote it", o.Path)
		}
	}
	if err := c.photo.Unchanged(); err != nil {
		return err
	}
	folder := after.Move
	if folder == "" {
		folder = originals.TrashFor(c.history.StateDir, after.Trash)
	}
	if err := mounts.Check(c.history.Store, folder); err != nil {
		return err
	}
	rel, err := c.photo.Below()
	if err != nil {
		return err
	}
	return move{c}.original(r, after, folder, rel)
}

// move moves the original of a case.
type move struct{ c *Case }

// original moves the original. Before, the record says where to, so that the
// outputs stay this photo's whatever happens in between.
func (m move) original(r Record, after After, folder, rel string) error {
	first := r.Path == m.c.photo.Path // else another of the same content was archived before
	via := m.mover()
	switch {
	case after.KeepSidecars:
	case after.Move == "": // the trash is emptied, and nothing was made of a RAW or a film
		via.Sidecars = originals.MoveEdits
	default:
		via.Sidecars = originals.MoveAll
	}
	via.SidecarMoved = func(path string) { m.c.along = append(m.c.along, path) }
	record := &r
	if !first {
		record = nil
	}
	entry := m.c.task.entry(journal.Archived, m.c.photo)
	via.Before = m.intend(record, &entry, folder)
	place, err := via.Relocate(m.c.photo.File, folder, rel)
	if place == "" {
		return errors.Join(err, m.stays(record, entry))
	}
	m.synced(place, err)
	m.c.history.Log.Debug("original archived", "photo", m.c.photo.Path, "to", place)
	entry.Settled = true
	done := Change{Log: []journal.Entry{entry}}
	if first {
		done.Delete = []Key{r.Key}
		r.Path, r.MovedTo = place, place
		r.Mounts = mounts.Cache{}.Names(r.files(), r.Mounts)
		done.Put = []Record{r}
	}
	_, err = m.c.history.Store.Apply(done)
	return err
}

// mover moves originals for this engine, and tells of what it could not keep.
func (m move) mover() originals.Mover {
	return originals.Mover{Owner: m.c.history.Temporary, Listings: &m.c.history.listings, Note: m.tell}
}

// tell notes what is to be said of a move.
func (m move) tell(key, text string) {
	if m.c.notes == nil {
		m.c.notes = map[string]string{}
	}
	if m.c.notes[key] != "" {
		text = m.c.notes[key] + "; " + text
	}
	m.c.notes[key] = text
	if key != "sidecars" {
		m.c.history.Log.Warn("the original was not moved in full", "photo", m.c.photo.Path, "what", text)
	}
}

// intend records each place below folder that the photo is about to be moved
// to: in its record, unless r is nil, and in the journal.
func (m move) intend(r *Record, e *journal.Entry, folder string) func(originals.Plan) error {
	return func(p originals.Plan) error {
		e.Files = []journal.File{m.file(m.c.photo.Path, p.Path, folder)}
		e.Files[0].Size, e.Files[0].Hash = m.c.photo.File.Info.Size(), e.Content
		for _, from := range slices.Sorted(maps.Keys(p.Sidecars)) {
			f := m.file(from, p.Sidecars[from], folder)
			f.Sidecar = true
			e.Files = append(e.Files, f)
		}
		if r != nil {
			r.MovedTo = p.Path
			return m.c.history.log(Key{}, *r, e, p.Made...)
		}
		ids, err := m.c.history.Store.Apply(Change{Log: []journal.Entry{*e}, Made: p.Made})
		if err == nil {
			e.ID = ids[0]
		}
		return err
	}
}

func (m move) file(from, to, folder string) journal.File {
	return journal.File{From: from, FromTop: journal.Top(m.c.photo.Root, from), To: to, ToTop: journal.Top(folder, to)}
}

// stays takes the intent to move the photo back if it lies where it did.
func (m move) stays(r *Record, e journal.Entry) error {
	if e.ID == 0 || !mounts.MayExist(m.c.photo.Path) {
		return nil
	}
	back := Change{Forget: []uint64{e.ID}}
	if r != nil {
		r.MovedTo = ""
		back.Put = []Record{*r}
	}
	_, err := m.c.history.Store.Apply(back)
	return err
}

func (m move) synced(place string, err error) {
	if err != nil {
		m.c.history.Log.Warn("moved, but directory not synced", "photo", m.c.photo.Path, "to", place, "error", err)
	}
}

// Moved is what there is to say of the original's move, and the paths that
// sidecars had which went with it.
func (c *Case) Moved() (notes map[string]string, sidecars []string) { return c.notes, c.along }
