package plugin

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/ops/graph"
)

// Plan is what a job would do.
type Plan struct {
	Path          string
	Format        string
	Width, Height int      // pixels, as stored
	Reason        string   // why nothing would be done; "" where something would
	Pages         int      // that the file has; 0: it was not opened
	Taken         int      // of these, each on its way through the steps
	Notes         []string // what else there is to know beforehand
	Steps         []PlannedStep
	Outputs       []PlannedOutput
	Seconds       float64 // estimated, for this photo alone
	Megabytes     float64 // of memory, estimated
}

// PlannedStep is a step on the photo's way.
type PlannedStep struct {
	Name string
	Runs bool
	Why  string // the condition with the facts, or what the operator says; "" for a step that always runs
}

// PlannedOutput is a file that would be written.
type PlannedOutput struct {
	Path          string // of one that is left out, as the pipeline has it
	Width, Height int
	LeftOut       string // why it would not be written; "" where it would
}

// Plan foresees a job without doing it: nothing is written but in the engine's
// scratch folder, and what was done before is not known, but by [WithRecall].
// Of several pages the first is foreseen, and the time of all. Times are estimated from how
// long each operator takes on a sample here and now.
func (e *Engine) Plan(ctx context.Context, j Job) (Plan, error) {
	p, ok := e.pipelines[j.Pipeline]
	if !ok {
		return Plan{}, fmt.Errorf("%s: there is no pipeline %q%s", j.Path, j.Pipeline, diag.Suggest(j.Pipeline, slices.Sorted(maps.Keys(e.pipelines))))
	}
	w := &work{engine: e, pipeline: p, job: j}
	if err := w.locate(); err != nil {
		return Plan{}, err
	}
	defer w.close()
	plan := Plan{Path: j.Path}
	if err := w.foresee(ctx, &plan); err != nil {
		return plan, w.failed(context.Cause(ctx), err)
	}
	return plan, nil
}

func (w *work) foresee(ctx context.Context, plan *Plan) error {
	err := w.inspect()
	if err != nil {
		return err
	}
	if plan.Reason, err = w.src.Accept(); plan.Reason != "" || err != nil {
		return err
	}
	if _, err := w.src.Hash(); err != nil {
		return err
	}
	if plan.Reason = w.remembered(plan); plan.Reason == "" {
		plan.Reason = w.ownMake()
	}
	if plan.Reason != "" {
		return nil
	}
	header, err := w.src.Header()
	if err != nil {
		return err
	}
	plan.Pages = header.Pages
	if plan.Taken, plan.Reason = w.pages(header); plan.Reason != "" {
		return nil
	}
	return w.foreseeRun(ctx, plan)
}

// foreseeRun foresees the steps and outputs of a photo that nothing speaks
// against so far.
func (w *work) foreseeRun(ctx context.Context, plan *Plan) error {
	src, err := w.src.InFull(ctx)
	if err != nil {
		return err
	}
	defer src.Close()
	plan.Format, plan.Width, plan.Height = w.src.Format(), src.Source.Width, src.Source.Height
	if w.choice, err = w.pipeline.graph.Choose(src); err != nil {
		return err
	}
	if w.engine.recognise && w.named {
		if found, err := w.findMade(src.Source, plan.Taken); len(found) > 0 || err != nil {
			plan.Reason = recognised
			return err
		}
	}
	if err := w.claim(src.Source, plan.Taken); err != nil {
		return err
	}
	if note := w.dateNote(src.Source); note != "" {
		plan.Notes = append(plan.Notes, "the date in its outputs' names is "+note)
	}
	w.keepNames()
	plan.Outputs = make([]PlannedOutput, len(w.pipeline.outputs))
	e := w.engine
	plan.Megabytes = float64(e.memory.Predict(w.pipeline.work, w.pipeline.demand(plan.Width, plan.Height, src.Pixels.PixelBytes()).EstimateMemory())) / 1e6
	estimate := &estimate{engine: e, plan: plan}
	err = w.pipeline.graph.DryRun(ctx, src, &w.choice, func(f graph.Preview) error {
		plan.visit(f, w.targets)
		return estimate.add(ctx, f, w)
	})
	plan.Reason = w.wantsNothing()
	plan.Seconds *= float64(plan.Taken)
	for _, out := range w.leftOut() {
		plan.Outputs[out.index] = PlannedOutput{Path: out.name, LeftOut: out.why}
	}
	return err
}

// keepNames makes the engine take the outputs for written, so that another
// photo that would have the same is found.
func (w *work) keepNames() {
	w.engine.mu.Lock()
	defer w.engine.mu.Unlock()
	for _, t := range w.targets {
		delete(w.engine.claims, t.path)
		if t.path != "" {
			w.engine.written[t.path] = written{source: w.request.Path}
		}
	}
}

func (plan *Plan) visit(f graph.Preview, targets []target) {
	if f.Operator != nil && (f.Name != "orientation" || f.In[0].Pixels.Orientation() != 1) {
		plan.Steps = append(plan.Steps, PlannedStep{Name: f.Name, Runs: f.Runs, Why: f.Why})
	}
	for _, t := range f.Sinks {
		plan.Outputs[t] = PlannedOutput{Path: targets[t].path, Width: f.Out.Pixels.Width(), Height: f.Out.Pixels.Height()}
	}
}

// Planned reports whether err is a photo's own failure, foreseen, rather than
// one of planning.
func Planned(err error) bool {
	var known *Error
	return errors.As(err, &known) && known.Kind != Stopped
}
