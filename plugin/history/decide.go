package history

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"

	"github.com/burnish-photo/burnish/plugin/failure"
	"github.com/burnish-photo/burnish/plugin/mounts"
	"github.com/burnish-photo/burnish/plugin/output/staging"
	"github.com/burnish-photo/burnish/plugin/source"
)

// What is left to do with a photo.
type What int

// What may be left.
const (
	Run     What = iota // the whole of it
	Skip                // nothing; Reason says why
	Copy                // the outputs of an equal photo may be copied, which Record tells of
	Publish             // its results were approved in review, which Record tells of
	Adopt               // its outputs are there, though no record tells of them
)

// Decision is what is left to do with a photo.
type Decision struct {
	What     What
	Reason   string     // of Skip
	Record   Record     // that it follows from, zero where it follows from the files; of Run what was recorded before
	Existing []Existing // of Adopt
	Kept     Kept       // of Run and Copy: what stays as it is
	Trial    *Trial     // of Run and Copy: that the photo is part of, nil for none; what its outputs replace is kept
	Altered  []Output   // of Run and Copy: files that outputs may replace, being kept
	Changed  bool       // of Skip: the pipeline was changed since, and the photo waits for [Records.Reprocess]
}

// Existing is an output that is known by its provenance or, without records, as
// a copy of the photo.
type Existing struct {
	Output
	Notes   map[string]string
	Arrived time.Time
}

// Recognized is why nothing is done for a photo that no record tells of.
const Recognized = "already done: its outputs say so themselves"

// WaitsForReview is why nothing is done for a photo whose results wait.
const WaitsForReview = "its results wait for review; burnish review lists them"

// WasRejected is why nothing is done for a photo that was rejected.
const WasRejected = "rejected in review; burnish reprocess makes it anew"

// Outputs look at a photo's outputs, which takes decoding it.
type Outputs interface {
	// Existing finds them where no record tells of them: all of them, or none.
	Existing() ([]Existing, error)
	// AreOf reports whether those of the record lie, as they were written, where
	// those of the photo would.
	AreOf(r Record) (bool, error)
}

// Decide says what is left to do. Where a record is found out to be wrong it is
// mended in the store.
func (c *Case) Decide(outputs Outputs) (Decision, error) {
	if err := c.find(); err != nil {
		return Decision{}, err
	}
	if past := c.Past(); c.history.finished(past) != "" {
		return Decision{What: Skip, Reason: c.history.finished(past), Record: past}, nil
	}
	if d, err := c.former.decide(); d.What != Run || err != nil {
		return d, err
	}
	if reason, err := c.photo.Accept(); reason != "" || err != nil {
		return Decision{What: Skip, Reason: reason}, err
	}
	if _, err := c.photo.Hash(); err != nil {
		return Decision{}, err
	}
	if d, err := c.byContent(); d.What != Run || err != nil {
		return d, err
	}
	if err := c.checkMounted(); err != nil {
		return Decision{}, err
	}
	if past := c.Past(); past.approved() && past.State != Requeued && past.Content == c.photo.KnownHash() {
		return Decision{What: Publish, Record: past}, nil
	}
	d, err := c.byOutputs(outputs)
	d.Kept, d.Trial, d.Altered = c.former.kept, c.former.trial, alteredOf(c)
	return d, err
}

// find looks the task's record up.
func (c *Case) find() error {
	if c.reader == nil {
		return nil
	}
	all, err := c.reader.Of(c.photo.Path)
	if err != nil {
		return err
	}
	if err := c.choose(all); err != nil {
		return err
	}
	if c.before.Salvaged {
		err = c.prove()
	}
	if err == nil {
		err = c.finishMove()
	}
	if err == nil {
		err = c.former.try()
	}
	return err
}

// choose takes the record of the task or else the latest from before builds were
// told apart, which becomes the task's. That is done once: what was left then is
// of settings given up before. A photo that was undone with other settings stays
// undone.
func (c *Case) choose(all []Record) error {
	var old Record
	inherited := slices.ContainsFunc(all, func(r Record) bool { return r.Build != "" && c.task.succeeds(r) })
	for _, r := range all {
		if r.Task == c.task.Key() {
			c.before = r
			if r.HasFailed() && len(r.Outputs) == 0 { // before it made anything
				return c.former.find(c, all)
			}
			return c.former.again(c, r)
		}
		if !inherited && c.task.inherits(r) && (old.Path == "" || r.Finished.After(old.Finished)) {
			old = r
		}
	}
	if old.Path == "" {
		if c.before = c.task.undone(all); c.before.Path != "" {
			return nil
		}
		return c.former.find(c, all)
	}
	c.before = old
	c.before.Task, c.before.Build = c.task.Key(), unknownBuild
	if old.Superseded != "" {
		c.before.Superseded = c.task.Key()
	}
	if c.history.Store == nil {
		return nil
	}
	_ = os.Rename(reasonFile(c.history.StateDir, old), reasonFile(c.history.StateDir, c.before)) // there is one in quarantine alone
	return c.undecided(errors.Join(c.history.put(c.before), c.history.Store.Delete(old.Path, old.Task)))
}

// undone is the latest record of the pipeline, whatever its settings were, where
// that was undone.
func (t Task) undone(all []Record) (latest Record) {
	for _, r := range all {
		if t.succeeds(r) && r.Finished.Compare(latest.Finished) >= 0 {
			latest = r
		}
	}
	if latest.Undone.IsZero() {
		return Record{}
	}
	latest.Task = t.Key()
	return latest
}

// prove compares a record that was read back from a damaged ledger, and may be
// an old one, with what lies there. It is forgotten where an output is not as
// it says.
func (c *Case) prove() error {
	r := c.before
	for _, o := range r.Outputs {
		if r.State != Done || r.Superseded != "" {
			break
		}
		hash, err := staging.Digest(o.Path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("output %s of a record that was read back: %w", o.Path, err) // a disk that is not well tells nothing
		}
		if hash != o.Hash {
			c.before = Record{}
			if c.history.Store == nil {
				return nil
			}
			return c.undecided(c.history.Store.Delete(r.Path, r.Task))
		}
	}
	c.before.Salvaged = false
	return c.undecided(c.history.put(c.before))
}

// finishMove lets the record of a photo that was archived follow it where a
// crash came in between. Where the move had not come about and the photo was
// changed in its place since, the record forgets the move.
func (c *Case) finishMove() error {
	r := c.before
	if r.State != Done || r.MovedTo == "" || r.Path == r.MovedTo || c.Past().Path != "" {
		return nil
	}
	if hash, err := staging.Digest(r.MovedTo); (err != nil || hash != r.Content) && r.Stat.Inode != 0 && r.Stat.Inode == source.Inode(c.photo.File.Info) {
		c.before.MovedTo = ""
		return c.undecided(c.history.put(c.before))
	}
	c.before = Record{}
	if c.history.Store == nil {
		return nil
	}
	return c.undecided(c.history.Store.Move(r.Path, r.MovedTo, r.Task))
}

// finished is why a record makes the task needless, or "". That another photo
// took an output does so only while what made it is still what is wanted.
func (h *History) finished(r Record) string {
	if r.State == Done && r.Superseded != "" {
		if !h.IsCurrent(settingsOf(r.Superseded)) {
			return ""
		}
		return "already done, and its output replaced by another photo's"
	}
	switch r.State {
	case Skipped:
		if !r.Undone.IsZero() {
			return "undone; burnish reprocess makes its outputs again"
		}
		return "already done"
	case Done:
		return "already done"
	case Waiting:
		if !r.approved() {
			return WaitsForReview
		}
	case Rejected:
		return WasRejected
	case Quarantined:
		if r.ErrorClass == string(failure.Conflict) {
			return "" // names may be free by now, or chosen otherwise: whoever asks anew learns
		}
		if r.ErrorClass == string(failure.Starved) {
			return fmt.Sprintf("in quarantine after %d tries alone (%s); burnish retry tries it again, once there is more memory", r.Starved, r.ErrorClass)
		}
		return fmt.Sprintf("in quarantine after %s (%s); burnish retry tries it again", strikes(r.Strikes), r.ErrorClass)
	}
	return ""
}

func strikes(n int) string {
	if n == 1 {
		return "1 strike"
	}
	return fmt.Sprintf("%d strikes", n)
}

// byContent decides from the content: a photo that was done under this path, or
// a file that Burnish itself made, whatever its name is now.
func (c *Case) byContent() (Decision, error) {
	if c.reader != nil {
		if past := c.Past(); c.history.finished(past) != "" {
			past.Stat = StatOf(c.photo.File.Info)
			return Decision{What: Skip, Reason: c.history.finished(past), Record: past}, c.undecided(c.history.put(past))
		}
		if d, err := c.former.decide(); d.What != Run || err != nil {
			return d, err
		}
		ours, err := c.reader.IsOutput(c.photo.KnownHash())
		if ours || err != nil {
			return Decision{What: Skip, Reason: "made by Burnish"}, err
		}
	}
	// Where nothing is remembered, a file that is named is work.
	if c.reader != nil || c.history.Recognize && !c.task.Named {
		if p, ok := c.photo.Provenance(); ok {
			return Decision{What: Skip, Reason: "made by Burnish: its provenance names the pipeline " + p.Pipeline}, nil
		}
	}
	return Decision{}, nil
}

// alteredOf are files that somebody has put in the place of outputs, and that may
// be replaced by what is made again.
func alteredOf(c *Case) []Output {
	if past := c.Past(); len(past.Altered) > 0 {
		return past.Altered
	}
	if c.former.found() && c.former.same() {
		return c.former.record.Altered
	}
	return nil
}

// checkMounted refuses to write to an output folder whose disk is not mounted.
func (c *Case) checkMounted() error {
	if c.reader == nil {
		return nil
	}
	var store mounts.Store = unwritten{c.reader}
	if c.history.Store != nil {
		store = c.history.Store
	}
	err := mounts.Check(store, c.task.Folder)
	if gone := (*mounts.UnmountedError)(nil); errors.As(err, &gone) {
		return c.photo.Fail(failure.Unwritable, err, "mount it; if the folder is to be where it is now, put any file there")
	}
	return c.undecided(err)
}

// byOutputs decides from what lies in the output folder, and in others.
func (c *Case) byOutputs(outputs Outputs) (Decision, error) {
	past := c.Past()
	if recognizes := c.reader != nil && !c.former.found() || c.history.Recognize && !c.task.Redo; recognizes && past.State == "" {
		found, err := outputs.Existing()
		if len(found) > 0 || err != nil {
			return Decision{What: Adopt, Reason: Recognized, Existing: found}, err
		}
	}
	if c.reader == nil || !c.task.Copies {
		return Decision{Record: past}, nil
	}
	equal, err := c.reader.ByContent(c.photo.KnownHash())
	if err != nil {
		return Decision{}, err
	}
	if d, err := c.byArchived(equal, outputs); d.What == Skip || err != nil {
		return d, err
	}
	for _, r := range equal {
		if r.Task == c.task.Key() && r.Build == c.task.Build && r.Covers(c.task.Outputs) && !r.mixed() {
			return Decision{What: Copy, Record: r}, nil
		}
	}
	return Decision{Record: past}, nil
}

// byArchived finds that the photo was archived before, under whatever name: its
// outputs lie where they would. Then it goes the same way. As with a photo that
// stayed in its place, it does not matter which build made them.
func (c *Case) byArchived(equal []Record, outputs Outputs) (Decision, error) {
	for _, r := range equal {
		if r.MovedTo == "" || !r.Covers(c.task.Outputs) || r.Task != c.task.Key() && !c.task.inherits(r) {
			continue
		}
		if same, err := outputs.AreOf(r); err != nil {
			return Decision{}, err
		} else if same {
			c.before = r
			return Decision{What: Skip, Reason: "already done as " + r.Path, Record: r}, nil
		}
	}
	return Decision{}, nil
}

// undecided is a failure of the store before there was anything to publish.
func (c *Case) undecided(err error) error {
	return c.history.unrecorded(c.photo, err, "nothing was published")
}

// unrecorded is a failure of the store.
func (h *History) unrecorded(p *source.Photo, err error, so string) error {
	if err == nil {
		return nil
	}
	return p.Fail(failure.Unrecorded, fmt.Errorf("the ledger in %s cannot be written: %w; %s", h.StateDir, err, so), "free space there, or mend the folder's permissions")
}
