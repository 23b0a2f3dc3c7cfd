// Package jobs is the part of the HTTP API whose requests do not wait for a
// photo: it is sent, or named where it lies in a watched folder, and its outputs
// are fetched later. A job is a folder of the state folder, and survives restarts
// and crashes of the daemon. Its end is told by events and by a signed webhook.
//
// It has photos processed by package intake and declares its operations to
// package v1.
package jobs

import (
	"context"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"github.com/burnish-photo/burnish/cmd/faces/intake"
	v1 "github.com/burnish-photo/burnish/cmd/faces/v1"
	"github.com/burnish-photo/burnish/cmd/webhook"
	"github.com/burnish-photo/burnish/plugin"
)

// Config is what jobs may be.
type Config struct {
	Pipelines []v1.Pipeline
	Retain    time.Duration // of finished jobs
	Space     int64         // bytes of all jobs
	Queue     int           // jobs that wait
	Parallel  int           // jobs that run at a time

	// Folder is the job for a photo in a watched folder, whose path is clean and
	// absolute. nil: a job may name none.
	Folder func(path string) (plugin.Job, bool)

	Secret *webhook.Secret // that webhooks are signed with; nil: there are none
	Guard  *webhook.Guard  // which addresses they reach
}

// Options are what jobs are made with.
type Options struct {
	StateDir string
	Intake   *intake.Intake
	Log      *slog.Logger

	// Progress is how far the processing of a photo is, from 0 to 1.
	Progress func(ctx context.Context, photo string) float64
}

// Jobs answers requests and has jobs processed. Its methods may be called
// concurrently.
type Jobs struct {
	options Options
	folder  string
	ctx     context.Context
	stop    context.CancelFunc
	running sync.WaitGroup
	wake    chan struct{}

	mu       sync.Mutex
	config   Config
	jobs     map[string]*job
	keys     map[string]string // idempotency keys: the job's id, "" while it is made
	incoming map[string]usage  // of jobs that are being made, by owner
	active   int               // that run
	turn     int               // jobs that have begun
	turns    map[string]int    // the last of them, by owner
}

// Open takes up the jobs of the state folder. It begins none before Configure.
func Open(o Options) (*Jobs, error) {
	s := &Jobs{options: o, folder: filepath.Join(o.StateDir, "jobs"), wake: make(chan struct{}, 1), jobs: map[string]*job{}, keys: map[string]string{}, incoming: map[string]usage{}, turns: map[string]int{}}
	s.ctx, s.stop = context.WithCancel(context.Background())
	if err := s.load(); err != nil {
		return nil, err
	}
	s.running.Go(s.loop)
	return s, nil
}

// Configure goes on with other bounds.
func (s *Jobs) Configure(c Config) {
	s.mu.Lock()
	s.config = c
	s.mu.Unlock()
	s.poke()
}

func (s *Jobs) bounds() Config {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.config
}

// poke lets the loop look for what is to be done.
func (s *Jobs) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Close ends what runs, which goes on with the next start, and waits for it.
func (s *Jobs) Close() {
	s.stop()
	s.running.Wait()
}

// tick is how often what is due by time is looked for.
const tick = time.Second

// loop begins jobs and deliveries, and removes what has expired.
func (s *Jobs) loop() {
	timer := time.NewTicker(tick)
	defer timer.Stop()
	for {
		s.expire(time.Now())
		s.begin()
		deliverDue(s, time.Now())
		select {
		case <-s.ctx.Done():
			return
		case <-s.wake:
		case <-timer.C:
		}
	}
}

// view is a job as it is answered. s.mu is held.
func (s *Jobs) view(j *job) Job {
	v := j.Job
	if v.State.final() && v.Finished != nil {
		at := v.Finished.Add(s.config.Retain)
		v.Expires = &at
	}
	if v.State == Done {
		v.Progress = 1
	}
	if v.Webhook != nil {
		d := *v.Webhook
		v.Webhook = &d
	}
	return v
}
