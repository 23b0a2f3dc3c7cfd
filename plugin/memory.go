package plugin

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/burnish-photo/burnish/plugin/beneath"
	"github.com/burnish-photo/burnish/plugin/history"
	"github.com/burnish-photo/burnish/plugin/output"
	"github.com/burnish-photo/burnish/plugin/output/staging"
	"github.com/burnish-photo/burnish/plugin/source"
)

// entry is a ledger record of this job.
func (w *work) entry(state history.State) history.Record {
	return history.Record{
		Key:  history.Key{Path: w.request.Path, Task: w.key, Content: w.src.KnownHash()},
		Stat: history.Stat{Size: w.src.File.Info.Size(), ModTime: w.src.File.Info.ModTime(), Inode: source.Inode(w.src.File.Info), Changed: source.ChangeTime(w.src.File.Info)},
		Root: w.request.Root, State: state, Attempts: 1, Started: w.began, Finished: time.Now(), Pipeline: w.pipeline.name,
	}
}

// past is the record of this work on the file as it is now, empty where there
// is none.
func (w *work) past() history.Record {
	if w.before.Content != "" && w.before.Content == w.src.KnownHash() || w.src != nil && w.before.Stat.Same(w.entry("").Stat) {
		return w.before
	}
	return history.Record{}
}

// doneBefore answers from the file's stat alone, so that a restart need not
// read every photo.
func (w *work) doneBefore() (reason string, err error) {
	if w.engine.ledger == nil {
		return "", nil
	}
	w.before, _, err = history.Find(w.engine.ledger, w.request.Path, w.key)
	if err == nil && w.before.Salvaged {
		err = w.prove()
	}
	if err == nil {
		err = w.finishMove()
	}
	if err != nil {
		return "", err
	}
	return w.verdict(w.past()), nil
}

// prove compares a record that was read back from a damaged ledger, and may be
// an old one, with what lies there. It is forgotten where an output is not as
// it says.
func (w *work) prove() error {
	e := w.before
	for _, o := range e.Outputs {
		if e.State != history.Done || e.Superseded != "" {
			break
		}
		hash, err := staging.Digest(o.Path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("output %s of a record that was read back: %w", o.Path, err) // a disk that is not well tells nothing
		}
		if hash != o.Hash {
			w.before = history.Record{}
			return w.engine.ledger.Delete(e.Path, e.Task)
		}
	}
	w.before.Salvaged = false
	return w.engine.record(w.before)
}

// verdict is why a record makes the work needless, or "". That another photo
// took an output does so only while what made it is still what is wanted.
func (w *work) verdict(e history.Record) string {
	if e.State == history.Done && e.Superseded != "" {
		if !w.engine.wants(e.Superseded) {
			return ""
		}
		return "already done, and its output replaced by another photo's"
	}
	switch e.State {
	case history.Done, history.Skipped:
		return "already done"
	case history.Quarantined:
		if e.ErrorClass == string(Conflict) {
			return "" // names may be free by now, or chosen otherwise: whoever asks anew learns
		}
		if e.ErrorClass == string(Starved) {
			return fmt.Sprintf("in quarantine after %d tries alone (%s); burnish retry tries it again, once there is more memory", e.Starved, e.ErrorClass)
		}
		return fmt.Sprintf("in quarantine after %s (%s); burnish retry tries it again", strikes(e.Strikes), e.ErrorClass)
	}
	return ""
}

func strikes(n int) string {
	if n == 1 {
		return "1 strike"
	}
	return fmt.Sprintf("%d strikes", n)
}

// wants reports whether that work is of one of the engine's pipelines.
func (e *Engine) wants(work string) bool {
	for _, p := range e.pipelines {
		if strings.HasPrefix(work, p.work+" ") {
			return true
		}
	}
	return false
}

// known answers from the content: a photo that was done under this path, or a
// file that Burnish itself wrote.
func (w *work) known() (reason string, err error) {
	if w.engine.ledger == nil {
		return "", nil
	}
	if e := w.past(); w.verdict(e) != "" {
		e.Stat = w.entry(e.State).Stat
		return w.verdict(e), w.engine.record(e)
	}
	ours, err := w.engine.ledger.IsOutput(w.src.KnownHash())
	if !ours || err != nil {
		return "", err
	}
	return "made by Burnish", nil
}

// ownMake recognises a file that Burnish made by the provenance in it, whatever
// its name is now. Where nothing is remembered, a file that is named is work.
func (w *work) ownMake() (reason string) {
	known := w.engine.ledger != nil || w.engine.recall != nil && !w.named || w.engine.recognise && !w.job.Named
	if !known {
		return ""
	}
	p, ok := w.src.Provenance()
	if !ok {
		return ""
	}
	return "made by Burnish: its provenance names the pipeline " + p.Pipeline
}

// standing is why nothing is done where every output is to stay.
const standing = "its outputs are there, and are to stay"

// copies reports whether outputs of one photo may be copied for an equal one.
func (p *pipeline) copies() bool {
	return !p.graph.DependsOnPath() && p.pages != AllPages && !slices.ContainsFunc(p.outputs, output.Config.Tiles)
}

// reuse copies the outputs that an equal photo under another path has already
// got. It is not done where they are no longer there as they were.
func (w *work) reuse() (_ Result, done bool, err error) {
	if w.engine.ledger == nil || !w.pipeline.copies() {
		return Result{}, false, nil
	}
	e, ok, err := history.FindEqual(w.engine.ledger, w.src.KnownHash(), w.key)
	if !ok || err != nil || !covers(e, len(w.pipeline.outputs)) {
		return Result{}, false, err
	}
	w.inherited = e.LeftOut
	defer func() {
		if !done {
			w.inherited = nil
		}
	}()
	src, err := w.src.Decode(context.Background(), 0)
	if err != nil {
		return Result{}, false, err
	}
	src.Close()
	if same, err := w.sameOutputs(e, src.Source); same || err != nil {
		w.before = e
		return Result{State: Skipped, Reason: "already done as " + e.Path}, true, err
	}
	if err := w.claim(src.Source, 1); err != nil {
		return Result{}, false, err
	}
	staged := make([]*staging.File, len(w.targets))
	defer discard(staged)
	if w.idle() {
		return Result{State: Skipped, Reason: standing}, true, nil
	}
	for i, t := range w.targets {
		if t.path == "" {
			continue
		}
		made := e.Outputs[place(e, i)]
		f, err := staging.OpenBelow(w.output, made.Path)
		if err != nil {
			return Result{}, false, nil //nolint:nilerr // it is made anew
		}
		s, err := w.engine.tempPrefix.Copy(beneath.Handle(f), w.output, t.path)
		f.Close()
		staged[i] = s
		if err != nil || s.Hash != made.Hash {
			return Result{}, false, nil
		}
	}
	result, err := w.publish(staged, Result{State: Done, Reason: "the same content as " + e.Path, Notes: e.Notes})
	return result, true, err
}

// covers reports whether a record tells of each of a pipeline's n outputs what
// became of it.
func covers(e history.Record, n int) bool {
	last := -1
	for _, out := range e.LeftOut {
		if out <= last || out >= n {
			return false
		}
		last = out
	}
	return len(e.Outputs)+len(e.LeftOut) == n
}

// place is where a record has the pipeline's output i, which was not left out.
func place(e history.Record, i int) int {
	for _, out := range e.LeftOut {
		if out < i {
			i--
		}
	}
	return i
}

// recordIntent makes the outputs known as Burnish's own before they appear.
func (w *work) recordIntent(r Result) error {
	if w.engine.ledger == nil {
		return nil
	}
	e := w.withOutputs(history.Failed, r)
	e.Attempts, e.Strikes, e.Starved = w.past().Attempts, w.past().Strikes, w.past().Starved
	e.Error, e.ErrorClass = "interrupted while the outputs were published", "interrupted"
	return w.unrecorded(w.engine.record(e), "nothing was published")
}

// recordDone remembers published outputs.
func (w *work) recordDone(r Result) error {
	if w.engine.ledger == nil {
		w.engine.mu.Lock()
		defer w.engine.mu.Unlock()
		for _, o := range r.Outputs {
			w.engine.written[o.Path] = written{w.request.Path, o.Hash}
		}
		return nil
	}
	e := w.withOutputs(history.Done, r)
	e.Attempts += w.past().Attempts
	w.before = e
	return w.unrecorded(w.engine.record(e), "the outputs are published; the photo will be processed once more")
}

func (w *work) withOutputs(state history.State, r Result) history.Record {
	e := w.entry(state)
	e.Notes = r.Notes
	for i := range w.pipeline.outputs {
		if w.leaves(i) {
			e.LeftOut = append(e.LeftOut, i)
		}
	}
	for _, o := range r.Outputs {
		e.Outputs = append(e.Outputs, history.Output{Path: o.Path, Size: o.Size, Hash: o.Hash})
	}
	return e
}

func (w *work) unrecorded(err error, so string) error {
	if err == nil {
		return nil
	}
	return w.request.Fail(Unrecorded, fmt.Errorf("the ledger in %s cannot be written: %w; %s", w.engine.config.StateDir, err, so), "free space there, or mend the folder's permissions")
}
