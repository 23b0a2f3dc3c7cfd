package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"syscall"
	"time"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/cmd/statefile"
	"github.com/burnish-photo/burnish/watcher"
)

// Status is what a daemon keeps in its state folder.
type Status = api.DaemonStatus

const (
	statusFile = "status.json"
	statusLock = "status.lock" // locked while a daemon keeps the file

	// StatusEvery is the time between looks at whether the status has changed.
	StatusEvery = time.Second
)

// ReadStatus reads what a daemon left. A damaged file counts as none.
func ReadStatus(dir string) (*Status, error) {
	data, err := os.ReadFile(filepath.Join(dir, statusFile))
	if err != nil {
		return nil, err
	}
	var s Status
	if api.Unmarshal(data, &s) != nil {
		return nil, fmt.Errorf("%s is damaged: %w", filepath.Join(dir, statusFile), os.ErrNotExist)
	}
	return &s, nil
}

// Running reports whether a daemon keeps the state in dir.
func Running(dir string) (bool, error) {
	f, err := os.Open(filepath.Join(dir, statusLock))
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return true, nil
	}
	return false, err
}

// keeper writes a daemon's status when it changes.
type keeper struct {
	dir    string
	lock   *os.File
	log    *slog.Logger
	now    func() Status
	notify Notifier
	last   Status
	told   bool // that it cannot be written
	fault  func(error)
}

// keepStatus begins to keep the daemon's status in its state folder, until stop.
func keepStatus(ctx context.Context, a *App) (stop func(), err error) {
	dir := a.options.Config.StateDir
	lock, err := os.OpenFile(filepath.Join(dir, statusLock), os.O_CREATE|os.O_RDWR|syscall.O_CLOEXEC, 0o640)
	if err != nil {
		return nil, fmt.Errorf("state folder: %w", err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil { // readers hold it for a moment
		return nil, errors.Join(fmt.Errorf("lock %s: %w", lock.Name(), err), lock.Close())
	}
	k := &keeper{dir: dir, lock: lock, log: a.log, now: a.snapshot, notify: a.notify(), fault: a.stateFault.set}
	k.keep()
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(StatusEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				k.keep()
			}
		}
	}()
	return func() {
		cancel()
		<-ended
		k.keep()
		_ = k.lock.Close()
	}, nil
}

// keep writes the status, unless it is as written before.
func (k *keeper) keep() {
	s := k.now()
	s.Written = k.last.Written
	if reflect.DeepEqual(s, k.last) {
		return
	}
	s.Written = time.Now()
	err := writeStatus(filepath.Join(k.dir, statusFile), s)
	if err != nil && !k.told {
		k.log.Warn("cannot write the status file; burnish status will be out of date", "error", err)
	}
	k.told = err != nil
	k.fault(err)
	if err == nil {
		k.last = s // else it is tried again
	}
	k.notify.Status(line(s))
}

// publish makes how the loop stands known to snapshot.
func (a *App) publish() {
	q, about := a.current.queue, a.current.worker.Describe()
	s := Status{
		Version: a.options.Version, PID: os.Getpid(), Started: a.started,
		Sandbox: about.Sandbox, Calls: about.SystemCalls, Ledger: about.Notice, Steps: about.Steps,
		Done: a.tally.done, Failed: len(a.failed), Working: q.Underway(), Waiting: q.Len(), Paused: a.paused, Shut: a.closed,
		Rate: a.tally.rate(), LastError: a.tally.last, InWork: q.Work(), Review: a.review.waiting, Next: q.Soonest(NamesShown),
	}
	for _, h := range q.Paused() {
		s.Held = append(s.Held, api.HeldFolder{Folder: h.Folder, Reason: h.Reason, Until: h.Until, Wanted: a.current.low[h.Folder] == "" && a.current.waits[h.Folder] != ""})
	}
	for _, f := range q.Stats(time.Now()) {
		s.Queues = append(s.Queues, api.FolderQueue{Folder: f.Folder, Waiting: f.Waiting, Oldest: f.Oldest, Breaker: f.Breaker})
	}
	unready := obstacles(a)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.unready = unready
	a.status, a.watch, a.scraped = s, a.current.watch, a.current.worker
}

// snapshot is what burnish status shows.
func (a *App) snapshot() Status {
	a.mu.Lock()
	s, watch, w := a.status, a.watch, a.scraped
	s.Reload = a.reloaded
	a.mu.Unlock()
	if c, ok := w.(interface{ Cluster() *api.ClusterStatus }); ok {
		s.Cluster = c.Cluster()
	}
	s.Folders, s.Scrub = watch.Folders(), a.scrub.Status()
	s.Changes, s.Trials = a.changes.known()
	return s
}

// standing is how the daemon stands now.
func standing(a *App) api.Standing {
	s := a.snapshot()
	s.Written = time.Now()
	return api.Stand(true, a.options.Config.StateDir, &s)
}

// writeStatus replaces a status file at once.
func writeStatus(path string, v any) error {
	data, err := api.Marshal(v)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	if err := json.Indent(&text, data, "", "  "); err != nil {
		return err
	}
	text.WriteByte('\n')
	return statefile.Write(path, text.Bytes(), 0o640)
}

// line is a status in short.
func line(s Status) string {
	text := fmt.Sprintf("photos: %d done, %d failed, %d in progress, %d waiting", s.Done, s.Failed, s.Working, s.Waiting)
	modes := map[watcher.Mode]int{}
	for _, f := range s.Folders {
		modes[f.Mode]++
	}
	for _, m := range []watcher.Mode{watcher.Watching, watcher.Polling, watcher.Degraded, watcher.Starting} {
		if n := modes[m]; n > 0 {
			text += fmt.Sprintf("; %s: %d", m, n)
		}
	}
	return text
}

// memoryUse is what the worker of the moment takes.
func memoryUse(a *App) api.MemoryUse {
	a.mu.Lock()
	w := a.scraped
	a.mu.Unlock()
	if w == nil {
		return api.MemoryUse{}
	}
	return api.MemoryUse(w.Memory())
}
