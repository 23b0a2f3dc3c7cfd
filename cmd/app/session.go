package app

import (
	"context"
	"log/slog"
	"math"
	"slices"

	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/plugin/schedule"
	"github.com/burnish-photo/burnish/watcher"
)

// session is a daemon's work with the configuration of the moment.
type session struct {
	config  Config
	worker  Worker
	folders map[string]Folder // by watched folder
	queue   Scheduler
	low     map[string]string // folders whose outputs have no space, and why
	waits   map[string]string // folders whose photos are not to begin now, and why
	open    map[string]bool   // folders whose circuit breaker is open

	watch   *watcher.Watcher
	files   chan watcher.File
	watched chan error // the watcher's end
}

func newSession(c Config, w Worker, once bool) *session {
	s := &session{config: c, worker: w, folders: c.byFolder(), low: map[string]string{}, waits: map[string]string{}, open: map[string]bool{}}
	o := schedule.Options{Priorities: c.priorities(), Orders: c.orders(), Capacity: c.QueuePerFolder}
	if once {
		o.Threshold = math.MaxInt // each photo is tried, and none twice
	}
	s.queue = schedule.New(o)
	return s
}

// goOn takes up a configuration, for which the session's worker will do. Folders
// that it leaves as they were keep what waits. Photos under way go on as they
// began, and lie in folders that it has as well.
func (s *session) goOn(ctx context.Context, c Config, next *watcher.Watcher) error {
	begun, err := s.watch.Become(ctx, next, s.config.changed(c))
	if err != nil {
		return err
	}
	dropped := begun
	for folder := range s.folders {
		if !slices.ContainsFunc(c.Folders, func(f Folder) bool { return f.Watch.Folder == folder }) {
			dropped = append(dropped, folder)
		}
	}
	for _, folder := range dropped {
		delete(s.low, folder)
		delete(s.waits, folder)
		delete(s.open, folder)
	}
	s.queue.Change(c.QueuePerFolder, c.priorities(), c.orders(), dropped)
	s.config, s.folders = c, c.byFolder()
	return nil
}

// newWatcher makes a watcher of the configuration's folders. before is what is
// known of them.
func newWatcher(c Config, once bool, before []watcher.FolderState, log *slog.Logger) (*watcher.Watcher, error) {
	links := map[string]plugin.Links{}
	o := watcher.Options{Once: once, Late: !once, None: c.Requests, Before: before, Log: log, Exclude: []string{c.StateDir}}
	for _, f := range c.Folders {
		o.Folders = append(o.Folders, f.Watch)
		o.Exclude = append(o.Exclude, f.Job.Output)
		links[f.Watch.Folder] = f.Job.Links
	}
	o.Complete = func(f watcher.File) (bool, error) { return plugin.Complete(f.Root, f.Path, links[f.Root]) }
	folders := c.byFolder()
	o.About = func(folder string) []any {
		f := folders[folder]
		return []any{"pipeline", f.Job.Pipeline, "output", f.Job.Output, "settle", f.Watch.Settle}
	}
	return watcher.New(o)
}

// begin runs the watcher until ctx ends.
func (s *session) begin(ctx context.Context, w *watcher.Watcher) {
	s.watch, s.files, s.watched = w, make(chan watcher.File), make(chan error, 1)
	go func() { s.watched <- w.Run(ctx, s.files) }()
}

// job is what is done with a task.
func (s *session) job(t schedule.Task) plugin.Job {
	j := s.folders[t.Folder].Job
	j.Path, j.Root, j.Probe, j.Exclusive = t.Path, t.Folder, t.Probe, t.Exclusive
	return j
}
