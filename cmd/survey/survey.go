// Package survey adds the plans of many photos up: how many would be processed
// or skipped and why, how damaged they are, what it takes. It keeps sums alone, so
// a library of any size takes the same memory.
package survey

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/burnish-photo/burnish/plugin"
)

// Failing is the decision on photos that would fail.
const Failing = "fail"

// Survey are the sums. The zero value is ready.
type Survey struct {
	Photos    int        `json:"photos"`              // that something would be done with
	Skipped   int        `json:"skipped"`             // photos that nothing would be done with
	Failing   int        `json:"failing"`             // would fail
	Others    int        `json:"others,omitempty"`    // files that are no photos
	Ignored   int        `json:"ignored,omitempty"`   // files and folders passed over by their names
	Decisions []Decision `json:"decisions,omitempty"` // the most frequent first
	Steps     []Step     `json:"steps,omitempty"`     // in the order of the pipeline, as far as photos take it
	Damage    *Histogram `json:"damage,omitempty"`    // nil: not known of any photo
	Bytes     int64      `json:"bytes"`               // of the photos that something would be done with
	Written   int64      `json:"written"`             // bytes of outputs, roughly estimated
	Seconds   float64    `json:"seconds"`             // estimated, with as many photos at a time as Parallel
	Megabytes float64    `json:"megabytes"`           // of memory, estimated
	Parallel  int        `json:"parallel"`

	counts map[[2]string]int
	steps  map[string]int // index in Steps, from 1
	alone  float64        // seconds, with one photo at a time
	most   float64        // megabytes of one photo
}

// Decision is what becomes of photos, and why.
type Decision struct {
	Decision string `json:"decision"` // run, copy, publish, skip or fail
	Cause    string `json:"cause,omitempty"`
	Photos   int    `json:"photos"`
}

// Step counts the photos that a step runs on.
type Step struct {
	Name    string `json:"name"`
	Runs    int    `json:"runs"`
	LeftOut int    `json:"left_out"`
}

// Histogram counts photos by their damage, in tenths.
type Histogram struct {
	Tenths [10]int `json:"tenths"` // the first is 0 to below 0.1
	Known  int     `json:"known"`
}

// maxCauses bounds the causes that are told apart; what comes later is "other".
const maxCauses = 100

// Add counts a plan, or the failure that it foresees.
func (s *Survey) Add(p plugin.Plan, failed *plugin.Error) {
	switch {
	case failed != nil:
		s.Failing++
		s.count(Failing, string(failed.Kind))
		return
	case p.Cause == plugin.NotAPhoto || p.Reason == plugin.NotAPhoto:
		s.Others++
		return
	}
	s.damage(p.Damage)
	if p.Reason != "" && p.Decision != plugin.PlanPublish {
		s.Skipped++
		s.count(plugin.PlanSkip, cmp.Or(p.Cause, p.Reason))
		return
	}
	s.Photos++
	s.count(p.Decision, p.Cause)
	s.Bytes += p.Bytes
	s.Written += p.Written
	s.alone += p.Seconds
	s.most = max(s.most, p.Megabytes)
	for _, step := range p.Steps {
		s.step(step)
	}
}

func (s *Survey) count(decision, cause string) {
	if s.counts == nil {
		s.counts = map[[2]string]int{}
	}
	cause, _, _ = strings.Cut(cause, ": ") // what follows is of one photo
	key := [2]string{decision, cause}
	if s.counts[key] == 0 && len(s.counts) >= maxCauses {
		key[1] = "other"
	}
	s.counts[key]++
}

func (s *Survey) step(p plugin.PlannedStep) {
	if s.steps == nil {
		s.steps = map[string]int{}
	}
	at := s.steps[p.Name]
	if at == 0 {
		if len(s.Steps) >= maxCauses {
			return
		}
		s.Steps = append(s.Steps, Step{Name: p.Name})
		at = len(s.Steps)
		s.steps[p.Name] = at
	}
	if p.Runs {
		s.Steps[at-1].Runs++
	} else {
		s.Steps[at-1].LeftOut++
	}
}

func (s *Survey) damage(value *float64) {
	if value == nil {
		return
	}
	if s.Damage == nil {
		s.Damage = &Histogram{}
	}
	s.Damage.Known++
	s.Damage.Tenths[min(9, max(0, int(*value*10+1e-9)))]++
}

// Sum fills in what follows from all plans, of which so many are worked on at a
// time.
func (s *Survey) Sum(parallel int) {
	s.Parallel = max(1, parallel)
	s.Seconds, s.Megabytes = s.alone/float64(s.Parallel), s.most*float64(s.Parallel)
	s.Decisions = nil
	for key := range maps.Keys(s.counts) {
		s.Decisions = append(s.Decisions, Decision{key[0], key[1], s.counts[key]})
	}
	slices.SortFunc(s.Decisions, func(a, b Decision) int {
		return cmp.Or(b.Photos-a.Photos, strings.Compare(a.Decision, b.Decision), strings.Compare(a.Cause, b.Cause))
	})
}
