// Package change knows what a change of a pipeline means for the photos that were
// done before: it describes pipelines as [history.Version]s, keeps those that
// records were made by, and counts in the records what is left to make.
//
// It decides on no photo, which package history does, and makes no output.
package change

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/burnish-photo/burnish/ops/graph"
	"github.com/burnish-photo/burnish/plugin/history"
	"github.com/burnish-photo/burnish/plugin/output"
)

// Pipeline is what a version is made of.
type Pipeline struct {
	Name     string
	Settings string // its fingerprint
	Build    string // that of what makes its pixels
	Graph    *graph.Graph
	Outputs  []output.Config
	Pages    string
}

// Version describes the pipeline.
func (p Pipeline) Version() history.Version {
	v := history.Version{Settings: p.Settings, Pipeline: p.Name, Build: p.Build, Builds: map[string][]string{}}
	for _, s := range p.Graph.Steps() {
		v.Steps = append(v.Steps, history.VersionStep{Name: s.Name, Settings: s.Settings, Network: s.Network})
	}
	for i, part := range p.Graph.Outputs() {
		o := &p.Outputs[i]
		v.Outputs = append(v.Outputs, history.VersionOutput{Settings: p.fingerprint(o, part.Settings), Path: o.Path.String(), Steps: part.Steps})
		v.Builds[p.Build] = append(v.Builds[p.Build], part.Build)
	}
	return v
}

// fingerprint covers all that decides an output's files, their names included.
// The pipeline's own name counts only where it is part of theirs.
func (p Pipeline) fingerprint(o *output.Config, steps string) string {
	parts := []string{steps, o.Fingerprint(), p.Pages}
	if strings.Contains(o.Path.String(), "{pipeline") {
		parts = append(parts, p.Name)
	}
	text, err := json.Marshal(parts)
	if err != nil {
		panic(err) // texts
	}
	digest := sha256.Sum256(text)
	return hex.EncodeToString(digest[:8])
}

// Register makes versions known as those in force, and those of the same
// pipelines as no longer so.
func Register(s history.Store, inForce []history.Version, now time.Time) error {
	known, err := s.Versions()
	if err != nil {
		return err
	}
	if len(known) == 0 {
		if err := registerUnknown(s, now); err != nil {
			return err
		}
	}
	for _, v := range inForce {
		for _, old := range known {
			switch {
			case old.Settings == v.Settings:
				v = merged(old, v)
			case old.Pipeline == v.Pipeline && old.Until.IsZero():
				old.Until = now
				if err := s.SetVersion(old); err != nil {
					return err
				}
			}
		}
		if v.Since.IsZero() {
			v.Since = now
		}
		at := slices.IndexFunc(known, func(k history.Version) bool { return k.Settings == v.Settings })
		if at >= 0 && equal(known[at], v) {
			continue
		}
		if err := s.SetVersion(v); err != nil {
			return err
		}
	}
	return nil
}

// registerUnknown lets the records be looked at that were made before versions
// were known.
func registerUnknown(s history.Store, now time.Time) error {
	found := errFound
	if err := s.Each(false, func(history.Record) error { return found }); err != found { //nolint:errorlint // its own
		return err
	}
	return s.SetVersion(history.Version{Until: now})
}

// merged is v with what is known of it, as in force.
func merged(old, v history.Version) history.Version {
	v.Since, v.Trials = old.Since, old.Trials
	for build, outputs := range old.Builds {
		if _, ok := v.Builds[build]; !ok {
			v.Builds[build] = outputs
		}
	}
	return v
}

func equal(a, b history.Version) bool {
	one, err := json.Marshal(a)
	other, err2 := json.Marshal(b)
	return err == nil && err2 == nil && string(one) == string(other)
}
