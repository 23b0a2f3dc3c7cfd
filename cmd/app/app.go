// Package app is the daemon as a value: it watches folders, orders the photos
// that arrive and has a worker process them. Tests and other programs run it
// in their own process.
//
//	a, err := app.New(ctx, app.Options{Config: c, Log: log})
//	err = errors.Join(a.Run(ctx), a.Close())
//
// One goroutine, that of [App.Run]'s loop, owns what changes; others send it
// functions to run. The package knows no command line, no signals, no YAML and
// no native library.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/cmd/library"
	"github.com/burnish-photo/burnish/cmd/pace"
	"github.com/burnish-photo/burnish/cmd/scrub"
	"github.com/burnish-photo/burnish/cmd/series"
	"github.com/burnish-photo/burnish/cmd/serve"
	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/plugin/schedule"
	"github.com/burnish-photo/burnish/watcher"
)

// Options are what a daemon is made with.
type Options struct {
	Config  Config
	Version string       // of Burnish, for its status
	Log     *slog.Logger // nil: discarded

	// Once processes what is in the folders and ends, each photo tried once. It
	// takes no notice of pauses, quiet hours and disks that are nearly full.
	Once bool

	// Load reads the configuration again for a reload that names none; nil:
	// there is no such reload.
	Load func(context.Context) (Config, error)

	// Site is where people reach the daemon beside its control socket, by
	// Config.Serve. It asks for what control answers. nil: nowhere.
	Site func(control *api.Mux) *serve.Site

	// Lines returns the latest lines of the log about a photo; nil: it is not
	// asked.
	Lines func(photo string) []api.LogLine

	Notify Notifier // nil: nobody is told
}

// Notifier is told how the daemon stands, as systemd is. Its methods are called
// from several goroutines and must not wait.
type Notifier interface {
	Ready()
	Reloading()
	Stopping()
	Status(line string)
	Alive() // the loop runs; called every few seconds while there is something to do, else each minute
}

// App is a daemon.
type App struct {
	options  Options
	started  time.Time
	site     *serve.Site // nil: none
	series   *series.Store
	log      *slog.Logger
	cleanup  cleanup
	ended    chan ending
	commands chan func()   // run by the loop
	stopped  chan struct{} // closed when the loop has ended
	reload   sync.Mutex    // held while a reload is under way

	worker guarded // replaced by a reload

	changes changes
	kept    *library.Kept // changes whose photos stay as they are

	// Below, the loop's goroutine alone touches what is there.

	current  *session
	loads    loads
	next     *swap // a reload that waits for the photos under way
	broken   error // no worker can be had
	paused   bool  // by burnish pause; survives a restart as a file
	closed   string
	most     int // photos that waited since the queue was last empty
	tally    tally
	metrics  *metrics
	review   reviewCount
	heart    heart
	failed   map[string]error    // by photo; its last failure where a summary will tell it, else nil
	requests map[string]*request // by task
	asked    int                 // requests so far
	along    map[string]bool     // tasks whose file went along with its original
	host     pace.Host

	// For burnish status; the loop writes them.
	mu      sync.Mutex
	status  Status
	watch   *watcher.Watcher
	scraped Worker // of the session that status is of
	unready []string

	reloaded *api.ReloadStatus // nil: no reload yet; mu

	scrub *scrub.Scrub

	stateFault fault // why the status file cannot be written
}

// ending is a task that has ended.
type ending struct {
	task     schedule.Task
	worker   Worker
	pipeline string // that it was processed by
	result   plugin.Result
	err      error
}

// New opens a worker with the configuration, and with it the state folder, which
// nobody else has then. The caller closes the daemon.
func New(ctx context.Context, o Options) (*App, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	w, err := o.Config.Workers.Open(ctx)
	if err != nil {
		return nil, err
	}
	a := &App{
		options: o, started: time.Now(), log: o.Log,
		ended: make(chan ending), commands: make(chan func()), stopped: make(chan struct{}),
		review: newReviewCount(), paused: isPaused(o.Config.StateDir), failed: map[string]error{}, requests: map[string]*request{}, along: map[string]bool{},
	}
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	var damaged error
	if a.series, damaged = series.Open(o.Config.StateDir, a.started); damaged != nil {
		a.log.Warn("figures of the past cannot be read", "error", damaged)
	}
	if a.kept, damaged = library.OpenKept(o.Config.StateDir); damaged != nil {
		a.log.Warn("which changes of pipelines were accepted is not known", "error", damaged)
	}
	a.scrub = scrub.Open(o.Config.StateDir, a.log)
	a.metrics = newMetrics(o.Version)
	a.metrics.expect(o.Config)
	a.worker.set(w)
	a.cleanup.push("worker", func(context.Context) error { return a.worker.close() })
	a.current = newSession(o.Config, w, o.Once)
	return a, nil
}

func (o Options) validate() error {
	if o.Once && o.Load != nil {
		return errors.New("a daemon that runs once reads no configuration again")
	}
	return o.Config.validate()
}

// Close ends what New has opened. Run has returned.
func (a *App) Close() error { return a.cleanup.run(context.Background(), a.log) }

// cleanup is what has been opened and is to be closed again, by name.
type cleanup struct {
	steps []cleanupStep
}

type cleanupStep struct {
	name string
	do   func(context.Context) error
}

func (c *cleanup) push(name string, do func(context.Context) error) {
	c.steps = append(c.steps, cleanupStep{name, do})
}

// run closes everything, what was opened last first, and reports each failure.
func (c *cleanup) run(ctx context.Context, log *slog.Logger) error {
	var errs []error
	for len(c.steps) > 0 {
		step := c.steps[len(c.steps)-1]
		c.steps = c.steps[:len(c.steps)-1]
		began := time.Now()
		if err := step.do(ctx); err != nil {
			errs = append(errs, fmt.Errorf("close the %s: %w", step.name, err))
		}
		log.Debug("closed", "what", step.name, "took", time.Since(began).Round(time.Millisecond))
	}
	return errors.Join(errs...)
}
