package history

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
	"github.com/burnish-photo/burnish/plugin/failure"
	"github.com/burnish-photo/burnish/plugin/history/journal"
	"github.com/burnish-photo/burnish/plugin/mounts"
)

// reasonFolder is where the state folder keeps a file for each photo in
// quarantine.
const reasonFolder = "quarantine"

// Fail remembers a failure, and puts the photo into quarantine at its last
// strike, which f then says. A photo that is gone leaves no record, nor does a
// failure that says nothing of the photo.
func (c *Case) Fail(f *failure.Error) {
	if c.reader == nil || isGone(f) || f.Kind == failure.Stopped || f.Kind == failure.Unrecorded || f.Kind == failure.Swapped {
		return
	}
	r, past := c.record(Failed), c.Past()
	r.Error, r.Hint, r.ErrorClass = f.Reason(), f.Hint, string(f.Kind)
	r.Attempts, r.Strikes, r.Starved, r.Review, r.Trial = 1+past.Attempts, past.Strikes, past.Starved, past.Review, c.former.tried(nil)
	r.Altered = alteredOf(c)
	if r.Review != nil {
		r.Notes, r.LeftOut = past.Notes, past.LeftOut
	}
	if f.Kind == failure.Starved && c.task.Exclusive {
		r.Starved++
	}
	permanent := f.Kind.Permanent()
	if permanent || !f.Kind.Transient() && !c.task.Probe {
		r.Strikes++
	}
	if permanent || r.Strikes >= failure.MaxStrikes || f.Kind == failure.Starved && r.Starved >= failure.MaxStarved {
		r.State, f.Quarantined = Quarantined, true
	}
	if err := c.history.put(r); err != nil {
		c.history.Log.Error("the failure could not be recorded", "photo", c.photo.Path, "error", err)
		return
	}
	if f.Quarantined {
		c.quarantine(r)
	}
}

// FailFromOutside remembers a failure that ended the process which worked on the
// photo. It changes nothing where the task is finished: the process died after.
func (c *Case) FailFromOutside(f *failure.Error) {
	if err := c.find(); err != nil {
		c.history.Log.Error("the ledger cannot be read", "photo", c.photo.Path, "error", err)
	}
	if c.history.finished(c.Past()) == "" {
		c.Fail(f)
	}
}

func isGone(f *failure.Error) bool {
	return f.Kind == failure.Unreadable && errors.Is(f, os.ErrNotExist)
}

// Quarantine sees to a photo in quarantine that is not where it should be: it
// was still being written to when it failed, or something came in between.
func (c *Case) Quarantine() {
	past := c.Past()
	if past.State == Quarantined && c.task.Quarantine != "" && (past.MovedTo == "" || !mounts.MayExist(past.MovedTo)) {
		c.quarantine(past)
	}
}

// quarantine moves the original where that is asked and writes the reason down.
func (c *Case) quarantine(r Record) {
	log := c.history.Log.With("photo", c.photo.Path)
	if c.task.Quarantine != "" {
		if err := (move{c}).toQuarantine(&r); err != nil {
			log.Error("moving the photo into quarantine", "error", err)
		}
	}
	file := reasonFile(c.history.StateDir, r)
	if err := writeReason(file, r); err != nil {
		log.Error("the reason of the quarantine could not be written", "file", file, "error", err)
	}
}

// Quarantine gives up trying the photos of the paths, or of folders of them,
// until somebody retries them, and returns them. An original that is to be moved
// then is moved when the photo is met again. A path that no failure is known of is
// an error; the others are seen to.
func (r *Records) Quarantine(ctx context.Context, paths []string) (photos []string, err error) {
	entries, err := r.failed()
	if err != nil {
		return nil, err
	}
	var errs []error
	used := make([]bool, len(paths))
	for _, e := range entries {
		if !named(e, paths, used) || e.State == Quarantined {
			continue
		}
		changed, err := r.change(ctx, e.Key, Record.HasFailed, func(e Record) error {
			e.State = Quarantined
			return errors.Join(r.store.Put(e), writeReason(reasonFile(r.stateDir, e), e))
		})
		if err != nil || !changed { // by somebody else
			errs = append(errs, err)
			continue
		}
		photos = append(photos, e.Path)
	}
	for i, path := range paths {
		if !used[i] {
			errs = append(errs, fmt.Errorf("%s: no failure is known of it; burnish failed lists them", path))
		}
	}
	return photos, errors.Join(errs...)
}

// stillWriting is for how long a photo must have been left alone before it is
// copied to another file system though nobody knows that it is whole.
const stillWriting = 5 * time.Minute

// toQuarantine moves the photo into quarantine, once the record says where to.
func (m move) toQuarantine(r *Record) error {
	rel, err := m.c.photo.Below()
	if err != nil {
		return err
	}
	if err := errors.Join(m.c.photo.Unchanged(), mounts.Check(m.c.history.Store, m.c.task.Quarantine)); err != nil {
		return err
	}
	via, entry := m.mover(), m.c.task.entry(journal.Quarantined, m.c.photo)
	via.Before, via.QuietFor = m.intend(r, &entry, m.c.task.Quarantine), stillWriting
	place, err := via.Relocate(m.c.photo.File, m.c.task.Quarantine, rel)
	if place == "" {
		return errors.Join(err, m.stays(r, entry))
	}
	m.synced(place, err)
	entry.Settled = true
	_, err = m.c.history.Store.Apply(Change{Log: []journal.Entry{entry}})
	return err
}

func reasonFile(stateDir string, e Record) string {
	tag := sha256.Sum256([]byte(e.Path + "\x00" + e.Task))
	name := filepath.Base(e.Path)
	name = name[:min(len(name), 100)] // bytes, which is what a name's length counts in
	return filepath.Join(stateDir, reasonFolder, fmt.Sprintf("%s-%x.txt", name, tag[:4]))
}

// RemoveReason removes the file that tells why a photo is in quarantine.
func RemoveReason(stateDir string, r Record) error {
	if err := os.Remove(reasonFile(stateDir, r)); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

func writeReason(file string, e Record) error {
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
