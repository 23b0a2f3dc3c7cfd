package app

import (
	"context"
	"runtime/debug"
	"sync"
	"time"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/cmd/library"
	"github.com/burnish-photo/burnish/cmd/series"
	"github.com/burnish-photo/burnish/ops/event"
	"github.com/burnish-photo/burnish/watcher"
)

// Run watches until ctx ends and the photos under way with it, or, once, until
// nothing is left to do. It may be called once.
func (a *App) Run(ctx context.Context) (err error) {
	var opened cleanup
	defer func() { // calls under way may need what New has opened
		if failed := opened.run(context.Background(), a.log); err == nil {
			err = failed
		}
	}()
	c := a.current.config
	var before []watcher.FolderState
	if s, err := ReadStatus(c.StateDir); err == nil {
		before = s.Folders
	}
	watch, err := newWatcher(c, a.options.Once, before, a.log)
	if err != nil {
		return err
	}
	a.current.watch = watch
	a.publish()
	stopKeeping, err := keepStatus(ctx, a)
	if err != nil {
		return err
	}
	opened.push("status file", func(context.Context) error { stopKeeping(); return nil })
	keeping, stopSeries := context.WithCancel(context.WithoutCancel(ctx))
	var kept sync.WaitGroup
	kept.Go(func() { a.series.Keep(keeping, logFault(a.log)) })
	opened.push("series", func(context.Context) error { stopSeries(); kept.Wait(); return nil })
	a.metrics.registry.MustRegister(collector{a.snapshot, func() Worker { return scrapedWorker(a) }, time.Now})
	control := api.Control(a, a.records())
	api.HandleMetrics(control, a.metrics.registry)
	api.HandleProbes(control, prober{a})
	api.HandleStatus(control, func() api.Standing { return standing(a) })
	api.HandleMemory(control, func() api.MemoryUse { return memoryUse(a) })
	api.HandleSeries(control, func() series.Series { return a.series.Series(time.Now()) })
	tasking, endTask := context.WithCancel(ctx)
	tasks := library.New(tasking, api.Direct(control), c.StateDir, a.log)
	opened.push("library task", func(context.Context) error { endTask(); tasks.Wait(); return nil })
	api.HandleTasks(control, tasks, func(c api.ChangeChoice) error {
		err := a.kept.Keep(c)
		if err == nil {
			a.changes.count(context.WithoutCancel(ctx), a, false)
		}
		return err
	})
	if a.options.Lines != nil {
		api.HandleLog(control, a.options.Lines)
	}
	server, err := api.Listen(c.StateDir, control, a.log)
	if err != nil {
		return err
	}
	opened.push("control socket", server.Close)
	if a.options.Site != nil {
		a.site = a.options.Site(control)
		opened.push("site", a.site.Close)
		change, err := a.site.Prepare(c.Serve)
		if err != nil {
			return err
		}
		change.Commit()
	}
	c.adopted()
	logSteps(a, a.current)
	a.notify().Ready()
	working, cancel := context.WithCancel(ctx)
	defer cancel()
	a.current.begin(working, watch)
	go a.maintain(working)
	go countReviews(working, a)
	if !a.options.Once {
		go a.scrub.Run(working, a.records(), func() int64 { return scrubRate(a) })
	}
	a.changes.count(working, a, true)
	defer a.changes.running.Wait()
	return a.loop(working)
}

// scrubRate is how many bytes a second are verified in the background now: none
// while no photo may begin.
func scrubRate(a *App) (rate int64) {
	_ = a.exec(func() { // where the loop has ended there is nothing to do
		if a.closed == "" {
			rate = int64(a.current.config.ScrubRate)
		}
	})
	return rate
}

// loop returns the watcher's error.
func (a *App) loop(ctx context.Context) (err error) {
	defer close(a.stopped)
	defer a.loads.closing.Wait()
	timer := time.NewTimer(0)
	defer timer.Stop()
	stopping := ctx.Done()
	for {
		a.heart.beat(time.Now(), swapSilence, a.notify().Alive)
		a.swapWhenReady(ctx)
		if a.broken != nil {
			return a.broken
		}
		s := a.current
		again := loopEvery
		if ctx.Err() == nil && a.next == nil {
			again = min(again, a.dispatch(ctx, time.Now()))
		}
		timer.Reset(min(again, a.tally.batch.tell(s, a.log, time.Now())))
		a.heart.beat(time.Now(), loopSilence, a.notify().Alive)
		a.publish()
		s.tellBreakers(a.log, time.Now())
		a.freeMemory()
		for folder := range s.folders {
			s.watch.Pause(folder, s.queue.Full(folder))
		}
		over := ctx.Err() != nil || !a.options.Once || s.queue.Len() == 0
		if s.watched == nil && over && s.queue.Underway() == 0 {
			return err
		}
		select {
		case f := <-s.files:
			a.metrics.settled(f.Settled)
			s.queue.AddChanged(f.Path, f.Root, f.ModTime, time.Now())
		case e := <-a.ended:
			a.loads.ended(e.worker, a.log)
			s.queue.Finish(e.task.Path, ended(a, e), time.Now())
			if s.queue.Len()+s.queue.Underway() == 0 {
				a.changes.idle(ctx, a)
			}
		case do := <-a.commands:
			do()
		case err = <-s.watched:
			s.watched = nil
		case err := <-s.worker.Failed():
			return err
		case <-timer.C:
		case <-stopping:
			stopping = nil
			if n := s.queue.Underway(); n > 0 {
				a.log.Info("stopping after the photos in progress; another SIGTERM or Ctrl-C stops at once", event.Stopping.Attr(), "in_work", n)
			}
			a.notify().Stopping()
		}
	}
}

// dispatch begins as many tasks as may begin now, and returns how long until
// there may be more.
func (a *App) dispatch(ctx context.Context, now time.Time) time.Duration {
	s := a.current
	again := a.admit(now)
	for a.closed == "" && s.queue.Underway() < s.worker.Capacity() {
		t, ok := s.queue.Next(now)
		if !ok {
			break
		}
		a.metrics.begun(t, now)
		a.series.Add(now, waited(t, now))
		w := s.worker
		a.loads.begun(w)
		working, job := order(ctx, a, t)
		go func() {
			result, err := w.Process(working, job)
			select {
			case a.ended <- ending{t, w, job.Pipeline, result, err}:
			case <-a.stopped: // the worker is broken, and nobody listens
			}
		}()
	}
	if at, ok := s.queue.Wake(); ok && at.After(now) {
		again = min(again, at.Sub(now))
	}
	return again
}

// freeMemory gives back what very many photos took, once they are through.
func (a *App) freeMemory() {
	q := a.current.queue
	a.most = max(a.most, q.Len())
	if q.Len() > 0 || q.Underway() > 0 || a.most == 0 {
		return
	}
	if a.most >= 1000 {
		debug.FreeOSMemory()
	}
	a.most = 0
}

// maintain has the worker clear away what is old, at once and every hour.
func (a *App) maintain(ctx context.Context) {
	for hour := time.NewTicker(time.Hour); ; {
		a.worker.use(func(w Worker) {
			if err := w.Maintain(ctx); err != nil && ctx.Err() == nil {
				a.log.Warn("housekeeping failed", "error", err)
			}
		})
		select {
		case <-hour.C:
		case <-ctx.Done():
			hour.Stop()
			return
		}
	}
}

// logSteps says where networks run.
func logSteps(a *App, s *session) {
	for name, lines := range s.worker.Describe().Steps {
		for _, line := range lines {
			a.log.Info("ready", "pipeline", name, "step", line)
		}
	}
}

func (a *App) notify() Notifier {
	if a.options.Notify == nil {
		return silent{}
	}
	return a.options.Notify
}

// silent tells nobody.
type silent struct{}

func (silent) Ready()        {}
func (silent) Reloading()    {}
func (silent) Stopping()     {}
func (silent) Status(string) {}
func (silent) Alive()        {}

// scrapedWorker is the worker of the moment; nil: there is none.
func scrapedWorker(a *App) Worker {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.scraped
}
