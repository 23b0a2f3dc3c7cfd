package history

import (
	"slices"
	"time"

	"github.com/burnish-photo/burnish/plugin/history/rollout"
)

// Version is a pipeline as it was configured once. It tells what the fingerprint
// in a record's task stands for: of which outputs, and of which steps.
type Version struct {
	Settings string          `json:"settings"` // the pipeline's fingerprint, as in [Key.Task]
	Pipeline string          `json:"pipeline"` // its name
	Outputs  []VersionOutput `json:"outputs"`  // in the order of the configuration
	Steps    []VersionStep   `json:"steps"`    // the same

	Build string `json:"build,omitempty"` // fingerprint of what makes the pixels now
	// Builds are the fingerprints of what made each output, by place, under the
	// pipeline's fingerprint of its build.
	Builds map[string][]string `json:"builds,omitempty"`

	// Trials are those of the pipeline on the photos of watched folders.
	Trials []rollout.Trial `json:"trials,omitempty"`

	Since time.Time `json:"since,omitzero"` // it was first in force
	Until time.Time `json:"until,omitzero"` // another took its place; zero for the one in force
}

// VersionOutput is an output of a version.
type VersionOutput struct {
	Settings string `json:"settings"` // fingerprint of its encoding, its path and the steps that it depends on
	Path     string `json:"path"`     // as the configuration has it
	Steps    []int  `json:"steps"`    // that it depends on, by place, ascending
}

// VersionStep is a step of a version.
type VersionStep struct {
	Name     string `json:"name"`              // for people
	Settings string `json:"settings"`          // fingerprint of it and of the steps that it reads
	Network  bool   `json:"network,omitempty"` // it runs a neural network
}

// FindOutput is the place of the output with that fingerprint, -1 where the
// version has none or several.
func (v Version) FindOutput(settings string) int {
	is := func(o VersionOutput) bool { return o.Settings == settings }
	at := slices.IndexFunc(v.Outputs, is)
	if at >= 0 && slices.ContainsFunc(v.Outputs[at+1:], is) {
		return -1
	}
	return at
}

// NeedsNetwork reports whether an output depends on a network.
func (v Version) NeedsNetwork(output int) bool {
	return slices.ContainsFunc(v.Outputs[output].Steps, func(step int) bool { return v.Steps[step].Network })
}

// Stale are the outputs of v, by place, that the version before made otherwise or
// not at all.
func (v Version) Stale(before Version) (places []int) {
	for i, o := range v.Outputs {
		if before.FindOutput(o.Settings) < 0 {
			places = append(places, i)
		}
	}
	return places
}

// Versions are pipelines by their settings' fingerprints.
type Versions map[string]Version

// AllVersions are those that a store knows.
func AllVersions(s Store) (Versions, error) {
	all := Versions{}
	known, err := s.Versions()
	for _, v := range known {
		all[v.Settings] = v
	}
	return all, err
}

// InForce is the pipeline of a record as it is configured now.
func (all Versions) InForce(r Record) (v Version, ok bool) {
	if v := all[r.Settings()]; v.Until.IsZero() && v.Pipeline == r.Pipeline && v.Pipeline != "" {
		return v, true
	}
	for _, v := range all {
		if v.Pipeline == r.Pipeline && v.Pipeline != "" && v.Until.IsZero() {
			return v, true
		}
	}
	return v, false
}

// Changed reports whether the pipeline of a record that was done has changed so
// that outputs would be others.
func (all Versions) Changed(r Record) bool {
	v, ok := all.InForce(r)
	return ok && v.Settings != r.Settings() && r.MovedTo == "" && len(v.Stale(all[r.Settings()])) > 0
}

// Trial is that of a build on the photos of a folder.
func (v Version) Trial(folder, build string) (t rollout.Trial, ok bool) {
	for _, t := range v.Trials {
		if t.Folder == folder && t.Build == build {
			return t, true
		}
	}
	return t, false
}

// Trial is what a photo tells of which a changed pipeline was tried.
type Trial struct {
	Before  Record     `json:"before"` // the record of its outputs before
	Outputs []Compared `json:"outputs,omitempty"`
}

// Compared is an output beside the one that it took the place of.
type Compared struct {
	Path   string   `json:"path"`
	Before int64    `json:"before"` // bytes; 0: there was none
	After  int64    `json:"after"`  // bytes
	Equal  bool     `json:"equal,omitempty"`
	PSNR   *float64 `json:"psnr,omitempty"`   // dB; nil where they are equal, or cannot be compared
	Reason string   `json:"reason,omitempty"` // why they cannot

	Kept string `json:"kept,omitempty"` // where the former file is, in the trash; "" where it is not kept
	Hash string `json:"hash,omitempty"` // its digest
}

// Concerns reports whether a pipeline that is v now would make other outputs of a
// photo than its record tells of.
func (v Version) Concerns(r Record, before Version) bool {
	if r.State != Done || r.MovedTo != "" || r.Superseded != "" || r.Content == "" {
		return false
	}
	if r.Settings() == v.Settings {
		return r.Older(v)
	}
	return len(v.Stale(before)) > 0
}

// try lets a trial of the pipeline have the photos that it has chosen, as if they
// had been asked for. Others wait while it is not decided in its favour.
func (s *succession) try() error {
	c := s.c
	if c == nil || c.reader == nil || c.task.Trial == "" {
		return nil
	}
	v, _, err := c.reader.Version(c.task.Settings)
	if err != nil {
		return c.undecided(err)
	}
	t, ok := v.Trial(c.task.Trial, c.task.Build)
	if !ok || t.Verdict == rollout.Go {
		return nil
	}
	if past := c.Past(); past.HasFailed() && past.Trial != nil {
		s.trial = past.Trial
	}
	if !s.found() || !s.same() || !c.task.Version.Concerns(s.record, s.version) {
		return nil
	}
	if t.Verdict != rollout.Open || !t.Includes(c.task.Settings, s.record.Content) {
		if c.task.OnChange != Keep {
			c.task.OnChange = Held
		}
		return nil
	}
	s.trial = &Trial{Before: s.record}
	if s.record.Trial != nil {
		s.trial.Before = s.record.Trial.Before // tried before, and not decided
	}
	s.trial.Before.Trial = nil
	s.record.State = Requeued
	if s.record.Task == c.task.Key() {
		c.before.State = Requeued
	}
	return nil
}

// tried is what is to be recorded of the trial that the photo is part of.
func (s *succession) tried(compared []Compared) *Trial {
	if s.trial == nil {
		return nil
	}
	t := *s.trial
	t.Outputs = compared
	return &t
}
