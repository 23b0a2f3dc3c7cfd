// Package scrub verifies the library in the background: slowly, by a budget of
// bytes, one pass after the other and at most one a day. What it finds is logged
// and kept in the state folder, with how far it has come.
//
// It asks the records' verb for everything, and touches no photo itself.
package scrub

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/cmd/statefile"
	"github.com/burnish-photo/burnish/ops/event"
	"github.com/burnish-photo/burnish/plugin"
)

const (
	stateFile = "scrub.json"
	every     = 2 * time.Second  // between two calls
	keptEvery = 10 * time.Second // between two writes of the file, unless something was found
	logged    = 20               // findings of a pass that are logged one by one
)

// Scrub is the verification of one state folder's library. Its methods may be
// called from several goroutines.
type Scrub struct {
	file string
	log  *slog.Logger

	mu    sync.Mutex
	state api.ScrubStatus

	// Run's goroutine alone touches these.
	kept   time.Time // when the file was written
	failed bool      // it could not be
	debt   int64     // bytes that were read beyond the budgets so far: a photo is read whole
}

// Open reads how far the last daemon has come.
func Open(stateDir string, log *slog.Logger) *Scrub {
	s := &Scrub{file: filepath.Join(stateDir, stateFile), log: log}
	data, err := os.ReadFile(s.file)
	if err == nil {
		err = api.Unmarshal(data, &s.state)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		log.Warn("the background verification begins anew", "file", s.file, "error", err)
		s.state = api.ScrubStatus{}
	}
	return s
}

// Status is how far it has come; nil where it never ran.
func (s *Scrub) Status() *api.ScrubStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state.Began.IsZero() {
		return nil
	}
	now := s.state
	return &now
}

// Run verifies until ctx ends. rate is the budget of the moment in bytes a
// second; 0: none.
func (s *Scrub) Run(ctx context.Context, records api.Service, rate func() int64) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	client := api.Direct(records)
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			if budget := rate() * int64(every/time.Second); budget > 0 {
				s.step(ctx, client, budget, now)
			}
		}
	}
}

// step spends a budget, or pays with it for what was read beyond earlier ones.
func (s *Scrub) step(ctx context.Context, client *api.Client, budget int64, now time.Time) {
	if s.debt = max(0, s.debt-budget); s.debt > 0 {
		return
	}
	s.mu.Lock()
	if s.state.Due(now) {
		s.state = s.state.Begin(now)
	}
	state := s.state
	s.mu.Unlock()
	if !state.Finished.IsZero() {
		return
	}
	page, err := api.Verify.Call(ctx, client, plugin.VerifyRequest{After: state.After, Most: budget, Time: every / 2})
	if err != nil {
		if ctx.Err() == nil {
			s.log.Debug("background verification", "error", err) // the worker is replaced, or the ledger cannot be read, which others tell
		}
		return
	}
	s.debt = page.Count.Bytes
	state = state.Add(page, now)
	for _, f := range page.Findings {
		s.tell(f, &state)
	}
	if page.Done {
		s.log.Info("library verified", event.LibraryVerified.Attr(), "photos", state.Count.Photos, "outputs", state.Count.Outputs, "bytes", state.Count.Bytes, "findings", state.Total())
	}
	s.keep(state, page.Done || len(page.Findings) > 0, now)
}

// tell logs a finding, unless there were many.
func (s *Scrub) tell(f plugin.Finding, state *api.ScrubStatus) {
	if state.Logged++; state.Logged > logged {
		return
	}
	args := []any{event.LibraryDamaged.Attr(), "photo", f.Photo, "file", f.File, "kind", string(f.Kind)}
	if f.Hint != "" {
		args = append(args, "hint", f.Hint)
	}
	if state.Logged == logged {
		args = append(args, "further", "burnish verify lists all")
	}
	s.log.Warn("library damaged", args...)
}

// keep remembers the state, and writes it down where that matters or it was not
// for a while.
func (s *Scrub) keep(state api.ScrubStatus, matters bool, now time.Time) {
	s.mu.Lock()
	s.state = state
	s.mu.Unlock()
	if since := now.Sub(s.kept); !matters && since >= 0 && since < keptEvery {
		return
	}
	s.kept = now
	data, err := api.Marshal(state)
	if err == nil {
		err = statefile.Write(s.file, data, 0o640)
	}
	if err != nil && !s.failed {
		s.log.Warn("how far the background verification has come cannot be kept", "error", err)
	}
	s.failed = err != nil
}
