package history

import (
	"cmp"
	"errors"
	"maps"
	"os"
	"slices"

	"github.com/burnish-photo/burnish/plugin/mounts"
)

// Kept are a pipeline's outputs of a photo that stay as they are.
type Kept struct {
	Outputs []Output // their files
	LeftOut []int    // those that are not wanted of the photo, by place, ascending
}

// Has reports whether the output at that place is among them, files or none.
func (k Kept) Has(place int) bool {
	return slices.Contains(k.LeftOut, place) || k.hasFile(place)
}

func (k Kept) hasFile(place int) bool {
	return slices.ContainsFunc(k.Outputs, func(o Output) bool { return o.Place == place+1 })
}

// Why a photo is left alone whose pipeline was changed since.
const (
	Awaits = "the pipeline was changed since; burnish reprocess makes what changed anew"
	Stays  = "done by the pipeline as it was; on_change keeps it"
	Tried  = "the pipeline was changed since, and is tried on a sample first; burnish canary shows it"
)

// succession is what a task takes over from an earlier record of the same photo:
// of the pipeline as it was configured before, or one that is to be done again.
type succession struct {
	c       *Case
	record  Record // zero: none
	version Version
	kept    Kept
	trial   *Trial // that the photo is part of; nil: none
}

func (s *succession) found() bool { return s.record.Path != "" }

// again takes the task's own record.
func (s *succession) again(c *Case, r Record) error {
	*s = succession{c: c, record: r, version: c.task.Version}
	return nil
}

// find takes the latest record of the pipeline as it was, or of one of another
// name that made the very same.
func (s *succession) find(c *Case, all []Record) error {
	s.c = c
	versions, errs := map[string]Version{}, []error(nil)
	s.record, _ = Latest(all, func(r Record) bool {
		v, _, err := c.reader.Version(r.Settings())
		versions[r.Settings()], errs = v, append(errs, err)
		return c.task.succeeds(r) || c.task.renames(r, v) && !c.history.IsCurrent(r.Settings())
	})
	s.version = versions[s.record.Settings()]
	return c.undecided(errors.Join(errs...))
}

// Latest is, of a photo's records that chosen accepts, the one that tells what its
// outputs are now: the last that still stands for them.
func Latest(all []Record, chosen func(Record) bool) (latest Record, ok bool) {
	for _, r := range all {
		stands := r.MovedTo == "" && r.Superseded == "" && (r.State == Done || r.State == Requeued || r.State == Skipped)
		if stands && chosen(r) && (!ok || r.Finished.After(latest.Finished)) {
			latest, ok = r, true
		}
	}
	return latest, ok
}

// renames reports whether a record is of a pipeline of another name, with the
// same output folder, that had each of the task's outputs.
func (t Task) renames(r Record, v Version) bool {
	if r.Pipeline == t.Pipeline || r.Task != settingsOf(r.Task)+" "+t.Folder {
		return false
	}
	return !slices.ContainsFunc(t.Version.Outputs, func(o VersionOutput) bool { return v.FindOutput(o.Settings) < 0 })
}

// decide says what is left to do with a photo that was done before: Run, where
// nothing speaks against it.
func (s *succession) decide() (Decision, error) {
	if !s.found() || !s.same() {
		return Decision{}, nil
	}
	own, asked := s.record.Task == s.c.task.Key(), s.record.State == Requeued
	if own && !asked {
		return Decision{}, nil
	}
	if !s.record.Undone.IsZero() && !asked {
		return Decision{What: Skip, Reason: "undone; burnish reprocess makes it again", Record: s.record}, nil
	}
	stale := s.compare(own && len(s.record.Redo) == 0)
	switch {
	case !stale && asked:
		s.kept = Kept{} // it was asked for all the same
	case !stale:
		return s.renew()
	}
	if s.c.task.Whole {
		s.kept = Kept{}
	}
	switch {
	case asked, s.c.task.OnChange == Redo, s.c.task.OnChange == "":
	case s.c.task.OnChange == Keep:
		return Decision{What: Skip, Reason: Stays, Record: s.record}, nil
	case s.c.task.OnChange == Held:
		return Decision{What: Skip, Reason: Tried, Record: s.record, Changed: true}, nil
	default:
		return Decision{What: Skip, Reason: Awaits, Record: s.record, Changed: true}, nil
	}
	return Decision{}, nil
}

// same reports whether the photo is what it was.
func (s *succession) same() bool {
	return s.record.Content != "" && s.record.Content == s.c.photo.KnownHash() || s.record.Stat.Same(StatOf(s.c.photo.File.Info))
}

// compare finds what may be kept, and reports whether anything is left to make.
// With builds, what another build made is not kept.
func (s *succession) compare(builds bool) (stale bool) {
	s.kept = Kept{}
	now := s.c.task.Version
	for place, o := range now.Outputs {
		before := s.version.FindOutput(o.Settings)
		if now.FindOutput(o.Settings) != place || before < 0 || slices.Contains(s.record.Redo, before+1) || !s.keep(place, before, builds) {
			stale = true
		}
	}
	return stale
}

// keep keeps the files of an output, which had the place before in the record.
func (s *succession) keep(place, before int, builds bool) bool {
	if slices.Contains(s.record.LeftOut, before) {
		s.kept.LeftOut = append(s.kept.LeftOut, place)
		return true
	}
	var files []Output
	for i, o := range s.record.Outputs {
		if s.record.PlaceOf(i, len(s.version.Outputs)) != before {
			continue
		}
		if _, err := os.Lstat(o.Path); err != nil {
			return false
		}
		o.Build = cmp.Or(o.Build, s.record.Build)
		if was, is := s.version.madeBy(o.Build, before), s.c.task.Version.madeBy(s.c.task.Build, place); was != "" && was == is {
			o.Build = ""
		}
		if o.Build != "" && builds {
			return false
		}
		o.Place = place + 1
		files = append(files, o)
	}
	s.kept.Outputs = append(s.kept.Outputs, files...)
	return len(files) > 0
}

// madeBy is the fingerprint of what makes an output under a build, "" where that
// is not known.
func (v Version) madeBy(build string, output int) string {
	if all := v.Builds[build]; output < len(all) {
		return all[output]
	}
	return ""
}

// renew makes the record one of the pipeline as it is now, which would make the
// same files.
func (s *succession) renew() (Decision, error) {
	r := s.record
	r.Key.Task, r.Pipeline, r.Stat = s.c.task.Key(), s.c.task.Pipeline, StatOf(s.c.photo.File.Info)
	r.Build, r.Outputs, r.LeftOut, r.Redo = s.c.task.Build, nil, nil, nil
	s.into(&r)
	if len(r.Outputs) > 0 {
		r.State = Done
	}
	s.c.before = r
	return Decision{What: Skip, Reason: "already done", Record: r}, s.c.undecided(s.c.history.replace(s.record.Key, r))
}

// into adds to a record what is kept and what is left behind.
func (s *succession) into(r *Record) {
	if !s.found() || !s.same() {
		return
	}
	r.Outputs = append(slices.Clone(s.kept.Outputs), without(r.Outputs, s.kept)...)
	slices.SortStableFunc(r.Outputs, func(a, b Output) int { return cmp.Compare(a.Place, b.Place) })
	r.LeftOut = slices.Concat(r.LeftOut, s.kept.LeftOut)
	slices.Sort(r.LeftOut)
	r.LeftOut = slices.Compact(r.LeftOut)
	r.Notes = s.notes(r.Notes)
	before := s.record.Former
	if s.record.State == Done || s.record.State == Requeued {
		before = slices.Concat(before, s.record.Outputs)
	}
	r.Former = nil
	for _, o := range before {
		if is := func(n Output) bool { return n.Path == o.Path }; !slices.ContainsFunc(r.Outputs, is) && !slices.ContainsFunc(r.Former, is) {
			r.Former = append(r.Former, Output{Path: o.Path, Size: o.Size, Hash: o.Hash})
		}
	}
}

// notes adds what was noted of the outputs that are kept.
func (s *succession) notes(now map[string]string) map[string]string {
	if len(s.kept.Outputs) == 0 {
		return now
	}
	all := maps.Clone(s.record.Notes)
	if all == nil {
		all = map[string]string{}
	}
	for _, about := range []string{"not_written", "left_out", "date"} { // each run tells of all outputs
		delete(all, about)
	}
	maps.Copy(all, now)
	return all
}

// mixed reports whether the outputs were not made by one build.
func (r Record) mixed() bool {
	return slices.ContainsFunc(r.Outputs, func(o Output) bool { return o.Build != "" })
}

// without are the outputs that are not kept.
func without(outputs []Output, kept Kept) (all []Output) {
	for _, o := range outputs {
		if !kept.hasFile(o.Place - 1) {
			all = append(all, o)
		}
	}
	return all
}

// replaced is the key of the record that one of the photo as it is now replaces.
func (s *succession) replaced() Key {
	if !s.found() || !s.same() {
		return Key{}
	}
	return s.record.Key
}

// replace puts a record in the place of one that it succeeds.
func (h *History) replace(old Key, r Record) error {
	if h.Store == nil {
		return nil
	}
	r.Mounts = mounts.Cache{}.Names(r.files(), r.Mounts)
	_, err := h.Store.Apply(Change{Delete: r.instead(old), Put: []Record{r}})
	return err
}

// instead is what goes when r comes in the place of the record of a key.
func (r Record) instead(old Key) []Key {
	if old.Path == "" || old.Path == r.Path && old.Task == r.Task {
		return nil
	}
	return []Key{old}
}

// Settings is the fingerprint of the pipeline's settings that the record is of.
func (r Record) Settings() string { return settingsOf(r.Task) }

// Older reports whether another build than that in force made one of the outputs.
// The record is of the version v.
func (r Record) Older(v Version) bool {
	if v.Build == "" || r.Build == unknownBuild {
		return false
	}
	for i, o := range r.Outputs {
		build := cmp.Or(o.Build, r.Build)
		place := r.PlaceOf(i, len(v.Outputs))
		if build == v.Build || build == unknownBuild {
			continue
		}
		was := v.madeBy(build, max(0, place))
		if place < 0 || was == "" || was != v.madeBy(v.Build, place) {
			return true
		}
	}
	return false
}
