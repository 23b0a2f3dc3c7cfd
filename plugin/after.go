package plugin

import (
	"errors"
	"fmt"
	"github.com/burnish-photo/burnish/plugin/output/staging"
	"slices"
	"time"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/plugin/history"
	"github.com/burnish-photo/burnish/plugin/mounts"
	"github.com/burnish-photo/burnish/plugin/originals"
	"github.com/burnish-photo/burnish/plugin/source"
)

// archiveOriginal does what the job asks for after success. The outputs are read once
// more: an original leaves its place only while they are as they were written.
func (w *work) archiveOriginal() error {
	e := w.past() // not what was done with an earlier content of the file
	if w.job.After.keeps() || w.engine.ledger == nil || e.State != history.Done {
		return nil
	}
	if e.Notes[recognisedNote] != "" {
		// What recognised it proves that its outputs did not change by accident,
		// not who wrote them: too little to part with an original.
		return nil
	}
	if len(e.Outputs) == 0 {
		return errors.New("it has no outputs")
	}
	for _, o := range e.Outputs {
		hash, err := staging.Digest(o.Path)
		if err != nil {
			return fmt.Errorf("output: %w", err)
		}
		if hash != o.Hash {
			return fmt.Errorf("the output %s is not as Burnish wrote it", o.Path)
		}
	}
	if err := w.src.Unchanged(); err != nil {
		return err
	}
	folder := w.job.After.Move
	if folder == "" {
		folder = originals.TrashFor(w.engine.config.StateDir, w.job.After.Trash)
	}
	if err := mounts.Check(w.engine.ledger, folder); err != nil {
		return err
	}
	rel, err := w.request.Below()
	if err != nil {
		return err
	}
	return w.moveOriginal(e, folder, rel)
}

// moveOriginal moves the original. Before, the record says where to, so that the
// outputs stay this photo's whatever happens in between.
func (w *work) moveOriginal(e history.Record, folder, rel string) error {
	first := e.Path == w.request.Path // else another of the same content was archived before
	m := w.mover()
	switch {
	case w.job.After.KeepSidecars:
	case w.job.After.Move == "": // the trash is emptied, and nothing was made of a RAW or a film
		m.Sidecars = originals.MoveEdits
	default:
		m.Sidecars = originals.MoveAll
	}
	m.SidecarMoved = func(path string) { w.along = append(w.along, path) }
	if first {
		m.Before = w.intend(&e)
	}
	place, err := m.Relocate(w.src.File, folder, rel)
	if place == "" {
		if first {
			err = errors.Join(err, w.stays(&e))
		}
		return err
	}
	w.synced(place, err)
	w.engine.log.Debug("original archived", "photo", w.request.Path, "to", place)
	if first {
		return w.engine.ledger.Move(w.request.Path, place, w.key)
	}
	return nil
}

// mover moves originals for this engine, and tells of what it could not keep.
func (w *work) mover() originals.Mover {
	return originals.Mover{Owner: w.engine.tempPrefix, Listings: &w.engine.listings, Note: w.tell}
}

// tell notes what is to be said of a move.
func (w *work) tell(key, text string) {
	if w.moved == nil {
		w.moved = map[string]string{}
	}
	if w.moved[key] != "" {
		text = w.moved[key] + "; " + text
	}
	w.moved[key] = text
	if key != "sidecars" {
		w.engine.log.Warn("the original was not moved in full", "photo", w.request.Path, "what", text)
	}
}

// intend records each place that the photo is about to be moved to.
func (w *work) intend(e *history.Record) func(name string) error {
	return func(name string) error {
		e.MovedTo = name
		return w.engine.record(*e)
	}
}

// stays takes the intent to move the photo back if it lies where it did.
func (w *work) stays(e *history.Record) error {
	if e.MovedTo == "" || !mounts.MayExist(w.request.Path) {
		return nil
	}
	e.MovedTo = ""
	return w.engine.record(*e)
}

func (w *work) synced(place string, err error) {
	if err != nil {
		w.engine.log.Warn("moved, but directory not synced", "photo", w.request.Path, "to", place, "error", err)
	}
}

// finishMove lets the record of a photo that was archived follow it where a
// crash came in between. Where the move had not come about and the photo was
// changed in its place since, the record forgets the move.
func (w *work) finishMove() error {
	e := w.before
	if e.State != history.Done || e.MovedTo == "" || e.Path == e.MovedTo || w.past().Path != "" {
		return nil
	}
	if hash, err := staging.Digest(e.MovedTo); (err != nil || hash != e.Content) && e.Stat.Inode != 0 && e.Stat.Inode == source.Inode(w.src.File.Info) {
		w.before.MovedTo = ""
		return w.engine.record(w.before)
	}
	w.before = history.Record{}
	return w.engine.ledger.Move(e.Path, e.MovedTo, w.key)
}

// isArchived reports whether the source of an output was archived; its outputs
// are all that a user may have left of it.
func (e *Engine) isArchived(outputName string) (bool, error) {
	if e.ledger == nil {
		return false, nil
	}
	made, _, err := e.ledger.Maker(outputName)
	return made.Record.MovedTo != "", err
}

// sameOutputs reports whether the outputs of this photo are those of one of
// equal content that was archived.
func (w *work) sameOutputs(e history.Record, src *ops.Source) (bool, error) {
	if e.MovedTo == "" {
		return false, nil
	}
	names, err := w.outputNames(src)
	if err != nil {
		return false, err
	}
	for i, name := range names {
		if slices.Contains(e.LeftOut, i) {
			continue
		}
		made := e.Outputs[place(e, i)]
		if hash, err := staging.Digest(name); name != made.Path || err != nil || hash != made.Hash {
			return false, nil
		}
	}
	return true, nil
}

// EmptyTrash removes what has been in the state folder's trash for as long as
// it is to be kept there.
func (e *Engine) EmptyTrash(now time.Time) error {
	return originals.EmptyTrash(e.config.StateDir, now)
}
