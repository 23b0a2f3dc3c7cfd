package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/plugin"
)

const (
	shortLife = 10 * time.Second // a life without a photo's fault that is no good sign
	maxShort  = 5                // such lives in a row
)

// supervisor is a worker in a process of its own, which is started again
// whenever it dies.
type supervisor struct {
	setup  Setup
	limit  config.Worker
	log    *slog.Logger
	broke  chan error
	opened Opened // by the first process; the others are like it
	bounds *confinement

	mu      sync.Mutex // held while a process is started
	current *workerProcess
	short   int // lives in a row that were short
	closed  bool
	failed  error // no process can be had
}

// supervise starts the worker process.
func supervise(r *runCommand, c *config.Config, h *host, log *slog.Logger) (*supervisor, error) {
	s := &supervisor{setup: Setup{Command: *r, Verbose: h.verbose, Spelled: c.Spelled()}, limit: c.Worker, log: log, broke: make(chan error, 1), bounds: confine(c)}
	if r.Folder == "" {
		var err error
		if s.setup.File, err = find(r.Config); err != nil {
			return nil, err
		}
		if s.setup.Text, err = os.ReadFile(s.setup.File); err != nil {
			return nil, err
		}
	}
	if err := s.start(); err != nil {
		return nil, err
	}
	s.opened = s.current.opened
	log.Info("the worker process", "sandbox", s.bounds.String(), "system_calls", s.calls())
	return s, nil
}

// start starts a process. s.mu is held, or s is not shared yet. Where none has
// ever started within the sandbox, and one does without, there is none.
func (s *supervisor) start() error {
	p, err := startWorker(s.setup, s.bounds, s.log)
	if errors.Is(err, errDead) && s.bounds.untried() {
		p, err = startWorker(s.setup, s.bounds, s.log) // something else may have ended it
	}
	if err != nil && bySandbox(err) && s.bounds.lift(unconfined(err)) {
		if p, err = startWorker(s.setup, s.bounds, s.log); err != nil {
			s.bounds.restore()
			return err
		}
		s.log.Warn("photos are worked on without a sandbox", "reason", s.bounds.String())
	}
	if err != nil {
		return err
	}
	s.bounds.prove()
	s.current = p
	s.log.Debug("the worker process runs", "pid", p.pid)
	go p.guard(s.limit)
	go s.watch(p)
	return nil
}

// watch starts another process when p dies.
func (s *supervisor) watch(p *workerProcess) {
	<-p.dead
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	if p.retired() {
		s.log.Info("the worker process is started again", "pid", p.pid, "reason", p.cause)
	} else {
		s.log.Error("the worker process died and is started again", "pid", p.pid, "cause", p.cause, "under_way", p.most)
	}
	if p.most == 0 && !p.retired() && time.Since(p.since) < shortLife {
		s.short++
	} else {
		s.short = 0
	}
	err := error(nil)
	for ; s.short < maxShort && !s.closed; s.short++ {
		time.Sleep(time.Duration(s.short) * time.Second)
		if err = s.start(); err == nil {
			return
		}
		s.log.Error("the worker process cannot be started", "error", err)
	}
	s.failed = errors.Join(fmt.Errorf("the worker process died %d times at its start, the last time because %s", s.short, p.cause), err)
	s.broke <- s.failed
}

// process returns errSuspect where the photo was not alone when the process
// died, and a failure of the kind Crashed where it was. Where the process may not
// use a folder any more that was mounted anew, the photo is tried once more, in
// another process.
func (s *supervisor) process(_ context.Context, j plugin.Job) (plugin.Result, error) {
	a, p, err := s.try(j)
	if err == nil && a.Stale != "" && a.Failure != nil {
		p.retire(a.Stale + " was mounted anew since the process was confined")
		a, _, err = s.try(j)
	}
	switch {
	case err != nil:
		return a.Result, err
	case a.Failure != nil:
		return a.Result, a.Failure.error()
	case a.Error != "":
		return a.Result, errors.New(a.Error)
	}
	return a.Result, nil
}

// try works on a photo once, in the process that it returns.
func (s *supervisor) try(j plugin.Job) (a Answer, p *workerProcess, err error) {
	p, err = s.take(j)
	if err != nil {
		return a, p, &plugin.Error{Path: j.Path, Kind: plugin.Stopped, Err: err}
	}
	err = p.call("Process", j, &a)
	p.end()
	switch {
	case errors.Is(err, errDead) && p.most > 1:
		return Answer{}, p, errSuspect
	case errors.Is(err, errDead):
		return Answer{}, p, s.strike(j, p.cause, p.starved())
	}
	return a, p, err
}

// strike records that the photo was the end of a process.
func (s *supervisor) strike(j plugin.Job, cause string, starved bool) error {
	cause = "worker crashed on this file: " + cause
	var f Failure
	if err := s.ask("Strike", Death{j, cause, starved}, &f); err != nil {
		return &plugin.Error{Path: j.Path, Kind: plugin.Crashed, Err: errors.Join(errors.New(cause), err)}
	}
	return f.error()
}

// take is a process that a photo has begun in. One that is confined to folders
// which are not those of that name any more is ended first.
func (s *supervisor) take(j plugin.Job) (*workerProcess, error) {
	for {
		p, err := s.get()
		if err != nil {
			return nil, err
		}
		if folder := s.bounds.outdated(j); folder != "" {
			p.retire(folder + " is another folder than when the process was confined")
		}
		if p.begin() {
			return p, nil
		}
		time.Sleep(20 * time.Millisecond) // it ends
	}
}

// get is the process that runs, waited for while one is started.
func (s *supervisor) get() (*workerProcess, error) {
	for {
		s.mu.Lock()
		p, failed, closed := s.current, s.failed, s.closed
		s.mu.Unlock()
		switch {
		case failed != nil:
			return nil, failed
		case closed:
			return nil, errors.New("the daemon is stopping")
		}
		if !p.ending() {
			return p, nil
		}
		time.Sleep(20 * time.Millisecond) // for watch to start another
	}
}

// ask calls the process, and the next where it dies meanwhile.
func (s *supervisor) ask(method string, args, reply any) error {
	for try := 1; ; try++ {
		p, err := s.get()
		if err != nil {
			return err
		}
		if err = p.call(method, args, reply); !errors.Is(err, errDead) || try == maxShort {
			return err
		}
	}
}

func (s *supervisor) failures() ([]plugin.Failure, error) {
	var a Failures
	err := s.ask("Failures", None{}, &a)
	return a.Failures, err
}

func (s *supervisor) recall(q plugin.Question) (a plugin.Recollection, err error) {
	err = s.ask("Recall", q, &a)
	return a, err
}

func (s *supervisor) retry(paths []string) ([]string, error) {
	var a Photos
	if err := s.ask("Retry", paths, &a); err != nil {
		return nil, err
	}
	return a.result()
}

func (s *supervisor) reprocess(where string) ([]string, error) {
	var a Photos
	if err := s.ask("Reprocess", where, &a); err != nil {
		return nil, err
	}
	return a.result()
}

func (s *supervisor) tidy() error { return s.ask("Tidy", None{}, &None{}) }

func (s *supervisor) describe() map[string][]string { return s.opened.Steps }

func (s *supervisor) parallel() int { return s.opened.Parallel }

func (s *supervisor) notice() string { return s.opened.Notice }

func (s *supervisor) sandbox() string { return s.bounds.String() }

func (s *supervisor) calls() string {
	return cmp.Or(s.opened.Calls, "not filtered: worker.sandbox is off")
}

func (s *supervisor) fatal() <-chan error { return s.broke }

// close ends the process; nothing is under way any more.
func (s *supervisor) close() error {
	s.mu.Lock()
	p := s.current
	s.closed = true
	s.mu.Unlock()
	err := p.call("Close", None{}, &None{})
	if errors.Is(err, errDead) {
		err = nil
	}
	err = errors.Join(err, p.client.Close())
	select {
	case <-p.dead:
	case <-time.After(time.Minute):
		p.kill("it did not end when asked to")
		<-p.dead
	}
	return err
}
