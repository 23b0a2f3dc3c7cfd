package plugin

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/burnish-photo/burnish/plugin/beneath"
	"github.com/burnish-photo/burnish/plugin/history"
	"github.com/burnish-photo/burnish/plugin/history/journal"
	"github.com/burnish-photo/burnish/plugin/output/staging"
)

// publish gives the outputs their names, all of them being written, and lets the
// records know: before, so that they are known as Burnish's own whatever happens,
// and after. staged stands by the targets; nil is one with nothing of its own to
// write.
func (e *Engine) publish(t *task, staged []*staging.File, result Result) (Result, error) {
	failed := Result{Notes: result.Notes}
	outcome := history.Outcome{LeftOut: t.leftOut(), Notes: result.Notes}
	for i, s := range staged {
		if s == nil {
			continue
		}
		if err := t.names.Settle(i, s); err != nil {
			return failed, err
		}
		if err := t.names.MayReplace(i, s); err != nil {
			return failed, err
		}
		target := t.names.Targets[i]
		if err := s.Preserve(t.pipeline.outputs[target.Output].Preserve, t.src.Content(), t.src.File.Info); err != nil {
			return failed, t.request.Fail(Unwritable, err, "let Burnish run as a user that may, or take it out of \"preserve\"")
		}
		result.Outputs = append(result.Outputs, Output{Path: s.Path, Format: target.Format, Size: s.Size, Hash: s.Hash})
		outcome.Outputs = append(outcome.Outputs, history.Output{Path: s.Path, Size: s.Size, Hash: s.Hash})
		file, err := t.published(s)
		if err != nil {
			return failed, err
		}
		outcome.Files, outcome.Made = append(outcome.Files, file), append(outcome.Made, s.Made()...)
	}
	if err := t.history.Intend(outcome); err != nil {
		return failed, err
	}
	if err := rename(staged); err != nil {
		return failed, err
	}
	return result, t.history.Done(outcome)
}

// published is an output as the journal tells of it.
func (t *task) published(s *staging.File) (f journal.File, err error) {
	f = journal.File{To: s.Path, ToTop: journal.Top(t.Folder, s.Path), Size: s.Size, Hash: s.Hash, Folder: s.IsFolder(), Replaced: s.Replaces()}
	if f.Replaced != "" {
		f.Own, err = t.history.Owners().Wrote(s.Path, f.Replaced)
	}
	return f, err
}

// copyOutputs copies the outputs that an equal photo under another path has
// already got. It is not done where they are no longer there as they were.
func copyOutputs(t *task, from history.Record) (_ Result, done bool, err error) {
	t.inherited = from.LeftOut
	defer func() {
		if !done {
			t.inherited = nil
			t.release()
		}
	}()
	img, err := t.src.Decode(context.Background(), 0)
	if err != nil {
		return Result{}, false, err
	}
	img.Close()
	t.describe(img)
	if err := t.claim(img.Source, 1); err != nil {
		return Result{}, false, err
	}
	if t.names.Idle() {
		return Result{State: Skipped, Reason: standing}, true, nil
	}
	staged := make([]*staging.File, len(t.names.Targets))
	defer discard(staged)
	for i, target := range t.names.Targets {
		if target.Name == "" {
			continue
		}
		made := from.Outputs[from.Place(i)]
		f, err := staging.OpenBelow(t.Folder, made.Path)
		if err != nil {
			return Result{}, false, nil //nolint:nilerr // it is made anew
		}
		s, err := t.engine.tempPrefix.Copy(beneath.Handle(f), t.Folder, target.Name)
		f.Close()
		staged[i] = s
		if err != nil || s.Hash != made.Hash {
			return Result{}, false, nil
		}
	}
	result, err := t.engine.publish(t, staged, Result{State: Done, Reason: "the same content as " + from.Path, Notes: from.Notes})
	return result, true, err
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
