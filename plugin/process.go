package plugin

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"runtime/debug"
	"slices"
	"time"

	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/ops/graph"
	"github.com/burnish-photo/burnish/plugin/history"
	"github.com/burnish-photo/burnish/plugin/output/staging"
	"github.com/burnish-photo/burnish/plugin/source"
)

// Process works on one photo, waiting for its turn. Its error is an [*Error]
// that names the photo and what to do, except where the job itself makes no
// sense. All outputs of a photo are written before the first gets its name.
// Two jobs for the same work run one after the other.
func (e *Engine) Process(ctx context.Context, j Job) (Result, error) {
	w, err := e.newWork(j)
	if err != nil {
		return Result{}, err
	}
	if err := e.begin(ctx, w); err != nil {
		return Result{}, w.request.Fail(Stopped, err, "")
	}
	defer e.end(w)
	defer w.close()
	result, err := w.guarded(ctx)
	result.Elapsed = time.Since(w.began)
	if err != nil {
		failure := w.judged(w.failed(context.Cause(ctx), err))
		failure.Own = failure.Own || w.alone(failure)
		if e.advise != nil {
			e.advise(failure)
		}
		w.recordFailure(failure)
		return result, failure
	}
	w.quarantineLate()
	if err := w.archiveOriginal(); err != nil {
		e.log.Warn("the original stays where it is", "photo", w.request.Path, "error", err)
	}
	result.Sidecars = w.along
	if len(w.moved) > 0 {
		notes := maps.Clone(w.moved)
		maps.Copy(notes, result.Notes)
		result.Notes = notes
	}
	return result, nil
}

// newWork is the work that j asks for, not yet begun.
func (e *Engine) newWork(j Job) (*work, error) {
	p, ok := e.pipelines[j.Pipeline]
	if !ok {
		return nil, fmt.Errorf("%s: there is no pipeline %q%s", j.Path, j.Pipeline, diag.Suggest(j.Pipeline, slices.Sorted(maps.Keys(e.pipelines))))
	}
	if j.Output == "" {
		return nil, fmt.Errorf("%s: the job names no output folder", j.Path)
	}
	w := &work{engine: e, pipeline: p, job: j, began: time.Now()}
	return w, w.locate()
}

// begin waits until no other job does the same work, and for a slot.
func (e *Engine) begin(ctx context.Context, w *work) error {
	for {
		e.mu.Lock()
		other := e.busy[w.id()]
		if other == nil {
			w.done = make(chan struct{})
			e.busy[w.id()] = w.done
		}
		e.mu.Unlock()
		if other == nil {
			break
		}
		select {
		case <-other:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	select {
	case e.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		e.letGo(w)
		return context.Cause(ctx)
	}
}

func (e *Engine) end(w *work) {
	<-e.slots
	e.letGo(w)
}

// letGo releases the work and the names of its outputs.
func (e *Engine) letGo(w *work) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.busy, w.id())
	for _, t := range w.targets {
		if e.claims[t.path] == w {
			delete(e.claims, t.path)
		}
	}
	close(w.done)
}

// work is one job under way.
type work struct {
	engine    *Engine
	pipeline  *pipeline
	job       Job
	request   source.Request
	output    string // absolute
	key       string // what is to be done, for the ledger: pipeline and output folder
	began     time.Time
	done      chan struct{}     // closed when the work has ended
	src       *source.Photo     // once it was inspected
	moved     map[string]string // notes on the original's move
	along     []string          // paths that sidecars had which went with it
	before    history.Record    // what was recorded of this work, whatever its content
	choice    graph.Choice      // which outputs are wanted
	inherited []int             // outputs that an equal photo did not want
	named     bool              // see Recollection
	targets   []target          // once their names are claimed
}

func (w *work) id() string { return w.request.Path + "\x00" + w.key }

func (w *work) locate() (err error) {
	if w.request, err = w.engine.requestOf(w.job, w.pipeline); err != nil {
		return err
	}
	if w.output, err = filepath.Abs(w.job.Output); err != nil {
		return err
	}
	w.key = w.pipeline.work + " " + w.output
	return nil
}

// inspect opens the photo's file.
func (w *work) inspect() (err error) {
	w.src, err = source.Inspect(w.request)
	return err
}

// close gives back what the work has opened.
func (w *work) close() {
	if w.src != nil {
		w.src.Close()
	}
}

// guarded is run, where a panic is a failure of this photo alone.
func (w *work) guarded(ctx context.Context) (_ Result, err error) {
	defer func() {
		if r := recover(); r != nil {
			w.engine.log.Error("a fault in Burnish", "photo", w.request.Path, "panic", r, "stack", string(debug.Stack()))
			failure := w.request.Fail(StepFailed, fmt.Errorf("a fault in Burnish: %v", r), "please report it with the log and, if you can, the photo")
			failure.Own, err = true, failure
		}
	}()
	return w.run(ctx)
}

// run takes the job from its file to published outputs.
func (w *work) run(ctx context.Context) (Result, error) {
	if err := w.inspect(); err != nil {
		return Result{}, err
	}
	if reason, err := w.doneBefore(); reason != "" || err != nil {
		return Result{State: Skipped, Reason: reason}, err
	}
	if reason, err := w.src.Accept(); reason != "" || err != nil {
		return Result{State: Skipped, Reason: reason}, err
	}
	if _, err := w.src.Hash(); err != nil {
		return Result{}, err
	}
	if reason, err := w.known(); reason != "" || err != nil {
		return Result{State: Skipped, Reason: reason}, err
	}
	if reason := w.ownMake(); reason != "" {
		return Result{State: Skipped, Reason: reason}, nil
	}
	if err := w.checkMounted(); err != nil {
		return Result{}, err
	}
	if done, err := w.adopt(); done || err != nil {
		return Result{State: Skipped, Reason: recognised}, err
	}
	if result, done, err := w.reuse(); done || err != nil {
		return result, err
	}
	return w.restore(ctx)
}

func discard(staged []*staging.File) {
	for _, s := range staged {
		s.Discard()
	}
}
