package plugin

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"runtime/debug"
	"sync"
	"time"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/plugin/admission"
	"github.com/burnish-photo/burnish/plugin/failure"
	"github.com/burnish-photo/burnish/plugin/history"
	"github.com/burnish-photo/burnish/plugin/source"
)

// Process works on one photo, waiting for its turn. Its error is an [*Error]
// that names the photo and what to do, except where the job itself makes no
// sense. All outputs of a photo are written before the first gets its name.
// Two jobs for the same task run one after the other.
func (e *Engine) Process(ctx context.Context, j Job) (Result, error) {
	t, err := e.newTask(ctx, j)
	if err != nil {
		return Result{}, err
	}
	defer t.close()
	switch {
	case j.Review && e.shelf == nil:
		return Result{}, fmt.Errorf("%s: the job's outputs are to wait for review, which an engine without a ledger cannot keep", j.Path)
	case j.Unrecorded && (j.Review || j.After != After{} || j.Quarantine != ""):
		return Result{}, fmt.Errorf("%s: a job of which no records are kept has neither review nor a move of its original", j.Path)
	case j.Made != nil && j.HandOver != "":
		return Result{}, fmt.Errorf("%s: a job that brings its outputs is not handed over", j.Path)
	}
	begin := e.turns.begin
	if j.Made != nil || j.HandOver != "" {
		begin = e.turns.hold // what is left to do takes no core for long
	}
	end, err := begin(ctx, t.turn())
	t.stats.Spent(ops.StageAdmission, time.Since(t.Began))
	if err != nil {
		return Result{}, t.request.Fail(Stopped, err, "")
	}
	defer end()
	defer t.close()
	result, err := guarded(ctx, t)
	result.Elapsed, result.Stats, result.Source = time.Since(t.Began), t.stats.Stats(), t.described()
	if err != nil {
		return result, e.fail(t, classify(t, context.Cause(ctx), err))
	}
	t.history.Quarantine()
	if err := t.history.Archive(j.After); err != nil {
		e.log.Warn("the original stays where it is", "photo", t.request.Path, "error", err)
	}
	notes, sidecars := t.history.Moved()
	result.Sidecars = sidecars
	if len(notes) > 0 {
		maps.Copy(notes, result.Notes)
		result.Notes = notes
	}
	return result, nil
}

// process takes a task from its file to published outputs.
func (e *Engine) process(ctx context.Context, t *task) (Result, error) {
	if err := t.inspect(); err != nil {
		return Result{}, err
	}
	decision, err := t.history.Decide(outputs{t})
	if err != nil {
		return Result{}, err
	}
	before := t.history.Past().Review
	t.keep(decision.Kept)
	t.tried, t.altered = decision.Trial != nil, decision.Altered
	switch decision.What {
	case history.Skip:
		return Result{State: Skipped, Reason: decision.Reason}, nil
	case history.Adopt:
		return Result{State: Skipped, Reason: decision.Reason}, t.history.Adopt(decision.Existing, t.leftOut())
	case history.Publish:
		if result, done, err := publishApproved(t, decision.Record); done || err != nil {
			return result, err
		}
	case history.Copy:
		if t.job.Review || before != nil {
			break
		}
		if result, done, err := copyOutputs(t, decision.Record); done || err != nil {
			return result, err
		}
	}
	ctx = reviewed(ctx, t, before)
	defer t.lot.Discard()
	if t.job.HandOver != "" {
		return handOver(t)
	}
	render := e.render
	if t.job.Made != nil {
		render = e.receive
	}
	r, reason, err := render(ctx, t)
	switch {
	case err != nil && r != nil:
		return Result{Notes: r.notes.All()}, err
	case err != nil || reason != "":
		return Result{State: Skipped, Reason: reason}, err
	}
	defer r.close()
	if len(r.files()) == 0 {
		return nothing(t, r.notes.All())
	}
	if err := t.src.Unchanged(); err != nil {
		return Result{Notes: r.notes.All()}, err
	}
	if t.lot != nil {
		return wait(t, r)
	}
	return e.publish(t, r.staged, Result{State: Done, Notes: r.notes.All()})
}

// guarded is process, where a panic is a failure of this photo alone.
func guarded(ctx context.Context, t *task) (_ Result, err error) {
	defer func() {
		if r := recover(); r != nil {
			t.engine.log.Error("internal error (panic)", "photo", t.request.Path, "panic", r, "stack", string(debug.Stack()))
			failed := t.request.Fail(StepFailed, fmt.Errorf("internal error (panic): %v", r), "please report it with the log and, if you can, the photo")
			failed.Own, err = true, failed
		}
	}()
	return t.engine.process(ctx, t)
}

// fail lets the host and the records know of a failure.
func (e *Engine) fail(t *task, f *failure.Error) *failure.Error {
	if t.src != nil && !f.Kind.Transient() { // or the photo is no longer the one that failed
		if changed := (*failure.Error)(nil); errors.As(t.src.Unchanged(), &changed) {
			f = changed
		}
	}
	f.Own = f.Own || isOwn(t, f)
	if e.advise != nil {
		e.advise(f)
	}
	if t.history != nil {
		t.history.Fail(f)
	}
	return f
}

// Strike records a failure that the engine could not see itself: the process
// that worked on the photo died. What is returned says whether that put the
// photo into quarantine.
func (e *Engine) Strike(ctx context.Context, j Job, kind Kind, cause error, hint string) *Error {
	t, err := e.newTask(ctx, j)
	if err != nil {
		return &Error{Path: j.Path, Kind: kind, Err: errors.Join(cause, err)}
	}
	failed := t.request.Fail(kind, cause, hint)
	end, err := e.turns.begin(ctx, t.turn())
	if err != nil {
		return failed
	}
	defer end()
	defer t.close()
	if t.inspect() != nil {
		return failed
	}
	if _, err := t.src.Hash(); err == nil {
		t.history.FailFromOutside(failed)
	}
	return failed
}

// newTask is the task that j asks for, not yet begun. The caller closes it.
func (e *Engine) newTask(ctx context.Context, j Job) (_ *task, err error) {
	p, release, err := pipelineOf(ctx, e, j)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			release()
		}
	}()
	if len(j.Only) > 0 && !j.Unrecorded {
		return nil, fmt.Errorf("%s: some outputs alone are made of an unrecorded photo only", j.Path)
	}
	if j.Output == "" {
		return nil, fmt.Errorf("%s: the job names no output folder", j.Path)
	}
	t := &task{engine: e, selection: selection{pipeline: p, only: j.Only}, job: j, letGo: release}
	if t.request, err = e.config.requestOf(j, p.pages == AllPages); err != nil {
		return nil, err
	}
	folder, err := filepath.Abs(j.Output)
	if err != nil {
		return nil, err
	}
	t.Task = history.Task{
		Pipeline: p.name, Settings: p.settings, Build: p.build, Folder: folder, Outputs: len(p.outputs), Version: p.version, OnChange: j.OnChange, Whole: j.Review, Copies: p.copies(),
		Redo: j.Again, Named: j.Named, Exclusive: j.Exclusive, Probe: j.Probe, Quarantine: j.Quarantine, Began: time.Now(),
	}
	if j.Canary && j.OnChange != KeepOutputs {
		t.Task.Trial = t.request.Root
	}
	return t, nil
}

// inspect opens the photo's file.
func (t *task) inspect() (err error) {
	if t.src, err = source.Inspect(t.request); err == nil {
		h := t.engine.history
		if t.job.Unrecorded {
			h = t.engine.unrecorded
		}
		t.history = h.Open(t.Task, t.src)
		t.history.Stats = t.stats.Stats
	}
	return err
}

// standing is why nothing is done where every output is to stay.
const standing = "its outputs are there, and are to stay"

// nothing is the result of a photo of which nothing is written. Where no output
// is wanted of it, that is remembered.
func nothing(t *task, notes map[string]string) (Result, error) {
	reason := t.wantsNothing()
	if reason == "" && len(t.kept.Outputs) > 0 && t.settled() {
		return Result{State: Skipped, Reason: "its other outputs stay as they are; " + t.notWritten(), Notes: notes},
			t.history.Done(history.Outcome{LeftOut: t.leftOut(), Notes: notes})
	}
	if reason == "" {
		return Result{State: Skipped, Reason: standing, Notes: notes}, nil
	}
	if err := t.src.Unchanged(); err != nil {
		return Result{Notes: notes}, err
	}
	return Result{State: Skipped, Reason: reason, Notes: notes}, t.history.Unwanted(reason, history.Outcome{LeftOut: t.leftOut(), Notes: notes})
}

// turns lets one job at a time do a task, and as many tasks as there are slots.
type turns struct {
	slots chan struct{}
	duty  float64 // of the time that a slot may be in use, above 0 to 1; 0: all of it

	mu   sync.Mutex
	busy map[turn]chan struct{} // closed when it has ended
}

// turn is the right to do a task of a photo; without a task, all of them.
type turn struct{ photo, task string }

// meets reports whether two turns may not be taken at once.
func (t turn) meets(o turn) bool {
	return t.photo == o.photo && (t.task == o.task || t.task == "" || o.task == "")
}

// begin waits until no other job does the same task, and for a slot.
func (t *turns) begin(ctx context.Context, of turn) (end func(), err error) {
	letGo, err := t.hold(ctx, of)
	if err != nil {
		return nil, err
	}
	select {
	case t.slots <- struct{}{}:
		began := time.Now()
		return func() {
			letGo()
			if rest := admission.RestAfter(t.duty, time.Since(began)); rest > 0 {
				time.AfterFunc(rest, func() { <-t.slots })
				return
			}
			<-t.slots
		}, nil
	case <-ctx.Done():
		letGo()
		return nil, context.Cause(ctx)
	}
}

// hold waits until no turn is taken that meets of, and takes it.
func (t *turns) hold(ctx context.Context, of turn) (letGo func(), err error) {
	done := make(chan struct{})
	for {
		other := t.take(of, done)
		if other == nil {
			break
		}
		select {
		case <-other:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.busy, of)
		close(done)
	}, nil
}

// take takes a turn, or returns one that has to end first.
func (t *turns) take(of turn, done chan struct{}) (other chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for taken, ends := range t.busy {
		if taken.meets(of) {
			return ends
		}
	}
	t.busy[of] = done
	return nil
}
