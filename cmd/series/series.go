// Package series keeps how many photos a daemon has processed of late, and what
// that took: by minutes for an hour, by quarters of an hour for a day, and by
// six hours for 31 days. The figures are in one small file, which is replaced as
// a whole and outlives the daemon. A file that cannot be read is set aside, and
// the figures begin anew.
//
// The package knows neither photos nor plots.
package series

import (
	"maps"
	"sync"
	"time"
)

// Range is how far a series reaches back.
type Range struct {
	Name string
	Step time.Duration // of one sample; samples begin at multiples of it since the epoch
	Keep int           // samples, the current one among them
}

// Ranges are those kept, shortest first.
var Ranges = []Range{
	{"hour", time.Minute, 60},
	{"day", 15 * time.Minute, 96},
	{"month", 6 * time.Hour, 124},
}

// Sample is what happened in a span of time.
type Sample struct {
	From   time.Time `json:"from"`
	Photos int64     `json:"photos,omitempty"` // done
	Failed int64     `json:"failed,omitempty"` // tries
	Pixels int64     `json:"pixels,omitempty"`

	Damage float64 `json:"damage,omitempty"` // the sum of Judged photos', each from 0 to 1
	Judged int64   `json:"judged,omitempty"`

	Stages map[string]Spent `json:"stages,omitempty"`
}

// Spent is the time that photos took in a stage.
type Spent struct {
	Time   time.Duration `json:"time"` // of all, in nanoseconds
	Photos int64         `json:"photos"`
}

// add adds what happened besides.
func (s *Sample) add(o Sample) {
	s.Photos, s.Failed, s.Pixels = s.Photos+o.Photos, s.Failed+o.Failed, s.Pixels+o.Pixels
	s.Damage, s.Judged = s.Damage+o.Damage, s.Judged+o.Judged
	for stage, spent := range o.Stages {
		if s.Stages == nil {
			s.Stages = map[string]Spent{}
		}
		if _, known := s.Stages[stage]; !known && len(s.Stages) >= maxStages {
			continue
		}
		now := s.Stages[stage]
		s.Stages[stage] = Spent{now.Time + spent.Time, now.Photos + spent.Photos}
	}
}

// maxStages bounds the stages of a sample, whose names a worker process tells.
const maxStages = 16

// Series are the samples of every range by its name, oldest first. Spans in which
// nothing happened have none.
type Series map[string][]Sample

// Store is a Series that grows. It is safe for concurrent use.
type Store struct {
	path string

	mu      sync.Mutex
	series  Series
	changed bool // since it was written
}

// Add adds what happened at a time. What is older than a range reaches, as of
// the latest sample, is no part of it.
func (s *Store) Add(at time.Time, what Sample) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changed = true
	for _, r := range Ranges {
		s.series[r.Name] = r.insert(s.series[r.Name], at, what)
	}
}

// insert adds what happened at a time to the samples of the range. Those of a
// time to come were made before the clock was turned back; they are dropped.
func (r Range) insert(all []Sample, at time.Time, what Sample) []Sample {
	from := at.Truncate(r.Step).UTC()
	for len(all) > 0 && all[len(all)-1].From.After(from) {
		all = all[:len(all)-1]
	}
	if len(all) == 0 || all[len(all)-1].From.Before(from) {
		all = append(all, Sample{From: from})
	}
	all[len(all)-1].add(what)
	return r.within(all, at)
}

// within are the samples that the range reaches back to from now.
func (r Range) within(all []Sample, now time.Time) []Sample {
	oldest := now.Truncate(r.Step).Add(-time.Duration(r.Keep-1) * r.Step)
	for len(all) > 0 && all[0].From.Before(oldest) {
		all = all[1:]
	}
	return all
}

// Series are the samples as of now. The caller may keep them.
func (s *Store) Series(now time.Time) Series {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.series.copy(now)
}

func (s Series) copy(now time.Time) Series {
	all := Series{}
	for _, r := range Ranges {
		for _, sample := range r.within(s[r.Name], now) {
			sample.Stages = maps.Clone(sample.Stages)
			all[r.Name] = append(all[r.Name], sample)
		}
	}
	return all
}
