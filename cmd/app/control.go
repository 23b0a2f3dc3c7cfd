package app

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/ops/event"
	"github.com/burnish-photo/burnish/plugin"
)

// errStopping is what who asks a daemon that has stopped is told.
var errStopping error = &HeldError{"the daemon is stopping"}

// exec lets the loop run f and waits for it.
func (a *App) exec(f func()) error {
	done := make(chan struct{})
	select {
	case a.commands <- func() { defer close(done); f() }:
		<-done
		return nil
	case <-a.stopped:
		return errStopping
	}
}

// Pause stops photos from being started, or lets them be started again.
func (a *App) Pause(paused bool) error {
	var err error
	asked := a.exec(func() {
		if err = SetPaused(a.current.config.StateDir, paused); err == nil {
			a.paused = paused
		}
	})
	return errors.Join(asked, err)
}

// Requeue takes up photos that the watcher has sent already.
func (a *App) Requeue(photos []string) error {
	defer a.changes.count(context.Background(), a, false)
	return a.exec(func() {
		for _, photo := range photos {
			if folder, ok := a.current.config.folderOf(photo); ok {
				a.current.queue.Add(photo, folder, time.Now())
			}
		}
	})
}

// records answers the verbs of the records by the worker of the moment.
func (a *App) records() api.Service {
	return api.Borrowed(func(answer func(api.Service)) error {
		if !a.worker.use(func(w Worker) { answer(w.Records()) }) {
			return errStopping
		}
		return nil
	})
}

// changes are what changed pipelines mean for photos that were done before. The
// records are counted beside the loop, one count at a time.
type changes struct {
	mu       sync.Mutex
	list     []api.PipelineChange
	trials   []api.TrialStatus // that are not decided
	counting bool
	again    bool // something may have changed since the count began
	tell     bool // who starts it wants it in the log
	running  sync.WaitGroup
}

// known is the result of the last count.
func (c *changes) known() ([]api.PipelineChange, []api.TrialStatus) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.list, c.trials
}

// count begins a count, unless one is under way: then another follows it.
func (c *changes) count(ctx context.Context, a *App, tell bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tell, c.again = c.tell || tell, true
	if c.counting {
		return
	}
	c.counting = true
	c.running.Go(func() {
		for c.begin() {
			c.look(ctx, a)
		}
	})
}

// idle is called when no photo waits or is under way any more: photos that were
// counted may have been processed.
func (c *changes) idle(ctx context.Context, a *App) {
	c.mu.Lock()
	moving := c.counting || slices.ContainsFunc(c.trials, func(t api.TrialStatus) bool { return t.Pending > 0 }) || slices.ContainsFunc(c.list, func(p api.PipelineChange) bool { return p.Asked > 0 || p.OnChange == plugin.RedoChanged })
	c.mu.Unlock()
	if moving {
		c.count(ctx, a, false)
	}
}

// begin reports whether there is another count to make.
func (c *changes) begin() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counting, c.again = c.again, false
	return c.counting
}

func (c *changes) look(ctx context.Context, a *App) {
	var config Config
	capacity := 1
	if a.exec(func() { config, capacity = a.current.config, a.current.worker.Capacity() }) != nil {
		return
	}
	found, err := api.Changed.Call(ctx, api.Direct(a.records()), api.None{})
	if err != nil {
		a.log.Debug("photos of changed pipelines cannot be counted", "error", err)
		return
	}
	var list []api.PipelineChange
	for _, change := range found.Changes {
		for _, f := range config.Folders {
			if f.Watch.Folder == change.Folder && f.Job.Pipeline == change.Pipeline {
				job := f.Job
				if a.kept.Has(api.ChangeChoice{Folder: change.Folder, Pipeline: change.Pipeline, Version: change.Version}) {
					job.OnChange = plugin.KeepOutputs
				}
				list = append(list, api.PipelineChange{Change: change, OnChange: job.OnChange, Text: change.Text(capacity) + "; " + become(change, job)})
			}
		}
	}
	trials, err := undecided(ctx, a, config)
	if err != nil {
		a.log.Debug("photos that changed pipelines are tried on cannot be counted", "error", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list, c.trials = list, trials
	if !c.tell {
		return
	}
	c.tell = false
	for _, change := range list {
		a.log.Info(change.Text, event.PipelineChanged.Attr(), "folder", change.Folder)
	}
}

// undecided counts the photos of trials that somebody has yet to decide on.
func undecided(ctx context.Context, a *App, c Config) (all []api.TrialStatus, err error) {
	if !slices.ContainsFunc(c.Folders, func(f Folder) bool { return f.Job.Canary }) {
		return nil, nil
	}
	found, err := api.Canary.Call(ctx, api.Direct(a.records()), api.None{})
	for _, t := range found.Trials {
		if !t.Decided() {
			all = append(all, api.TrialStatus{Pipeline: t.Pipeline, Folder: t.Folder, Pending: t.Left(), Done: t.Done, Failed: t.Failed, Waiting: max(0, t.Waiting-t.Left())})
		}
	}
	return all, err
}

// become says what becomes of the photos.
func become(c plugin.Change, job plugin.Job) string {
	onChange := job.OnChange
	switch {
	case job.Canary && onChange != plugin.KeepOutputs && c.Asked < c.Photos:
		return "a sample is tried first: burnish canary"
	case onChange == plugin.RedoChanged || onChange == "" || c.Asked == c.Photos:
		return "they are processed now"
	case onChange == plugin.KeepOutputs:
		return "they stay as they are"
	}
	return "they wait for burnish reprocess --changed"
}
