package api

import (
	"maps"
	"time"

	"github.com/burnish-photo/burnish/plugin"
)

// Undo puts photos' files back as they were, a page of the journal a call.
const Undo Verb[plugin.UndoRequest, plugin.UndoPage] = "POST /v1/undo"

// Verify compares the records with their files, for about a second a call.
const Verify Verb[plugin.VerifyRequest, plugin.VerifyPage] = "POST /v1/verify"

// ScrubStatus is how far the background verification of the library has come.
type ScrubStatus struct {
	Began    time.Time          `json:"began"`
	Finished time.Time          `json:"finished,omitzero"` // this pass; zero while it is under way
	Count    plugin.VerifyCount `json:"count"`             // of this pass
	Found    map[string]int     `json:"found,omitempty"`   // of this pass, by kind
	Last     map[string]int     `json:"last,omitempty"`    // of the pass before
	LastEnd  time.Time          `json:"last_end,omitzero"` // when that ended
	Read     int64              `json:"read"`              // bytes, of all passes

	After  plugin.RecordKey `json:"after,omitzero"`
	Logged int              `json:"logged,omitempty"` // findings
}

// scrubEvery is the least time between the beginnings of two passes.
const scrubEvery = 24 * time.Hour

// Due reports whether another pass is to begin.
func (s ScrubStatus) Due(now time.Time) bool {
	return s.Began.IsZero() || !s.Finished.IsZero() && (now.Sub(s.Began) >= scrubEvery || now.Before(s.Began))
}

// Begin is the beginning of another pass.
func (s ScrubStatus) Begin(now time.Time) ScrubStatus {
	return ScrubStatus{Began: now, Last: s.Found, LastEnd: s.Finished, Read: s.Read}
}

// Add adds what a call has found.
func (s ScrubStatus) Add(p plugin.VerifyPage, now time.Time) ScrubStatus {
	s.Count.Add(p.Count)
	s.Read += p.Count.Bytes
	s.After = p.After
	found := map[string]int{}
	maps.Copy(found, s.Found)
	for _, f := range p.Findings {
		found[string(f.Kind)]++
	}
	s.Found = found
	if p.Done {
		s.Finished = now
	}
	return s
}

// Total is the number of findings.
func (s ScrubStatus) Total() (n int) {
	for _, of := range s.Found {
		n += of
	}
	return n
}

// Latest are the findings of the latest pass that ended, and when it did.
func (s ScrubStatus) Latest() (found map[string]int, ended time.Time) {
	if s.Finished.IsZero() {
		return s.Last, s.LastEnd
	}
	return s.Found, s.Finished
}

// FindingKinds are the kinds that Found may count.
func FindingKinds() []string { return plugin.FindingKinds() }
