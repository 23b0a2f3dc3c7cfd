package app

import (
	"context"
	"log/slog"
	"math"

	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/plugin/schedule"
	"github.com/burnish-photo/burnish/watcher"
)

// session is a daemon's work with one configuration: what a reload replaces.
type session struct {
	config  Config
	worker  Worker
	folders map[string]Folder // by watched folder
	queue   Scheduler
	low     map[string]string // folders whose outputs have no space, and why
	open    map[string]bool   // folders whose circuit breaker is open

	watch   *watcher.Watcher
	files   chan watcher.File
	watched chan error // the watcher's end
	unwatch context.CancelFunc
}

func newSession(c Config, w Worker, once bool) *session {
	s := &session{config: c, worker: w, folders: map[string]Folder{}, low: map[string]string{}, open: map[string]bool{}}
	o := schedule.Options{Priorities: map[string]int{}, Capacity: c.QueuePerFolder}
	if once {
		o.Threshold = math.MaxInt // each photo is tried, and none twice
	}
	for _, f := range c.Folders {
		s.folders[f.Watch.Folder] = f
		o.Priorities[f.Watch.Folder] = f.Priority
	}
	s.queue = schedule.New(o)
	return s
}

// newWatcher makes a watcher of the configuration's folders. before is what is
// known of them.
func newWatcher(c Config, once bool, before []watcher.FolderState, log *slog.Logger) (*watcher.Watcher, error) {
	links := map[string]plugin.Links{}
	o := watcher.Options{Once: once, Late: !once, Before: before, Log: log, Exclude: []string{c.StateDir}}
	for _, f := range c.Folders {
		o.Folders = append(o.Folders, f.Watch)
		o.Exclude = append(o.Exclude, f.Job.Output)
		links[f.Watch.Folder] = f.Job.Links
	}
	o.Complete = func(f watcher.File) (bool, error) { return plugin.Complete(f.Root, f.Path, links[f.Root]) }
	return watcher.New(o)
}

// begin runs the watcher until ctx ends or the session does.
func (s *session) begin(ctx context.Context, w *watcher.Watcher) {
	ctx, s.unwatch = context.WithCancel(ctx)
	s.watch, s.files, s.watched = w, make(chan watcher.File), make(chan error, 1)
	go func() { s.watched <- w.Run(ctx, s.files) }()
}

// stopWatching ends the watcher, waits for it and returns its error.
func (s *session) stopWatching() error {
	s.unwatch()
	for s.watched != nil { // nil where it has ended by itself
		select {
		case <-s.files: // it is found again
		case err := <-s.watched:
			return err
		}
	}
	return nil
}

// job is what is done with a task.
func (s *session) job(t schedule.Task) plugin.Job {
	j := s.folders[t.Folder].Job
	j.Path, j.Root, j.Probe, j.Exclusive = t.Path, t.Folder, t.Probe, t.Exclusive
	return j
}
