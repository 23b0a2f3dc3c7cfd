package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/burnish-photo/burnish/cmd/worker"
	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/plugin/schedule"
)

// HeldError says why no request is processed now.
type HeldError struct{ Reason string }

func (e *HeldError) Error() string { return e.Reason }

// request is a photo that somebody waits for.
type request struct {
	task  string // as the queue calls it
	job   plugin.Job
	ctx   context.Context
	ended chan ending // takes one
}

// Submit processes a photo in turns with those of folders, and waits for it. Where
// it lies in a watched folder itself, the folder's own task is another. Where ctx ends, so does the work. Its error is a
// [plugin.Error], or a [HeldError] where nothing begins now. It may be called
// while the daemon runs.
func Submit(ctx context.Context, a *App, j plugin.Job) (plugin.Result, error) {
	r := &request{job: j, ctx: ctx, ended: make(chan ending, 1)}
	var held error
	if err := a.exec(func() { held = enter(a, r) }); err != nil {
		return plugin.Result{}, err
	}
	if held != nil {
		return plugin.Result{}, held
	}
	select {
	case e := <-r.ended:
		return e.result, e.err
	case <-a.stopped:
		return plugin.Result{}, errStopping
	case <-ctx.Done():
	}
	waited := false
	if err := a.exec(func() {
		if waited = a.current.queue.Remove(r.task); waited {
			delete(a.requests, r.task)
		}
	}); err != nil {
		return plugin.Result{}, err
	}
	if waited {
		return plugin.Result{}, context.Cause(ctx)
	}
	select {
	case e := <-r.ended: // its worker gives it up
		return e.result, e.err
	case <-a.stopped:
		return plugin.Result{}, errStopping
	}
}

// enter takes a request in, unless nothing may begin.
func enter(a *App, r *request) error {
	if a.closed != "" {
		return &HeldError{a.closed}
	}
	if why := a.current.config.lacksSpace(a.current.config.StateDir); why != "" {
		return &HeldError{why}
	}
	for _, p := range a.current.queue.Paused() {
		if p.Folder == schedule.Requests && p.Until.After(time.Now()) {
			return &HeldError{fmt.Sprintf("requests fail for one cause: %s", p.Reason)}
		}
	}
	a.asked++
	r.task = r.job.Path
	if r.job.Root != "" { // its folder's task, and other requests, have that name
		r.task = fmt.Sprintf("%s (request %d)", r.job.Path, a.asked)
	}
	a.requests[r.task] = r
	a.current.queue.Add(r.task, schedule.Requests, time.Now())
	return nil
}

// order is a task's job, and the context to do it in: a folder's photo is seen to
// its end even while the daemon is being stopped.
func order(ctx context.Context, a *App, t schedule.Task) (context.Context, plugin.Job) {
	r := a.requests[t.Path]
	if r == nil {
		return context.WithoutCancel(ctx), a.current.job(t)
	}
	j := r.job
	j.Exclusive = t.Exclusive
	return r.ctx, j
}

// ended reports how a task ended and says what becomes of it.
func ended(a *App, e ending) schedule.Outcome {
	if a.requests[e.task.Path] != nil {
		return answer(a, e)
	}
	return a.outcome(e)
}

// answer hands a request's end to who waits for it.
func answer(a *App, e ending) schedule.Outcome {
	r := a.requests[e.task.Path]
	if errors.Is(e.err, worker.ErrSuspect) && r.ctx.Err() == nil {
		return schedule.Outcome{NotCounted: true, Exclusive: true, Class: string(plugin.Crashed)}
	}
	delete(a.requests, e.task.Path)
	a.metrics.answered(r.job.Pipeline, e)
	a.log.Debug("request processed", "pipeline", r.job.Pipeline, "outputs", len(e.result.Outputs), "took", e.result.Elapsed.Round(time.Millisecond), "error", e.err)
	r.ended <- e
	var failure *plugin.Error
	if !errors.As(e.err, &failure) || failure.Kind == plugin.Stopped {
		return schedule.Outcome{}
	}
	return schedule.Outcome{Class: string(failure.Kind), Shared: failure.Shared()}
}

// answered counts a request.
func (m *metrics) answered(pipeline string, e ending) {
	result := "done"
	switch {
	case e.err != nil:
		result = "failed"
	case e.result.State == plugin.Skipped:
		result = "skipped"
	}
	m.requests.WithLabelValues(result, labelText(pipeline)).Inc()
	m.processed(e.result)
}

// Held says that the reason lies not in the photo.
func (e *HeldError) Held() bool { return true }
