package plugin

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/plugin/beneath"
	"github.com/burnish-photo/burnish/plugin/canary"
	"github.com/burnish-photo/burnish/plugin/history"
	"github.com/burnish-photo/burnish/plugin/history/journal"
	"github.com/burnish-photo/burnish/plugin/naming"
	"github.com/burnish-photo/burnish/plugin/originals"
	"github.com/burnish-photo/burnish/plugin/output/staging"
	"github.com/burnish-photo/burnish/plugin/review"
	"github.com/burnish-photo/burnish/plugin/undo"
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
		if err := t.mayReplace(i, s); err != nil {
			return failed, err
		}
		target := t.names.Targets[i]
		if err := s.Preserve(t.pipeline.outputs[target.Output].Preserve, t.src.Content(), t.src.File.Info); err != nil {
			return failed, t.request.Fail(Unwritable, err, "let Burnish run as a user that may, or take it out of \"preserve\"")
		}
		result.Outputs = append(result.Outputs, Output{Path: s.Path, Index: target.Output, Page: target.Page, Format: target.Format, Size: s.Size, Hash: s.Hash, Width: t.sizes[i][0], Height: t.sizes[i][1]})
		outcome.Outputs = append(outcome.Outputs, history.Output{Path: s.Path, Size: s.Size, Hash: s.Hash, Place: target.Output + 1})
		file, err := t.published(s)
		if err != nil {
			return failed, err
		}
		outcome.Files, outcome.Made = append(outcome.Files, file), append(outcome.Made, s.Made()...)
		if t.tried {
			outcome.Compared = append(outcome.Compared, canary.Compare(context.Background(), file, s.Temporary()))
		}
	}
	if err := t.history.Intend(outcome); err != nil {
		return failed, err
	}
	if err := rename(staged, t.job.Inline == ""); err != nil {
		return failed, err
	}
	return result, t.history.Done(outcome)
}

// mayReplace refuses to write over what Burnish did not make, unless somebody has
// asked for it to be made again; then it is kept.
func (t *task) mayReplace(i int, s *staging.File) error {
	if there, folder, err := s.There(); err == nil && !folder && t.isAltered(s.Path, there) {
		return nil
	}
	return t.names.MayReplace(i, s)
}

// isAltered reports whether that is a file which an output may replace, being kept.
func (t *task) isAltered(path, hash string) bool {
	return slices.ContainsFunc(t.altered, func(o history.Output) bool { return o.Path == path && o.Hash == hash })
}

// published is an output as the journal tells of it.
func (t *task) published(s *staging.File) (f journal.File, err error) {
	f = journal.File{To: s.Path, ToTop: journal.Top(t.Folder, s.Path), Size: s.Size, Hash: s.Hash, Folder: s.IsFolder(), Replaced: s.Replaces()}
	if f.Replaced != "" {
		f.Own, err = t.history.Owners().Wrote(s.Path, f.Replaced)
	}
	keep := t.engine.config.KeepReplaced
	if t.tried || t.isAltered(s.Path, f.Replaced) {
		keep = max(keep, undo.Kept)
	}
	if err != nil || f.Replaced == "" || f.Equal() || t.job.Unrecorded || keep == 0 {
		return f, err
	}
	if f.Kept, err = keepReplaced(t, f, keep); err != nil {
		return f, t.request.Fail(Unwritable, fmt.Errorf("what the output %s replaces cannot be kept: %w", s.Path, err), "free space in the state folder, or take keep_replaced out of \"ledger\"")
	}
	return f, nil
}

// keepReplaced copies to the trash, for that long, what an output is about to replace.
func keepReplaced(t *task, f journal.File, keep time.Duration) (path string, err error) {
	trash := originals.TrashFor(t.engine.config.StateDir, keep)
	path = filepath.Join(trash, "replaced-"+rand.Text()[:12], f.To)
	top := filepath.Dir(f.To)
	if f.ToTop > 0 {
		top = f.To[:f.ToTop]
	}
	there, err := os.Stat(f.To)
	if err != nil {
		return "", err
	}
	return path, originals.Mover{Owner: t.engine.tempPrefix}.Keep(originals.Way{From: f.To, FromTop: top, To: path, ToTop: trash, Hash: f.Replaced, Folder: there.IsDir()})
}

// copyOutputs copies the outputs that an equal photo under another path has
// already got. It is not done where they are no longer there as they were.
func copyOutputs(t *task, from history.Record) (_ Result, done bool, err error) {
	t.inherited = slices.Concat(t.kept.LeftOut, from.LeftOut)
	defer func() {
		if !done {
			t.inherited = t.kept.LeftOut
			t.release()
		}
	}()
	img, err := t.src.Decode(context.Background(), 0)
	if err != nil {
		return Result{}, false, err
	}
	describe(t, img)
	img.Close()
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

// reviewed sees that outputs go where they wait for review, where they are to, and
// with the strength that a reviewer asked for.
func reviewed(ctx context.Context, t *task, before *history.Review) context.Context {
	if t.job.Review || before != nil { // once under review, a photo stays so
		t.lot = t.engine.shelf.Begin()
	}
	if before == nil || before.Try == nil {
		return ctx
	}
	t.strength = before.Try
	return ops.WithStrength(ctx, *before.Try)
}

// wait lets the outputs wait for review, all of them being written.
func wait(t *task, r *rendering) (Result, error) {
	notes := r.notes.All()
	failed := Result{Notes: notes}
	waits := history.Review{Made: time.Now(), Strength: t.strength}
	result := Result{State: Waiting, Reason: review.Waits, Notes: notes}
	for i, s := range r.staged {
		if s == nil {
			continue
		}
		target := t.names.Targets[i]
		one, err := t.lot.Take(s, i, target.Name, target.Format)
		if err != nil {
			return failed, err
		}
		waits.Results = append(waits.Results, one)
		result.Outputs = append(result.Outputs, Output{Path: s.Path, Index: target.Output, Page: target.Page, Format: target.Format, Size: s.Size, Hash: s.Hash, Width: t.sizes[i][0], Height: t.sizes[i][1]})
	}
	if err := t.lot.Record(t.history, history.Outcome{LeftOut: t.leftOut(), Notes: notes}, waits); err != nil {
		return failed, err
	}
	return result, nil
}

// publishApproved publishes results that were approved in review, to the byte as
// they were made. It is not done where one is no longer so, or another is wanted:
// then all are made anew, and wait again.
func publishApproved(t *task, r history.Record) (_ Result, done bool, err error) {
	t.inherited = r.LeftOut
	var staged []*staging.File
	defer func() {
		discard(staged)
		if !done {
			t.inherited = nil
			t.release()
		}
	}()
	header, err := t.src.Header()
	if err != nil {
		return Result{}, false, err
	}
	img, err := t.src.Decode(context.Background(), 0)
	if err != nil {
		return Result{}, false, err
	}
	img.Close()
	pages, _ := t.pipeline.pagesOf(header)
	if err := t.claim(img.Source, pages); err != nil {
		return Result{}, false, err
	}
	if t.names.Idle() {
		return Result{State: Skipped, Reason: standing}, true, t.history.Unwanted(standing, history.Outcome{LeftOut: r.LeftOut, Notes: r.Notes})
	}
	staged = make([]*staging.File, len(t.names.Targets))
	for i, target := range t.names.Targets {
		staged[i], err = approved(t, r.Review, i, target)
		if errors.Is(err, errNotAsMade) {
			t.engine.log.Warn("what was approved is not as it was made: it is made anew and waits for review again", "photo", t.request.Path, "error", err)
			return Result{}, false, nil
		}
		if err != nil {
			return Result{}, false, err
		}
	}
	if err := t.src.Unchanged(); err != nil {
		return Result{}, false, err
	}
	t.history.Photo, t.history.Stats = r.Photo, func() ops.Stats { return r.Stats }
	notes := maps.Clone(r.Notes)
	if notes == nil {
		notes = map[string]string{}
	}
	notes[review.Note] = "approved " + r.Review.Approved.Local().Format(time.DateTime)
	result, err := t.engine.publish(t, staged, Result{State: Done, Notes: notes})
	if err != nil {
		return result, true, err
	}
	if err := r.Review.Remove(t.engine.config.StateDir); err != nil {
		t.engine.log.Warn("published results were not removed from review", "photo", t.request.Path, "error", err)
	}
	return result, true, nil
}

// errNotAsMade is of a result that is no longer what a reviewer saw.
var errNotAsMade = errors.New("it cannot be published")

// approved stages a copy of the result for a target, nil where the target has no
// file of its own.
func approved(t *task, r *history.Review, place int, target naming.Target) (*staging.File, error) {
	if target.Name == "" {
		return nil, nil
	}
	i := slices.IndexFunc(r.Results, func(o history.Result) bool { return o.Target == place })
	if i < 0 && slices.ContainsFunc(t.names.Targets, func(o naming.Target) bool { return o.Name == target.Name && o.Page > target.Page }) {
		return nil, nil // the file comes with the last of its pages
	}
	if i < 0 {
		return nil, fmt.Errorf("%w: there is no result for %s", errNotAsMade, target.Name)
	}
	from := r.File(t.engine.config.StateDir, r.Results[i])
	if _, err := os.Lstat(from); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %w", errNotAsMade, err)
	}
	s, err := t.engine.tempPrefix.CopyAll(from, t.Folder, target.Name, t.src.Content())
	if err != nil {
		return nil, err
	}
	if s.Hash != r.Results[i].Hash {
		s.Discard()
		return nil, fmt.Errorf("%w: %s was changed", errNotAsMade, from)
	}
	return s, nil
}

// rename publishes all, and sees that their names are on the disk; where one
// fails, those that replaced nothing are taken back. Without sync a power cut may
// undo it.
func rename(staged []*staging.File, sync bool) error {
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
		if !sync || slices.Contains(folders, folder) {
			continue
		}
		folders = append(folders, folder)
		if err := s.Sync(); err != nil {
			return takeBack("folder of outputs", folder, err)
		}
	}
	return nil
}
