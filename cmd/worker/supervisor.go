package worker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/ops/event"
	"github.com/burnish-photo/burnish/plugin"
)

const (
	shortLife = 10 * time.Second // a life without a photo's fault that is no good sign
	maxShort  = 5                // such lives in a row
)

// Supervisor is a worker in a process of its own, which is started again
// whenever it dies.
type Supervisor struct {
	setup    setup
	limit    config.Worker
	cores    int    // that the process may use; 0: all
	state    string // folder
	log      *slog.Logger
	failed   chan error             // takes what broke is set to
	identity atomic.Pointer[string] // of the process that runs, which read its models anew
	bounds   *confinement

	filter       string // of system calls, as the first process told it
	surroundings string // what processes are started with, beside pipelines

	mu      sync.Mutex // held while a process is started
	current *process
	short   int // lives in a row that were short
	closed  bool
	broke   error // no process can be had

	restarts restarts
	fatal    fatalPhotos
}

func supervise(o Options) (*Supervisor, error) {
	s := &Supervisor{
		setup:  setup{Source: o.Source, Version: o.Version, Verbose: o.Verbose, Trial: o.Trial, Duty: o.Share.Duty},
		cores:  o.Share.Cores,
		limit:  o.Config.Worker,
		state:  o.Config.StateDir,
		log:    o.Log,
		failed: make(chan error, 1),
		bounds: confine(o.Config),

		surroundings: surroundingsOf(o.Config),
	}
	s.setup.Source.Spelled = o.Config.Spelled()
	if err := s.start(); err != nil {
		return nil, err
	}
	s.filter = s.current.opened.Calls
	if !o.Trial {
		s.log.Info("worker started", event.WorkerStarted.Attr(), "sandbox", s.bounds.String(), "system_calls", s.calls())
	}
	return s, nil
}

// start starts a process. s.mu is held, or s is not shared yet. Where none has
// ever started within the sandbox, and one does without, there is none.
func (s *Supervisor) start() error {
	p, err := startProcess(s.setup, s.cores, s.bounds, s.state, s.log)
	if errors.Is(err, errDead) && s.bounds.untried() {
		p, err = startProcess(s.setup, s.cores, s.bounds, s.state, s.log) // something else may have ended it
	}
	if err != nil && bySandbox(err) && s.bounds.lift(unconfined(err)) {
		if p, err = startProcess(s.setup, s.cores, s.bounds, s.state, s.log); err != nil {
			s.bounds.restore()
			return err
		}
		s.log.Warn("worker runs unsandboxed", event.WorkerUnconfined.Attr(), "reason", s.bounds.String())
	}
	if err != nil {
		return err
	}
	s.bounds.prove()
	s.current, s.setup.Again = p, true
	s.identity.Store(&p.opened.Identity)
	s.log.Debug("worker process runs", "pid", p.pid)
	go p.guard(s.limit)
	go s.watch(p)
	return nil
}

// watch starts another process when p dies.
func (s *Supervisor) watch(p *process) {
	<-p.dead
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.restarts.count(p.retired())
	if p.retired() {
		s.log.Info("worker restarted", event.WorkerReplaced.Attr(), "pid", p.pid, "reason", p.cause)
	} else {
		s.logCrash(p)
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
		s.log.Error("cannot start worker", event.WorkerFailed.Attr(), "error", err)
	}
	s.broke = errors.Join(fmt.Errorf("the worker crashed %d times at its start, the last time because %s", s.short, p.cause), err)
	s.failed <- s.broke
}

// logCrash tells of a process that crashed.
func (s *Supervisor) logCrash(p *process) {
	what := []any{event.WorkerCrashed.Attr(), "pid", p.pid, "cause", p.cause, "under_way", p.most}
	if p.dump != "" {
		what = append(what, "dump", p.dump)
	}
	s.log.Error("worker crashed, restarting", what...)
}

// try processes a photo once, in the process that it returns.
func (s *Supervisor) try(ctx context.Context, j plugin.Job, engineIn func(*process) (int, bool)) (a answer, p *process, err error) {
	p, err = s.take(j)
	if err != nil {
		return a, p, &plugin.Error{Path: j.Path, Kind: plugin.Stopped, Err: err}
	}
	engine, ok := engineIn(p)
	if !ok {
		p.end()
		return a, p, ErrSuspect // it is tried again, by the configuration in force
	}
	over := make(chan struct{})
	go func() {
		select {
		case <-ctx.Done():
			giveUp(p, j.Path, over)
		case <-over:
		}
	}()
	a, err = call(p, processVerb, order{j, engine})
	close(over)
	p.end()
	switch {
	case errors.Is(err, errDead) && p.most > 1:
		return answer{}, p, ErrSuspect
	case errors.Is(err, errDead):
		return answer{}, p, s.strike(j, p.cause, p.starved())
	}
	return a, p, err
}

// giveUp has the process end its work on a photo. That may not have begun yet.
func giveUp(p *process, photo string, over <-chan struct{}) {
	for {
		if a, err := call(p, cancelVerb, cancelRequest{photo}); a.Found || err != nil {
			return
		}
		select {
		case <-over:
			return
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// strike records that the photo was the end of a process.
func (s *Supervisor) strike(j plugin.Job, cause string, starved bool) error {
	cause = "worker crashed on this file: " + cause
	a, err := ask(s, strikeVerb, death{j, cause, starved})
	if err != nil {
		return &plugin.Error{Path: j.Path, Kind: plugin.Crashed, Err: errors.Join(errors.New(cause), err)}
	}
	return a.Problem.Err()
}

// take is a process that a photo has begun in. One that is confined to folders
// which are not those of that name any more is ended first.
func (s *Supervisor) take(j plugin.Job) (*process, error) {
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
func (s *Supervisor) get() (*process, error) {
	for {
		s.mu.Lock()
		p, broke, closed := s.current, s.broke, s.closed
		s.mu.Unlock()
		switch {
		case broke != nil:
			return nil, broke
		case closed:
			return nil, errors.New("the daemon is stopping")
		}
		if !p.ending() {
			return p, nil
		}
		time.Sleep(20 * time.Millisecond) // for watch to start another
	}
}

// again calls f with the process, and with the next where it dies meanwhile.
func (s *Supervisor) again(f func(*process) error) error {
	for try := 1; ; try++ {
		p, err := s.get()
		if err != nil {
			return err
		}
		if err = p.ask(f); !errors.Is(err, errDead) || try == maxShort {
			return err
		}
	}
}

// ask is a verb's answer by the process that runs.
func ask[Q, A any](s *Supervisor, v api.Verb[Q, A], q Q) (a A, err error) {
	err = s.again(func(p *process) (err error) {
		a, err = call(p, v, q)
		return err
	})
	return a, err
}

// Records answers the verbs of the records by asking the process.
func (s *Supervisor) Records() api.Service {
	return api.Forward(func(ctx context.Context, method, path string, question []byte) (answer []byte, err error) {
		ask := func(p *process) error {
			answer, err = p.client.Ask(ctx, method, path, question)
			if ctx.Err() != nil { // who asked is gone, which says nothing of the process
				return context.Cause(ctx)
			}
			return p.lived(err)
		}
		if api.ShowsPictures(path) {
			err = s.fatal.try(question, func() error {
				p, err := s.get()
				if err == nil {
					err = p.ask(ask)
				}
				return err
			})
			return answer, err
		}
		err = s.again(ask)
		return answer, err
	})
}

// Maintain empties the trash and forgets what has gone long ago.
func (s *Supervisor) Maintain(context.Context) error {
	_, err := ask(s, maintainVerb, api.None{})
	return err
}

func (s *Supervisor) calls() string {
	return cmp.Or(s.filter, "not filtered: worker.sandbox is off")
}

// Failed sends an error after which no photo can be processed.
func (s *Supervisor) Failed() <-chan error { return s.failed }

// Close ends the process; nothing is under way any more.
func (s *Supervisor) Close() error {
	s.mu.Lock()
	p := s.current
	s.closed = true
	s.mu.Unlock()
	late := time.AfterFunc(closing, func() { p.kill("it did not close when asked to") })
	_, err := call(p, closeVerb, api.None{})
	late.Stop()
	if errors.Is(err, errDead) {
		err = nil
	}
	p.client.Close()
	select {
	case <-p.dead:
	case <-time.After(time.Minute):
		p.kill("it did not end when asked to")
		<-p.dead
	}
	return err
}
