package history

import (
	"encoding/hex"
	"time"

	"github.com/burnish-photo/burnish/plugin/history/journal"
)

// Outcome is what a task has come to.
type Outcome struct {
	Outputs []Output
	LeftOut []int // outputs of the pipeline that were not wanted, ascending
	Notes   map[string]string

	Files []journal.File // the outputs as the journal tells of them
	Made  []string       // folders that had to be made for them

	Compared []Compared // the outputs, where the photo is part of a trial
}

func (c *Case) withOutcome(state State, o Outcome) Record {
	r := c.record(state)
	r.Notes, r.LeftOut, r.Outputs = o.Notes, o.LeftOut, o.Outputs
	c.former.into(&r)
	r.Trial = c.former.tried(o.Compared)
	return r
}

// Intend makes outputs known as Burnish's own before they appear. It is on disk
// when Intend returns.
func (c *Case) Intend(o Outcome) error {
	r := c.withOutcome(Failed, o)
	r.Attempts, r.Strikes, r.Starved = c.Past().Attempts, c.Past().Strikes, c.Past().Starved
	r.Review, r.Altered = c.Past().Review, alteredOf(c) // they are published once more
	r.Error, r.ErrorClass = "interrupted while the outputs were published", "interrupted"
	c.entry = c.task.entry(journal.Published, c.photo)
	c.entry.Files = o.Files
	return c.history.unrecorded(c.photo, c.history.log(Key{}, r, &c.entry, o.Made...), "nothing was published")
}

// Done remembers published outputs. It is on disk when Done returns.
func (c *Case) Done(o Outcome) error {
	if c.reader == nil {
		c.history.remember(c.photo.Path, o.Outputs)
		return nil
	}
	r := c.withOutcome(Done, o)
	r.Attempts += c.Past().Attempts
	c.before = r
	if c.entry.ID == 0 { // nothing was written
		return c.undecided(c.history.replace(c.former.replaced(), r))
	}
	c.entry.Settled = true
	return c.history.unrecorded(c.photo, c.history.log(c.former.replaced(), r, &c.entry), "the outputs are published; the photo will be processed once more")
}

// Unwanted remembers that no output is wanted of the photo, and why.
func (c *Case) Unwanted(reason string, o Outcome) error {
	if c.reader == nil {
		return nil
	}
	r := c.withOutcome(Skipped, o)
	r.Error = reason
	c.before = r
	return c.history.unrecorded(c.photo, c.history.put(r), "it will be looked at once more")
}

// recognizedNote marks the record of a photo that was recognized by its outputs.
const recognizedNote = "recognised"

// Adopt remembers outputs that were there already.
func (c *Case) Adopt(found []Existing, leftOut []int) error {
	var outputs []Output
	for _, f := range found {
		outputs = append(outputs, f.Output)
	}
	if c.reader == nil {
		c.history.remember(c.photo.Path, outputs)
		return nil
	}
	r := c.withOutcome(Done, Outcome{Outputs: outputs, LeftOut: leftOut, Notes: map[string]string{}})
	for name, text := range found[0].Notes {
		r.Notes[name] = text
	}
	r.Notes[recognizedNote], r.Build = "by its outputs", unknownBuild
	r.Started, r.Finished = time.Time{}, time.Time{}
	for _, f := range found {
		if f.Arrived.After(r.Finished) {
			r.Started, r.Finished = f.Arrived, f.Arrived
		}
	}
	c.before = r
	return c.history.unrecorded(c.photo, c.history.put(r), "its outputs are there; it will be looked at once more")
}

// remember keeps in mind what was made, where there are no records.
func (h *History) remember(photo string, outputs []Output) {
	if h.Forget {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.made == nil {
		h.made = map[pathKey]made{}
	}
	for _, o := range outputs {
		m := made{photo: photo}
		_, _ = hex.Decode(m.hash[:], []byte(o.Hash)) // as staging.Digest has it
		h.made[pathKeyOf(o.Path)] = m
	}
}
