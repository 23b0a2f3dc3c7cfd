package process

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/burnish-photo/burnish/ops"
)

// pool are the processes of one declared operator, which all steps with it share.
// The zero value with name and declaration is ready, once opened.
type pool struct {
	name        string
	declaration Declaration

	mu       sync.Mutex
	users    int // operators
	programs ops.Programs
	digest   string
	slots    chan struct{} // a place for each process that works
	idle     []*session
	breaker  breaker
}

// idleFor is how long a process stays without a photo.
const idleFor = 2 * time.Minute

// open adds an operator that starts programs by env. Another close is due.
func (p *pool) open(env ops.Env, digest string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.users++
	p.programs, p.digest = env.Programs, digest
	if p.slots == nil {
		p.slots = make(chan struct{}, max(1, p.declaration.Processes))
	}
}

func (p *pool) close() {
	p.mu.Lock()
	p.users--
	var idle []*session
	if p.users <= 0 {
		idle, p.idle = p.idle, nil
	}
	p.mu.Unlock()
	for _, s := range idle {
		s.idle.Stop()
		s.program.End()
	}
}

// take is a process for one photo, which give takes back.
func (p *pool) take(ctx context.Context) (*session, error) {
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	s, err := p.session(ctx)
	if err != nil {
		<-p.slots
		return nil, err
	}
	return s, nil
}

// session is a process that is idle, or a new one.
func (p *pool) session(ctx context.Context) (*session, error) {
	p.mu.Lock()
	for len(p.idle) > 0 {
		s := p.idle[len(p.idle)-1]
		p.idle = p.idle[:len(p.idle)-1]
		if s.idle.Stop() && s.lives() {
			p.mu.Unlock()
			return s, nil
		}
		go s.program.End()
	}
	err := p.breaker.ask(time.Now())
	programs, digest := p.programs, p.digest
	p.mu.Unlock()
	if err != nil {
		return nil, ops.Shared(fmt.Errorf("the program of %s: %w", p.name, err))
	}
	s, err := start(ctx, programs, p.name, digest, p.declaration)
	if err != nil && ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		p.mu.Lock()
		p.breaker.failed(time.Now(), err)
		p.mu.Unlock()
		return nil, ops.Shared(err)
	}
	return s, nil
}

// give takes a process back after a photo; ok says that it still runs.
func (p *pool) give(s *session, ok bool, err error) {
	defer func() { <-p.slots }()
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case ok && err == nil:
		p.breaker.succeeded()
	case ops.IsFatal(err):
		p.breaker.failed(time.Now(), err)
	}
	if !ok {
		return
	}
	if p.users <= 0 {
		go s.program.End()
		return
	}
	s.rest()
	s.idle = time.AfterFunc(idleFor, func() { p.drop(s) })
	p.idle = append(p.idle, s)
}

// drop ends a process that has been idle for long.
func (p *pool) drop(s *session) {
	p.mu.Lock()
	for i, other := range p.idle {
		if other == s {
			p.idle = append(p.idle[:i], p.idle[i+1:]...)
			break
		}
	}
	p.mu.Unlock()
	s.program.End()
}

// breaker keeps a program that fails again and again from being started for each
// photo: after a few failures in a row it is left alone for a while, and longer
// each time.
type breaker struct {
	failures int // in a row
	until    time.Time
	cause    error
}

const (
	mostFailures = 5 // in a row that photos may be the cause of
	firstPause   = 10 * time.Second
	longestPause = 10 * time.Minute
)

// ask is an error while the program is left alone.
func (b *breaker) ask(now time.Time) error {
	if b.failures < mostFailures || !now.Before(b.until) {
		return nil
	}
	return fmt.Errorf("it failed %d times in a row and is not started before %s; the last time: %w", b.failures, b.until.Format("15:04:05"), plain(b.cause))
}

func (b *breaker) failed(now time.Time, cause error) {
	b.failures++
	b.cause = cause
	if b.failures >= mostFailures {
		b.until = now.Add(min(longestPause, firstPause<<min(b.failures-mostFailures, 10)))
	}
}

func (b *breaker) succeeded() { *b = breaker{} }

// plain is an error by its words alone: what it was marked as does not hold for
// other photos.
func plain(err error) error { return fmt.Errorf("%v", err) } //nolint:errorlint // the mark is left behind on purpose
