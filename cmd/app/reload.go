package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/cmd/serve"
	"github.com/burnish-photo/burnish/ops/event"
	"github.com/burnish-photo/burnish/watcher"
)

// swap is a configuration that takes the place of the current one.
type swap struct {
	config Config
	worker string  // identity of the worker that it needs
	renew  Renewal // by which the current worker becomes that one; nil: another takes its place
	watch  *watcher.Watcher
	serve  *serve.Change // nil: nothing is served
	done   chan error
}

// Reload goes on with what Options.Load reads.
func (a *App) Reload(ctx context.Context) error {
	if a.options.Load == nil {
		return a.refused(errors.New("this daemon has no configuration file to read again; restart it"))
	}
	c, err := a.options.Load(ctx)
	if err != nil {
		return a.refused(err)
	}
	return a.ReloadWith(ctx, c)
}

// ReloadWith goes on with another configuration. All that can fail is done
// first, while the current one is in use; it stays in use where something does.
// Where the current worker does what is needed, or can go on with other pipelines
// while photos under way end by theirs, nobody waits. Else, as where folders come or
// go, no photo begins until those under way have ended by the current one, since the
// ledger is one worker's at a time. Folders that are
// watched as before, and whose photos become what they became, keep what waits
// and are not looked through again; the others are. Pauses and counts stay.
func (a *App) ReloadWith(ctx context.Context, c Config) error {
	if !a.reload.TryLock() {
		return errors.New("a reload is under way")
	}
	defer a.reload.Unlock()
	a.notify().Reloading()
	defer a.notify().Ready()
	s, err := a.prepare(ctx, c)
	if err != nil {
		return a.refused(err)
	}
	if err := a.exec(func() { a.next = s }); err != nil {
		s.discard()
		return err
	}
	select {
	case err = <-s.done:
	case <-a.stopped:
		select {
		case err = <-s.done:
		default:
			s.discard()
			err = errStopping
		}
	}
	return err
}

// discard closes what was opened for a swap that does not take place.
func (s *swap) discard() {
	if s.renew != nil {
		_ = s.renew.Discard() // the worker holds on to it until its process ends
		s.renew = nil
	}
	if s.serve != nil {
		s.serve.Discard()
	}
}

// prepare checks a configuration completely.
func (a *App) prepare(ctx context.Context, c Config) (_ *swap, err error) {
	if a.options.Once {
		return nil, errors.New("a daemon that runs once reads no configuration again")
	}
	if err := c.validate(); err != nil {
		return nil, err
	}
	if now := a.options.Config.StateDir; c.StateDir != now {
		return nil, fmt.Errorf("state_dir cannot change from %s to %s while the daemon runs: restart it", now, c.StateDir)
	}
	s := &swap{config: c, done: make(chan error, 1)}
	defer func() {
		if err != nil {
			s.discard()
		}
	}()
	a.worker.use(func(now Worker) { s.renew, err = c.Workers.Renew(ctx, now) })
	switch {
	case err != nil:
		return nil, err
	case s.renew != nil:
		s.worker = s.renew.Identity()
	default:
		if s.worker, err = c.Workers.Check(ctx); err != nil {
			return nil, err
		}
	}
	var before []watcher.FolderState
	if err := a.exec(func() { before = a.current.watch.Folders() }); err != nil {
		return nil, err
	}
	if s.watch, err = newWatcher(c, false, before, a.log); err != nil {
		return nil, err
	}
	if a.site != nil {
		if s.serve, err = a.site.Prepare(c.Serve); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// keepsWorker reports whether the worker of the moment is the one that the swap
// needs.
func (s *swap) keepsWorker(now Worker) bool {
	return s.worker != "" && s.worker == now.Describe().Identity
}

// swapWhenReady takes up a reload that waits, once no photo is under way that the
// next worker would have to wait for.
func (a *App) swapWhenReady(ctx context.Context) {
	next := a.next
	if next == nil || ctx.Err() != nil || a.current.queue.Underway() > 0 && next.renew == nil && !next.keepsWorker(a.current.worker) {
		return
	}
	a.publish() // that it is not ready meanwhile
	a.next = nil
	err := a.swap(ctx, next)
	if err != nil {
		next.discard()
	}
	next.done <- a.refused(err)
}

// refused logs why a reload failed, and returns it.
func (a *App) refused(err error) error {
	if err != nil {
		a.log.Error("reload failed, the current configuration stays in use", event.ReloadFailed.Attr(), "error", err)
		keepReload(a, err)
	}
	return err
}

// keepReload keeps how a reload ended, for the status.
func keepReload(a *App, err error) {
	r := &api.ReloadStatus{Time: time.Now().Round(time.Second)}
	if err != nil {
		r.Error = err.Error()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.reloaded = r
}

// swap goes on with another configuration, and with another worker where it needs
// one.
func (a *App) swap(ctx context.Context, next *swap) error {
	s := a.current
	if s.watched == nil {
		return errStopping
	}
	how, err := a.provideWorker(ctx, next)
	if err != nil {
		return err
	}
	if err := s.goOn(ctx, next.config, next.watch); err != nil {
		return err // the daemon ends
	}
	if next.serve != nil {
		next.serve.Commit()
	}
	a.metrics.expect(next.config)
	next.config.adopted()
	a.log.Info("configuration reloaded", event.Reloaded.Attr(), "worker", how)
	keepReload(a, nil)
	if how != workerKept {
		logSteps(a, s)
	}
	a.changes.count(ctx, a, true)
	return nil
}

// How the worker became what a configuration needs.
const (
	workerKept     = "unchanged"
	workerRenewed  = "renewed"
	workerReplaced = "replaced"
)

// provideWorker makes the worker of the session the one that the next configuration
// needs.
func (a *App) provideWorker(ctx context.Context, next *swap) (how string, err error) {
	s, renew := a.current, next.renew
	switch {
	case next.keepsWorker(s.worker):
		if renew != nil {
			next.renew = nil
			if err := renew.Discard(); err != nil {
				a.log.Debug("discard a renewal", "error", err)
			}
		}
		return workerKept, nil
	case renew == nil:
		return workerReplaced, a.replaceWorker(ctx, next)
	}
	next.renew = nil
	w, err := renew.TakeOver()
	if err != nil {
		return "", err
	}
	before := s.worker
	a.worker.set(w)
	s.worker = w
	a.metrics.fallback = ""
	a.loads.leave(before, a.log)
	return workerRenewed, nil
}

// replaceWorker closes the current worker, which has the ledger, and opens the
// next one. Where that fails although it was checked, the current configuration's
// worker is opened again.
func (a *App) replaceWorker(ctx context.Context, next *swap) error {
	a.worker.mu.Lock()
	defer a.worker.mu.Unlock()
	s := a.current
	if err := s.worker.Close(); err != nil {
		a.log.Warn("close the worker", "error", err)
	}
	w, err := next.config.Workers.Open(ctx)
	if err != nil {
		again, failed := s.config.Workers.Open(ctx)
		if failed != nil {
			a.worker.w.Store(nil)
			a.broken = errors.Join(err, failed)
			return a.broken
		}
		a.worker.set(again)
		s.worker = again
		return err
	}
	a.worker.set(w)
	s.worker = w
	a.metrics.fallback = ""
	return nil
}
