package api

import (
	"context"
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

// The verbs of tasks that go through the whole library in the background, one at
// a time, and of what is to become of photos whose pipeline changed.
const (
	Task       Verb[None, LibraryTask]                 = "GET /v1/library/task"
	VerifyAll  Verb[plugin.VerifyRequest, LibraryTask] = "POST /v1/library/verify"
	UndoAll    Verb[plugin.UndoRequest, LibraryTask]   = "POST /v1/library/undo"
	StopTask   Verb[None, None]                        = "POST /v1/library/stop"
	KeepChange Verb[ChangeChoice, None]                = "POST /v1/changes/keep"
)

// Kinds of tasks.
const (
	TaskVerify = "verify"
	TaskUndo   = "undo"
	TaskRedo   = "redo"
)

// LibraryTask is a task that goes through the library, and what came of it so
// far. The lists hold the first of many.
type LibraryTask struct {
	Kind    string    `json:"kind,omitempty"` // "" where there was none
	Running bool      `json:"running"`
	Stopped bool      `json:"stopped,omitempty"` // by who asked for it
	Began   time.Time `json:"began,omitzero"`
	Ended   time.Time `json:"ended,omitzero"`
	Problem *Problem  `json:"problem,omitempty"` // that ended it

	Verify   *plugin.VerifyRequest `json:"verify,omitempty"`
	Count    plugin.VerifyCount    `json:"count"`           // that was verified
	Found    map[string]int        `json:"found,omitempty"` // findings by kind
	Healed   int                   `json:"healed,omitempty"`
	Findings []plugin.Finding      `json:"findings,omitempty"`

	Undo     *plugin.UndoRequest  `json:"undo,omitempty"`
	Undone   UndoneCount          `json:"undone"`
	Refused  int                  `json:"refused,omitempty"` // photos of which nothing was undone
	Refusals []plugin.UndonePhoto `json:"refusals,omitempty"`
}

// UndoneCount adds up what was undone, or redone.
type UndoneCount struct {
	Photos    int   `json:"photos"`
	Originals int   `json:"originals"`
	Outputs   int   `json:"outputs"`
	Bytes     int64 `json:"bytes"` // of the outputs
}

// Add adds what was undone of a photo.
func (c *UndoneCount) Add(p plugin.UndonePhoto) {
	c.Photos++
	c.Originals += p.Originals
	c.Outputs += p.Outputs
	c.Bytes += p.Bytes
}

// ChangeChoice names the change of a pipeline as a person saw it.
type ChangeChoice struct {
	Folder   string `json:"folder"`
	Pipeline string `json:"pipeline"`
	Version  string `json:"version"` // as of the change
}

// LibraryTasks are what a daemon's tasks are asked.
type LibraryTasks interface {
	Now() LibraryTask
	Verify(plugin.VerifyRequest) (LibraryTask, error)
	Undo(plugin.UndoRequest) (LibraryTask, error)
	Stop()
}

// HandleTasks makes m answer the verbs of tasks, and [KeepChange] by keep.
func HandleTasks(m *Mux, t LibraryTasks, keep func(ChangeChoice) error) {
	Task.Handle(m, func(context.Context, None) (LibraryTask, error) { return t.Now(), nil })
	VerifyAll.Handle(m, func(_ context.Context, q plugin.VerifyRequest) (LibraryTask, error) { return t.Verify(q) })
	UndoAll.Handle(m, func(_ context.Context, q plugin.UndoRequest) (LibraryTask, error) { return t.Undo(q) })
	StopTask.Handle(m, func(context.Context, None) (None, error) { t.Stop(); return None{}, nil })
	KeepChange.Handle(m, func(_ context.Context, c ChangeChoice) (None, error) { return None{}, keep(c) })
}
