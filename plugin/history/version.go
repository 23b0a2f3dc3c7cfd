package history

import (
	"slices"
	"time"
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
