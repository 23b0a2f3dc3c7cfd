package plugin

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/burnish-photo/burnish/plugin/history"
	"github.com/burnish-photo/burnish/plugin/naming"
	"github.com/burnish-photo/burnish/plugin/output/staging"
	"github.com/burnish-photo/burnish/watcher/paths"
)

// mayWrite refuses to write over a source, or over a folder where the output is
// none.
func (w *work) mayWrite(name string, folder bool) error {
	info, err := os.Stat(name)
	if err != nil {
		return nil // not there, or the writing itself will say what is wrong
	}
	if info.IsDir() {
		if err := w.holdsSource(name); err != nil {
			return err
		}
	}
	if info.IsDir() && !folder {
		return w.request.Fail(Conflict, fmt.Errorf("the output %s is a folder", name), "rename the folder or change the output's path")
	}
	if os.SameFile(info, w.src.File.Info) {
		return w.request.Fail(Conflict, fmt.Errorf("the output %s would replace the original", name), "choose another output folder or path")
	}
	if err := w.mayBeThere(name); err != nil {
		return err
	}
	if id, ok := fileIDOf(name); w.engine.sources[realName(name)] || ok && w.engine.sourceFiles[id] {
		return w.request.Fail(Conflict, fmt.Errorf("the output %s would replace another original", name), "choose another output folder or path")
	}
	return nil
}

// mayBeThere refuses a file that was there before this engine, where the job
// forbids that.
func (w *work) mayBeThere(name string) error {
	if !w.job.Absent || w.job.Overwrite {
		return nil
	}
	w.engine.mu.Lock()
	_, ours := w.engine.written[name]
	w.engine.mu.Unlock()
	if _, err := os.Lstat(name); err != nil || ours {
		return nil //nolint:nilerr // not there
	}
	return w.request.Fail(Conflict, fmt.Errorf("the output %s exists", name), "")
}

// holdsSource refuses a folder that an original lies below.
func (w *work) holdsSource(folder string) error {
	for source := range w.engine.sources {
		if strings.HasPrefix(source, realName(folder)+"/") {
			return w.request.Fail(Conflict, fmt.Errorf("the output %s would replace the folder of the original %s", folder, source), "choose another output folder or path")
		}
	}
	if paths.ResolvedWithin(w.request.Path, folder) {
		return w.request.Fail(Conflict, fmt.Errorf("the output %s would replace the original's folder", folder), "choose another output folder or path")
	}
	return nil
}

func (w *work) taken(name, owner string) error {
	return w.request.Fail(Conflict, fmt.Errorf("the output %s already belongs to %s", name, owner), "add {ext} or {hash} to the output's path so that the two differ")
}

// written is an output that an engine without a ledger remembers.
type written struct{ source, hash string }

// ownerOf is the source that an output was made from, "" where Burnish does
// not know of it. e.mu is held.
func (e *Engine) ownerOf(name string) (string, error) {
	if e.ledger == nil {
		return e.written[name].source, nil
	}
	made, _, err := e.ledger.Maker(name)
	return made.Path, err
}

// mayReplace refuses to write over what Burnish did not make, or what was
// changed since, unless it is the very same. Of files a user may allow it; a
// folder may hold anything, originals among it.
func (w *work) mayReplace(s *staging.File, overwrite bool) error {
	there, folder, err := s.There()
	overwrite = overwrite && !folder
	if errors.Is(err, os.ErrNotExist) || err == nil && (there == s.Hash || overwrite) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("output %s: %w", s.Path, err)
	}
	ours, err := w.engine.wrote(s.Path, there)
	if ours || err != nil || w.isOfThis(s.Path, there) {
		return err
	}
	return w.request.Fail(Conflict, fmt.Errorf("the output %s exists and is not as Burnish made it", s.Path), "move it away, or choose another output folder or path")
}

// wrote reports whether the file of that name and content is an output.
func (e *Engine) wrote(name, hash string) (bool, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ledger == nil {
		return e.written[name].hash == hash, nil
	}
	owner, err := e.ownerOf(name)
	if owner == "" || err != nil {
		return false, err
	}
	return history.Wrote(e.ledger, name, hash)
}

// publish gives the outputs their names, all of them being written, and lets the ledger know:
// before, so that they are known as Burnish's own whatever happens, and after.
// staged stands by the targets; nil is one with nothing of its own to write.
func (w *work) publish(staged []*staging.File, result Result) (Result, error) {
	for i, s := range staged {
		if s == nil {
			continue
		}
		o := &w.pipeline.outputs[w.targets[i].output]
		if err := w.settle(i, s); err != nil {
			return Result{Notes: result.Notes}, err
		}
		if err := w.mayReplace(s, w.job.Overwrite || o.Collision == naming.Overwrite); err != nil {
			return Result{Notes: result.Notes}, err
		}
		if err := s.Preserve(o.Preserve, w.src.Content(), w.src.File.Info); err != nil {
			return Result{Notes: result.Notes}, w.request.Fail(Unwritable, err, "let Burnish run as a user that may, or take it out of \"preserve\"")
		}
		result.Outputs = append(result.Outputs, Output{Path: s.Path, Format: w.targets[i].encoder.Format, Size: s.Size, Hash: s.Hash})
	}
	if err := w.recordIntent(result); err != nil {
		return Result{Notes: result.Notes}, err
	}
	if err := rename(staged); err != nil {
		return Result{Notes: result.Notes}, err
	}
	return result, w.recordDone(result)
}

// settle lets a numbered output have another number's name, or the plain one,
// where the very same file is already that nobody is known to own: what was made
// before the ledger was lost stays, and no second one is written beside it. The
// file needs no seal: it is to the byte what would be written now, which is
// either what only this pipeline makes or, for an undamaged photo that passes
// through, a copy of the source, of which the original is at hand. This photo's
// own file, under whatever name, is never taken, nor is a source that the host
// named.
//
// Files are read while the engine's lock is free; whose they are is asked before
// and, under the lock, once more after.
func (w *work) settle(i int, s *staging.File) error {
	t := &w.targets[i]
	if w.pipeline.outputs[t.output].Collision != naming.Number {
		return nil
	}
	for _, name := range naming.NumberedThere(t.plain) {
		if name == t.path {
			continue
		}
		free, err := w.take(t, name, false)
		if err != nil {
			return err
		}
		if !free || w.mayWrite(name, t.encoder.Folder(name)) != nil || !s.Equals(name) {
			continue
		}
		if free, err = w.take(t, name, true); err != nil {
			return err
		}
		if free {
			s.Path = name
			return nil
		}
	}
	return nil
}

// take reports whether nobody has a name, and claims it for the target instead
// of its own where that is asked.
func (w *work) take(t *target, name string, claim bool) (free bool, err error) {
	e := w.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	owner, err := e.ownerOf(name)
	if owner != "" || err != nil || e.claims[name] != nil {
		return false, err
	}
	if claim {
		delete(e.claims, t.path)
		e.claims[name], t.path = w, name
	}
	return true, nil
}

// rename publishes all, and sees that their names are on the disk; where one
// fails, those that replaced nothing are taken back.
func rename(staged []*staging.File) error {
	var fresh, published []*staging.File
	takeBack := func(what, path string, err error) error {
		for _, s := range fresh {
			s.Withdraw()
		}
		return fmt.Errorf("%s %s: %w", what, path, err)
	}
	for _, s := range staged {
		if s == nil {
			continue
		}
		if same, err := s.Keep(); same || err != nil {
			if err != nil {
				return takeBack("output", s.Path, err)
			}
			continue
		}
		isNew, err := s.Publish()
		if err != nil {
			return takeBack("output", s.Path, err)
		}
		if isNew {
			fresh = append(fresh, s)
		}
		published = append(published, s)
	}
	var folders []string
	for _, s := range published {
		folder := filepath.Dir(s.Path)
		if slices.Contains(folders, folder) {
			continue
		}
		folders = append(folders, folder)
		if err := s.Sync(); err != nil {
			return takeBack("folder of outputs", folder, err)
		}
	}
	return nil
}
