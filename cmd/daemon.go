package cmd

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/plugin/schedule"
	"github.com/burnish-photo/burnish/watcher"
	sd "github.com/coreos/go-systemd/v22/daemon"
)

// daemon feeds a worker from a watcher, by way of a queue. Its loop's goroutine
// alone touches what is below the line.
type daemon struct {
	config   *config.Config
	worker   worker
	log      *slog.Logger
	once     bool
	folders  map[string]config.Watch // by watched folder
	ended    chan ending
	requests chan func()   // run by the loop
	stopped  chan struct{} // closed when the loop has ended

	//

	watch  *watcher.Watcher
	queue  *schedule.Queue
	gate   gate
	most   int // photos that waited since the queue was last empty
	tally  tally
	failed map[string]error // by photo; its last failure where a summary will tell it, else nil
	along  map[string]bool  // tasks whose file went along with its original

	// For burnish status; the loop writes it.
	mu       sync.Mutex
	standing state
}

// ending is a task that has ended.
type ending struct {
	task   schedule.Task
	result plugin.Result
	err    error
}

func newDaemon(c *config.Config, w worker, log *slog.Logger, once bool) *daemon {
	d := &daemon{
		config: c, worker: w, log: log, once: once, folders: map[string]config.Watch{},
		ended: make(chan ending), requests: make(chan func()), stopped: make(chan struct{}), failed: map[string]error{}, along: map[string]bool{},
	}
	o := schedule.Options{Priorities: map[string]int{}, Capacity: c.Limits.QueuePerFolder}
	if once {
		o.Threshold = math.MaxInt // each photo is tried, and none twice
	}
	for _, w := range c.Watch {
		d.folders[w.Folder] = w
		o.Priorities[w.Folder] = w.Priority
	}
	d.queue = schedule.New(o)
	d.gate = newGate(c, log, once)
	return d
}

func (d *daemon) run(ctx context.Context) error {
	o := watcher.Options{Once: d.once, Late: !d.once, Complete: d.complete, Log: d.log, Exclude: []string{d.config.StateDir}}
	for _, w := range d.config.Watch {
		o.Folders = append(o.Folders, w.Config)
		o.Exclude = append(o.Exclude, w.Output)
	}
	if before, err := readState(d.config.StateDir); err == nil {
		o.Before = before.Folders
	}
	watch, err := watcher.New(o)
	if err != nil {
		return err
	}
	stopKeeping, err := keepState(ctx, d.config.StateDir, d.log, func() state { return d.state(watch) })
	if err != nil {
		return err
	}
	defer stopKeeping()
	stop, err := d.serve()
	if err != nil {
		return err
	}
	defer stop()
	d.announce()
	d.watch = watch
	files, watched := make(chan watcher.File), make(chan error, 1)
	watching, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() { watched <- watch.Run(watching, files) }()
	go d.tidy(watching)
	return d.loop(ctx, files, watched)
}

// tidy clears away what is old at once and every hour.
func (d *daemon) tidy(ctx context.Context) {
	for hour := time.NewTicker(time.Hour); ; {
		if err := d.worker.tidy(); err != nil && ctx.Err() == nil {
			d.log.Warn("what is old could not be cleared away", "error", err)
		}
		select {
		case <-hour.C:
		case <-ctx.Done():
			hour.Stop()
			return
		}
	}
}

// loop runs until ctx has ended and what is under way with it, or, once, until
// nothing is left to do. It returns the watcher's error.
func (d *daemon) loop(ctx context.Context, files <-chan watcher.File, watched <-chan error) (err error) {
	defer close(d.stopped)
	timer := time.NewTimer(0)
	defer timer.Stop()
	stopping := ctx.Done()
	for {
		if ctx.Err() == nil {
			timer.Reset(d.dispatch(ctx, time.Now()))
		}
		d.publish()
		d.rest()
		for folder := range d.folders {
			d.watch.Hold(folder, d.queue.Full(folder))
		}
		over := ctx.Err() != nil || !d.once || d.queue.Len() == 0
		if watched == nil && over && d.queue.Underway() == 0 {
			return err
		}
		select {
		case f := <-files:
			d.queue.Add(f.Path, f.Root, time.Now())
		case e := <-d.ended:
			d.queue.Finish(e.task.Path, d.judge(e), time.Now())
		case ask := <-d.requests:
			ask()
		case err = <-watched:
			watched = nil
		case err := <-d.worker.fatal():
			return err
		case <-timer.C:
		case <-stopping:
			stopping = nil
			if n := d.queue.Underway(); n > 0 {
				d.log.Info("stopping: photos in work are finished first; another SIGTERM or Ctrl-C ends them at once", "in_work", n)
			}
			_, _ = sd.SdNotify(false, sd.SdNotifyStopping)
		}
	}
}

// dispatch begins as many tasks as may begin now, and returns how long until
// there may be more.
func (d *daemon) dispatch(ctx context.Context, now time.Time) time.Duration {
	again := d.gate.look(now, d.queue)
	for !d.gate.closed() && d.queue.Underway() < d.worker.parallel() {
		t, ok := d.queue.Next(now)
		if !ok {
			break
		}
		go func() {
			// A photo is seen to its end even while the daemon is being stopped.
			result, err := d.worker.process(context.WithoutCancel(ctx), d.job(t))
			d.ended <- ending{t, result, err}
		}()
	}
	if at, ok := d.queue.Wake(); ok && at.After(now) {
		again = min(again, at.Sub(now))
	}
	return again
}

// rest gives back the memory that very many photos took, once they are through.
func (d *daemon) rest() {
	d.most = max(d.most, d.queue.Len())
	if d.queue.Len() > 0 || d.queue.Underway() > 0 || d.most == 0 {
		return
	}
	if d.most >= 1000 {
		debug.FreeOSMemory()
	}
	d.most = 0
}

// publish makes how the loop stands known to state.
func (d *daemon) publish() {
	s := state{
		Done: d.tally.done, Failed: len(d.failed), Working: d.queue.Underway(), Waiting: d.queue.Len(), Shut: d.gate.shut, Ledger: d.worker.notice(),
		Rate: d.tally.rate(), LastError: d.tally.last, Steps: d.worker.describe(),
		InWork: d.queue.Work(), Next: d.queue.Soonest(namesShown),
	}
	for _, h := range d.queue.Paused() {
		s.Held = append(s.Held, held{Folder: h.Folder, Reason: h.Reason, Until: h.Until})
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.standing = s
}

// state is what burnish status shows.
func (d *daemon) state(w *watcher.Watcher) state {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.standing
	s.Folders, s.Sandbox, s.Calls = w.Folders(), d.worker.sandbox(), d.worker.calls()
	return s
}

func (d *daemon) complete(f watcher.File) (bool, error) {
	return plugin.Complete(f.Root, f.Path, plugin.Links(d.folders[f.Root].Links))
}

func (d *daemon) job(t schedule.Task) plugin.Job {
	w := d.folders[t.Folder]
	return plugin.Job{Path: t.Path, Root: w.Folder, Links: plugin.Links(w.Links), Pipeline: w.Pipeline, Output: w.Output, Allow: w.AllowFormats, Limits: w.Limits, Probe: t.Probe, Alone: t.Exclusive, Quarantine: w.OnQuarantine.Move, After: plugin.After{Move: w.OnSuccess.Move, Trash: w.OnSuccess.Trash, KeepSidecars: w.OnSuccess.Sidecars == config.KeepSidecars}}
}

// announce says what is watched and where networks run, and tells systemd.
func (d *daemon) announce() {
	for name, lines := range d.worker.describe() {
		for _, line := range lines {
			d.log.Info("ready", "pipeline", name, "step", line)
		}
	}
	for _, w := range d.config.Watch {
		d.log.Info("taking photos from", "folder", w.Folder, "pipeline", w.Pipeline, "output", w.Output, "settle", w.Settle)
	}
	if _, err := sd.SdNotify(false, sd.SdNotifyReady); err != nil {
		d.log.Warn("systemd could not be told that Burnish is ready", "error", err)
	}
}

// summary tells what a run of --once did, and names every photo that failed.
func (d *daemon) summary(h *host) error {
	if !d.once {
		return nil
	}
	if len(d.failed) == 0 {
		fmt.Fprintln(h.err, d.tally.String())
		return nil
	}
	if passed := d.tally.passed(); passed != "" {
		fmt.Fprintln(h.err, passed)
	}
	fmt.Fprintf(h.err, "%s done, %d failed:\n", counted(d.tally.done, "photos"), len(d.failed))
	for _, photo := range slices.Sorted(maps.Keys(d.failed)) {
		reason, hint := reasonOf(d.failed[photo])
		fmt.Fprintln(h.err, " ", withHint(reason, hint))
	}
	return errFailures
}
