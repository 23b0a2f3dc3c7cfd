package plugin

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/plugin/history"
	"github.com/burnish-photo/burnish/plugin/mounts"
)

// reasonFolder is where the state folder keeps a file for each photo in
// quarantine.
const reasonFolder = "quarantine"

// Strike records a failure that the engine could not see itself: the process
// that worked on the photo died. What is returned says whether that put the
// photo into quarantine.
func (e *Engine) Strike(ctx context.Context, j Job, kind Kind, cause error, hint string) *Error {
	w, err := e.newWork(j)
	if err != nil {
		return &Error{Path: j.Path, Kind: kind, Err: errors.Join(cause, err)}
	}
	failure := w.request.Fail(kind, cause, hint)
	if err := e.begin(ctx, w); err != nil {
		return failure
	}
	defer e.end(w)
	defer w.close()
	if w.inspect() != nil {
		return failure
	}
	if _, err := w.src.Hash(); err != nil {
		return failure
	}
	if _, err := w.doneBefore(); err != nil {
		e.log.Error("the ledger cannot be read", "photo", w.request.Path, "error", err)
	}
	if w.verdict(w.past()) == "" { // else the death came after the work
		w.recordFailure(failure)
	}
	return failure
}

// recordFailure lets the ledger know of a failure, and puts the photo into
// quarantine at its last strike. A photo that is gone leaves no record.
func (w *work) recordFailure(failure *Error) {
	gone := failure.Kind == Unreadable && errors.Is(failure, os.ErrNotExist)
	if w.engine.ledger == nil || w.src == nil || gone || failure.Kind == Stopped || failure.Kind == Unrecorded || failure.Kind == Swapped {
		return
	}
	e := w.entry(history.Failed)
	e.Error, e.Hint, e.ErrorClass = failure.Reason(), failure.Hint, string(failure.Kind)
	e.Attempts, e.Strikes, e.Starved = 1+w.past().Attempts, w.past().Strikes, w.past().Starved
	if failure.Kind == Starved && w.job.Alone {
		e.Starved++
	}
	permanent := failure.Kind.Permanent()
	if permanent || !failure.Kind.Transient() && !w.job.Probe {
		e.Strikes++
	}
	if permanent || e.Strikes >= MaxStrikes || failure.Kind == Starved && e.Starved >= MaxStarved {
		e.State, failure.Quarantined = history.Quarantined, true
	}
	if err := w.engine.record(e); err != nil {
		w.engine.log.Error("the failure could not be recorded", "photo", w.request.Path, "error", err)
		return
	}
	if failure.Quarantined {
		w.quarantine(e)
	}
}

// judged is the failure, or that the photo is no longer the one that failed.
func (w *work) judged(failure *Error) *Error {
	if w.src == nil || failure.Kind.Transient() {
		return failure
	}
	if changed := (*Error)(nil); errors.As(w.src.Unchanged(), &changed) {
		return changed
	}
	return failure
}

// quarantineLate sees to a photo in quarantine that is not where it should be: it
// was still being written to when it failed, or something came in between.
func (w *work) quarantineLate() {
	e := w.past()
	if e.State == history.Quarantined && w.job.Quarantine != "" && (e.MovedTo == "" || !mounts.MayExist(e.MovedTo)) {
		w.quarantine(e)
	}
}

// quarantine moves the original where that is asked and writes the reason down.
func (w *work) quarantine(e history.Record) {
	log := w.engine.log.With("photo", w.request.Path)
	if w.job.Quarantine != "" {
		if err := w.moveToQuarantine(&e); err != nil {
			log.Error("moving the photo into quarantine", "error", err)
		}
	}
	file := reasonFile(w.engine.config.StateDir, e)
	if err := writeReason(file, e); err != nil {
		log.Error("the reason of the quarantine could not be written", "file", file, "error", err)
	}
}

// stillWriting is for how long a photo must have been left alone before it is
// copied to another file system though nobody knows that it is whole.
const stillWriting = 5 * time.Minute

// moveToQuarantine moves the photo into quarantine, once the record says where to.
func (w *work) moveToQuarantine(e *history.Record) error {
	rel, err := w.request.Below()
	if err != nil {
		return err
	}
	if err := errors.Join(w.src.Unchanged(), mounts.Check(w.engine.ledger, w.job.Quarantine)); err != nil {
		return err
	}
	m := w.mover()
	m.Before, m.QuietFor = w.intend(e), stillWriting
	place, err := m.Relocate(w.src.File, w.job.Quarantine, rel)
	if place == "" {
		return errors.Join(err, w.stays(e))
	}
	w.synced(place, err)
	return nil
}

// below is the photo's path below its root, and its place in another folder of
// the same structure.
func (w *work) below() (string, error) {
	rel, err := filepath.Rel(w.request.Root, w.request.Path)
	if err != nil || !filepath.IsLocal(rel) {
		return "", fmt.Errorf("%s does not lie below %s", w.request.Path, w.request.Root)
	}
	return rel, nil
}

func reasonFile(stateDir string, e history.Record) string {
	tag := sha256.Sum256([]byte(e.Path + "\x00" + e.Task))
	name := filepath.Base(e.Path)
	name = name[:min(len(name), 100)] // bytes, which is what a name's length counts in
	return filepath.Join(stateDir, reasonFolder, fmt.Sprintf("%s-%x.txt", name, tag[:4]))
}

func writeReason(file string, e history.Record) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		return err
	}
	var text strings.Builder
	fmt.Fprintf(&text, "photo:    %s\n", diag.Printable(e.Path))
	if e.MovedTo != "" {
		fmt.Fprintf(&text, "moved to: %s\n", diag.Printable(e.MovedTo))
	}
	fmt.Fprintf(&text, "pipeline: %s\nkind:     %s\nreason:   %s\n", e.Pipeline, e.ErrorClass, diag.Printable(e.Error))
	if e.Hint != "" {
		fmt.Fprintf(&text, "hint:     %s\n", diag.Printable(e.Hint))
	}
	fmt.Fprintf(&text, "strikes:  %d\ntime:     %s\n", e.Strikes, e.Finished.Format(time.RFC3339))
	fmt.Fprintf(&text, "\nburnish retry %q tries it again.\n", e.Path)
	return os.WriteFile(file, []byte(text.String()), 0o640)
}
