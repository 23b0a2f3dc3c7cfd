package plugin

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/plugin/history"
	"github.com/burnish-photo/burnish/plugin/output"
	"github.com/burnish-photo/burnish/plugin/source"
)

// trashFolder is where the state folder keeps the trash: a folder named by its
// retention for each.
const trashFolder = "trash"

// putAway does what the job asks for after success. The outputs are read once
// more: an original leaves its place only while they are as they were written.
func (w *work) putAway() error {
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
		hash, err := output.Digest(o.Path)
		if err != nil {
			return fmt.Errorf("output: %w", err)
		}
		if hash != o.Hash {
			return fmt.Errorf("the output %s is not as Burnish wrote it", o.Path)
		}
	}
	if err := w.unchanged(); err != nil {
		return err
	}
	folder := w.job.After.Move
	if folder == "" {
		folder = filepath.Join(w.engine.config.StateDir, trashFolder, w.job.After.Trash.String())
	}
	if err := w.engine.notAway(folder); err != nil {
		return err
	}
	rel, err := w.below()
	if err != nil {
		return err
	}
	return w.putTo(e, folder, rel)
}

// putTo moves the original. Before, the record says where to, so that the
// outputs stay this photo's whatever happens in between.
func (w *work) putTo(e history.Record, folder, rel string) error {
	first := e.Path == w.source // else another of the same content was put away before
	m := mover{owner: w.engine.owner, sidecars: !w.job.After.KeepSidecars, told: w.tell}
	// The trash is emptied, and nothing was made of a RAW or a film.
	m.originalsStay = w.job.After.Move == ""
	m.took = func(path string) { w.along = append(w.along, path) }
	if first {
		m.before = w.intend(&e)
	}
	place, err := m.relocate(w.file, folder, rel)
	if place == "" {
		if first {
			err = errors.Join(err, w.stays(&e))
		}
		return err
	}
	w.synced(place, err)
	w.engine.log.Debug("the original was put away", "photo", w.source, "to", place)
	if first {
		return w.engine.ledger.Move(w.source, place, w.key)
	}
	return nil
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
		w.engine.log.Warn("the original was not moved in full", "photo", w.source, "what", text)
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
	if e.MovedTo == "" || !there(w.source) {
		return nil
	}
	e.MovedTo = ""
	return w.engine.record(*e)
}

func (w *work) synced(place string, err error) {
	if err != nil {
		w.engine.log.Warn("the photo was moved, which a power cut may undo", "photo", w.source, "to", place, "error", err)
	}
}

// finishMove lets the record of a photo that was put away follow it where a
// crash came in between. Where the move had not come about and the photo was
// changed in its place since, the record forgets the move.
func (w *work) finishMove() error {
	e := w.before
	if e.State != history.Done || e.MovedTo == "" || e.Path == e.MovedTo || w.past().Path != "" {
		return nil
	}
	if hash, err := output.Digest(e.MovedTo); (err != nil || hash != e.Content) && e.Stat.Inode != 0 && e.Stat.Inode == source.Inode(w.info) {
		w.before.MovedTo = ""
		return w.engine.record(w.before)
	}
	w.before = history.Record{}
	return w.engine.ledger.Move(e.Path, e.MovedTo, w.key)
}

// wasPutAway reports whether the source of an output was put away; its outputs
// are all that a user may have left of it.
func (e *Engine) wasPutAway(outputName string) (bool, error) {
	if e.ledger == nil {
		return false, nil
	}
	made, _, err := e.ledger.Maker(outputName)
	return made.Record.MovedTo != "", err
}

// sameOutputs reports whether the outputs of this photo are those of one of
// equal content that was put away.
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
		if hash, err := output.Digest(name); name != made.Path || err != nil || hash != made.Hash {
			return false, nil
		}
	}
	return true, nil
}

// EmptyTrash removes what has been in the state folder's trash for as long as
// it is to be kept there.
func (e *Engine) EmptyTrash(now time.Time) error {
	folders, _ := filepath.Glob(filepath.Join(e.config.StateDir, trashFolder, "*"))
	var errs []error
	for _, folder := range folders {
		keep, err := time.ParseDuration(filepath.Base(folder))
		if err != nil {
			continue // not ours
		}
		errs = append(errs, removeOlder(folder, now.Add(-keep)))
	}
	return errors.Join(errs...)
}

// removeOlder removes the files that came to folder before then, and folders
// that are empty.
func removeOlder(folder string, then time.Time) error {
	var folders []string
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			folders = append(folders, path)
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if came(info).Before(then) {
			return os.Remove(path)
		}
		return nil
	})
	for i := len(folders) - 1; i > 0; i-- {
		_ = os.Remove(folders[i]) // the empty ones
	}
	return err
}

// came is when a file got its name, or its mode, at the latest.
func came(info os.FileInfo) time.Time {
	if t := source.ChangeTime(info); !t.IsZero() {
		return t
	}
	return info.ModTime()
}
