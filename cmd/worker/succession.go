package worker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/plugin"
)

// handleSuccession answers what is asked so that another engine takes the place of
// the one in force.
func (s *server) handleSuccession(m *api.Mux) {
	prepareVerb.Handle(m, s.prepare)
	takeOverVerb.Handle(m, func(ctx context.Context, n engineNumber) (api.None, error) {
		err := s.engines.TakeOver(ctx, n.Engine)
		if err == nil {
			s.answerBy(s.engines.Current())
		}
		return api.None{}, err
	})
	leaveVerb.Handle(m, func(_ context.Context, n engineNumber) (api.None, error) {
		return api.None{}, s.engines.Leave(n.Engine)
	})
}

// prepare opens the engine that may succeed the one in force.
func (s *server) prepare(_ context.Context, q preparation) (prepared, error) {
	before := s.engines.Current()
	if before == nil {
		return prepared{}, errors.New("the process is ending")
	}
	c, err := q.Source.parse(s.process.Registry)
	if err != nil {
		return prepared{}, err
	}
	options := append(s.options(), plugin.WithSuccession(before))
	if q.OnlyOpen {
		options = append(options, plugin.WithOpenNetworks())
	}
	engine, err := plugin.Open(context.Background(), c.Engine(), s.process.Registry, options...)
	if errors.Is(err, ops.ErrNotOpen) {
		return prepared{NotOpen: true}, nil
	}
	if err != nil {
		return prepared{}, err
	}
	return prepared{opened: s.describe(c, engine, s.engines.Prepare(engine))}, nil
}

// Supervised is what a supervisor does with one configuration.
type Supervised struct {
	*Supervisor
	opened opened      // by the first process with that configuration; the others are like it
	tenure int         // of all configurations of the supervisor, from 0
	first  *process    // that went on with the configuration; nil: it began with it
	former atomic.Bool // another configuration is in force
}

// engineIn is the number of the configuration's engine in a process, unless that
// began with a later one.
func (w *Supervised) engineIn(p *process) (number int, ok bool) {
	if p == w.first {
		return w.opened.Engine, true
	}
	return p.opened.Engine, p.tenure == w.tenure
}

// Supervise starts the worker process.
func Supervise(o Options) (*Supervised, error) {
	s, err := supervise(o)
	if err != nil {
		return nil, err
	}
	return &Supervised{Supervisor: s, opened: s.current.opened}, nil
}

// Process returns [ErrSuspect] where the photo was not alone when the process
// died, and a failure of the kind Crashed where it was. Where the process may no
// longer use a folder that was mounted anew, the photo is tried once more, in
// another process.
func (w *Supervised) Process(ctx context.Context, j plugin.Job) (plugin.Result, error) {
	a, p, err := w.try(ctx, j, w.engineIn)
	if err == nil && a.Stale != "" && a.Problem != nil {
		p.retire(a.Stale + " was mounted anew since the process was confined")
		a, _, err = w.try(ctx, j, w.engineIn)
	}
	if err == nil {
		err = a.Problem.Err()
	}
	return a.Result, err
}

// Capacity is how many photos it takes at a time.
func (w *Supervised) Capacity() int { return w.opened.Capacity }

// Describe tells of the process.
func (w *Supervised) Describe() Description {
	return Description{Steps: w.opened.Steps, Notice: w.opened.Notice, Sandbox: w.bounds.String(), SystemCalls: w.calls(), Identity: *w.identity.Load(), Builds: w.opened.Builds}
}

// Close ends the process, or with a former configuration what is held for it;
// nothing of it is under way any more.
func (w *Supervised) Close() error {
	if !w.former.Load() {
		return w.Supervisor.Close()
	}
	w.mu.Lock()
	p := w.current
	w.mu.Unlock()
	if number, ok := w.engineIn(p); ok {
		return leave(p, number)
	}
	return nil // the process that had it is gone
}

// leave has a process close an engine that is not in force.
func leave(p *process, number int) error {
	_, err := call(p, leaveVerb, engineNumber{number})
	if errors.Is(err, errDead) {
		err = nil
	}
	return err
}

// Renewal is a configuration that the process of another is ready to go on with.
type Renewal struct {
	before   *Supervised
	process  *process
	source   Source
	prepared opened
}

// Renew has the process open what another configuration needs beside what it has
// open. It returns nil where the process cannot go on with that one: it would have
// to be started with something else, or may not read what that one names. trial
// tries what may end the process elsewhere first: networks that are not open yet.
func (w *Supervised) Renew(o Options, trial func() error) (*Renewal, error) {
	if w.surroundings == "" || surroundingsOf(o.Config) != w.surroundings {
		return nil, nil
	}
	p, err := w.get()
	if err != nil {
		return nil, err
	}
	source := o.Source
	source.Spelled = o.Config.Spelled()
	if !p.begin() { // it counts as a photo: where it ends the process, no other is blamed
		return nil, nil
	}
	defer p.end()
	a, err := call(p, prepareVerb, preparation{source, true})
	if err == nil && a.NotOpen {
		if err := trial(); err != nil {
			return nil, err
		}
		a, err = call(p, prepareVerb, preparation{source, false})
	}
	if err != nil {
		w.log.Debug("the worker process cannot go on with the configuration", "error", err)
		return nil, nil
	}
	return &Renewal{w, p, source, a.opened}, nil
}

// Identity is as of [Description].
func (r *Renewal) Identity() string { return r.prepared.Identity }

// TakeOver puts the configuration in force. Photos that are given to the former
// worker from then on, or are under way, end by the former configuration; it is
// closed after them.
func (r *Renewal) TakeOver() (*Supervised, error) {
	s := r.before.Supervisor
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current != r.process || r.process.ending() {
		return nil, errors.Join(errors.New("the worker process ended meanwhile: reload again"), r.Discard())
	}
	if _, err := call(r.process, takeOverVerb, engineNumber{r.prepared.Engine}); err != nil {
		return nil, errors.Join(fmt.Errorf("%w: reload again", err), r.Discard())
	}
	r.before.former.Store(true)
	s.setup.Source = r.source
	s.setup.tenure++
	s.identity.Store(&r.prepared.Identity)
	r.prepared.Notice = cmp.Or(r.prepared.Notice, r.before.opened.Notice)
	return &Supervised{Supervisor: s, opened: r.prepared, tenure: s.setup.tenure, first: r.process}, nil
}

// Discard gives up what was opened for the configuration.
func (r *Renewal) Discard() error { return leave(r.process, r.prepared.Engine) }

// surroundingsOf tells what the process of a configuration is started with, which
// stays for its life.
func surroundingsOf(c *config.Config) string {
	digest := c.SurroundingsDigest()
	if digest == "" {
		return ""
	}
	read, write := c.Paths()
	for _, paths := range [][]string{read, write} {
		slices.Sort(paths)
		digest += fmt.Sprintf(" %q", slices.Compact(paths))
	}
	return digest + librariesOf(c)
}
