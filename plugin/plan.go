package plugin

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/graph"
	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin/history"
	"github.com/burnish-photo/burnish/plugin/naming"
)

// Plan is what a job would do.
type Plan struct {
	Path      string          `json:"path"`
	Decision  string          `json:"decision,omitempty"` // run, copy, publish or skip; "" where it was not reached
	Cause     string          `json:"cause,omitempty"`    // why, in words that photos share
	Reason    string          `json:"reason,omitempty"`   // why nothing would be done; "" where something would
	Format    string          `json:"format,omitempty"`
	Width     int             `json:"width,omitempty"` // pixels, as stored
	Height    int             `json:"height,omitempty"`
	Pages     int             `json:"pages,omitempty"` // that the file has; 0: it was not opened
	Taken     int             `json:"taken,omitempty"` // of these, each on its way through the steps
	Notes     []string        `json:"notes,omitempty"` // what else there is to know beforehand
	Steps     []PlannedStep   `json:"steps,omitempty"`
	Outputs   []PlannedOutput `json:"outputs,omitempty"`
	Bytes     int64           `json:"bytes,omitempty"`     // of the file
	Damage    *float64        `json:"damage,omitempty"`    // 0 to 1: as a condition has measured it, else by the tables of a JPEG; nil: not known
	Written   int64           `json:"written,omitempty"`   // bytes of outputs, roughly estimated
	Seconds   float64         `json:"seconds,omitempty"`   // estimated, for this photo alone
	Megabytes float64         `json:"megabytes,omitempty"` // of memory, estimated
}

// PlannedStep is a step on the photo's way.
type PlannedStep struct {
	Name string `json:"name"`
	Runs bool   `json:"runs"`
	Why  string `json:"why,omitempty"` // the condition with the facts, or what the operator says; "" for a step that always runs
}

// PlannedOutput is a file that would be written.
type PlannedOutput struct {
	Path    string `json:"path"` // of one that is left out, as the pipeline has it
	Width   int    `json:"width,omitempty"`
	Height  int    `json:"height,omitempty"`
	LeftOut string `json:"left_out,omitempty"` // why it would not be written; "" where it would
}

// Plan predicts a job without doing it: it asks the same questions as
// [Engine.Process] and writes nothing but in the engine's scratch folder. What
// was done before is known by [WithRecall]. Of several pages the first is
// predicted, and the time of all. Times are estimated from how long each operator
// takes on a sample here and now.
func (e *Engine) Plan(ctx context.Context, j Job) (Plan, error) {
	t, err := e.newTask(ctx, j)
	if err != nil {
		return Plan{}, err
	}
	defer t.close()
	plan := Plan{Path: j.Path}
	if err := e.plan(ctx, t, &plan); err != nil {
		return plan, classify(t, context.Cause(ctx), err)
	}
	return plan, nil
}

func (e *Engine) plan(ctx context.Context, t *task, plan *Plan) error {
	if err := t.inspect(); err != nil {
		return err
	}
	plan.Bytes = t.src.File.Info.Size()
	decision, err := t.history.Decide(outputs{t})
	if err != nil {
		return err
	}
	t.keep(decision.Kept)
	plan.Decision, plan.Cause = decisionOf(decision), causeOf(decision)
	if plan.take(t, decision); plan.Reason != "" {
		plan.Damage = decision.Record.Stats.Damage
		return nil
	}
	header, err := t.src.Header()
	if err != nil {
		return err
	}
	plan.Pages = header.Pages
	if plan.Taken, plan.Reason = t.pipeline.pagesOf(header); plan.Reason != "" {
		plan.skip("pages are passed over")
		return nil
	}
	if t.job.Review {
		plan.Notes = append(plan.Notes, "its outputs would wait for review")
	}
	return planRun(ctx, e, t, plan)
}

// The decisions of a [Plan].
const (
	PlanRun     = "run"     // the pipeline runs, or a part of it
	PlanCopy    = "copy"    // the outputs of an equal photo are copied
	PlanPublish = "publish" // results that were approved are published
	PlanSkip    = "skip"    // nothing is done
)

func decisionOf(d history.Decision) string {
	switch d.What {
	case history.Copy:
		return PlanCopy
	case history.Publish:
		return PlanPublish
	case history.Skip, history.Adopt:
		return PlanSkip
	}
	return PlanRun
}

// causeOf is why a decision is what it is, without what is of the photo alone.
func causeOf(d history.Decision) string {
	switch {
	case d.What == history.Copy:
		return "equal to another photo"
	case d.What == history.Publish:
		return "approved in review"
	case d.What == history.Adopt:
		return history.Recognized
	case d.What == history.Skip && d.Changed:
		return "changed, waits for reprocess"
	case d.What == history.Skip:
		return d.Reason
	}
	switch d.Record.State {
	case history.Failed, history.Quarantined:
		return "failed before"
	case history.Requeued:
		return "asked for again"
	case "":
		return "new"
	}
	return "changed"
}

// skip says that nothing is done after all.
func (plan *Plan) skip(cause string) { plan.Decision, plan.Cause = PlanSkip, cause }

// take tells of a decision, in the words of the result and with what the record
// adds.
func (plan *Plan) take(t *task, d history.Decision) {
	r := d.Record
	switch d.What {
	case history.Skip, history.Adopt:
		plan.Reason = d.Reason
		if r.State == history.Done && !r.Finished.IsZero() {
			plan.Reason += ", " + r.Finished.Local().Format(time.DateTime)
		}
		if r.State == history.Skipped && r.Error != "" {
			plan.Reason += ": " + r.Error
		}
	case history.Publish:
		plan.Reason = "approved in review: its results are to be published as they were made"
	case history.Copy:
		if r.Path != t.request.Path {
			plan.Notes = append(plan.Notes, "the same content as "+r.Path+", whose outputs would be copied where they are as they were")
		}
	case history.Run:
		if r.State == history.Failed {
			plan.Notes = append(plan.Notes, fmt.Sprintf("failed before, attempt %d: %s", r.Attempts, r.Error))
		}
	}
}

// planRun predicts the steps and outputs of a photo that nothing speaks against
// so far.
func planRun(ctx context.Context, e *Engine, t *task, plan *Plan) error {
	img, err := t.src.InFull(ctx)
	if err != nil {
		return err
	}
	defer img.Close()
	plan.Format, plan.Width, plan.Height = t.src.Format(), img.Source.Width, img.Source.Height
	if err := t.choose(img); err != nil {
		return err
	}
	wishes, err := t.wishes(img.Source, plan.Taken)
	if err != nil {
		return err
	}
	names, err := e.claims.Preview(t.owner(), wishes, !t.job.Sample)
	if err != nil {
		return err
	}
	if note := t.dateNote(img.Source); note != "" {
		plan.Notes = append(plan.Notes, "the date in its outputs' names is "+note)
	}
	plan.Outputs = make([]PlannedOutput, len(t.pipeline.outputs))
	plan.Megabytes = float64(e.memory.Predict(t.pipeline.mixed, t.pipeline.demand(plan.Width, plan.Height, img.Pixels.PixelBytes()).EstimateMemory())) / 1e6
	estimate := &estimate{engine: e, plan: plan}
	describe(t, img)
	err = t.pipeline.graph.DryRun(ops.WithRecorder(ctx, &t.stats), img, &t.choice, func(p graph.Preview) error {
		plan.visit(p, names.Targets)
		return estimate.add(ctx, p, names.Targets)
	})
	if plan.Reason = t.wantsNothing(); plan.Reason != "" {
		plan.skip("no output is wanted of it")
	} else if names.Idle() {
		plan.Reason = standing
		plan.skip(standing)
	}
	plan.Damage = t.stats.Stats().Damage
	plan.Seconds *= float64(plan.Taken)
	plan.Written *= int64(plan.Taken)
	for _, o := range t.kept.Outputs {
		plan.Outputs[o.Place-1] = PlannedOutput{Path: o.Path, LeftOut: "stays as it is: nothing that it depends on has changed"}
	}
	for _, i := range t.kept.LeftOut {
		plan.Outputs[i] = PlannedOutput{Path: t.pipeline.outputs[i].Path.String(), LeftOut: "not wanted before either"}
	}
	for _, out := range t.unwanted() {
		plan.Outputs[out.index] = PlannedOutput{Path: out.name, LeftOut: out.why}
	}
	return err
}

func (plan *Plan) visit(f graph.Preview, targets []naming.Target) {
	if f.Operator != nil && (f.Name != "orientation" || f.In[0].Pixels.Orientation() != 1) {
		plan.Steps = append(plan.Steps, PlannedStep{Name: f.Name, Runs: f.Runs, Why: f.Why})
	}
	for _, t := range f.Sinks {
		plan.Outputs[t] = PlannedOutput{Path: targets[t].Name, Width: f.Out.Pixels.Width(), Height: f.Out.Pixels.Height()}
	}
}

// Planned reports whether err is a photo's own failure, foreseen, rather than
// one of planning.
func Planned(err error) bool {
	var known *Error
	return errors.As(err, &known) && known.Kind != Stopped
}

// Seconds a megapixel for decoding and encoding, on a core of some years ago;
// what verifying and publishing a file adds.
var (
	decoding   = map[string]float64{"jpeg": 0.01, "png": 0.04, "webp": 0.03, "tiff": 0.02, "heif": 0.1, "avif": 0.1, "jxl": 0.15}
	encoding   = map[string]float64{"jpeg": 0.02, "png": 0.12, "webp": 0.15, "tiff": 0.08, "heic": 1, "avif": 1, "jxl": 0.4, "gif": 0.4, "tiles": 0.2}
	publishing = 0.03
)

// written are the bytes a megapixel of outputs with usual settings.
var written = map[string]float64{"jpeg": 0.3e6, "png": 1.6e6, "webp": 0.15e6, "tiff": 2.5e6, "heic": 0.15e6, "avif": 0.1e6, "jxl": 0.25e6, "gif": 0.6e6, "tiles": 0.4e6}

// estimate adds up the seconds that a plan takes.
type estimate struct {
	engine *Engine
	plan   *Plan
}

func (s *estimate) add(ctx context.Context, f graph.Preview, targets []naming.Target) error {
	pixels := megapixels(f.Out.Pixels)
	if f.Operator == nil {
		s.plan.Seconds += pixels * decoding[f.Out.Source.Format]
	} else if f.Runs && len(f.In) > 0 {
		r, err := s.engine.rates.Of(ctx, f.Operator, len(f.In))
		if err != nil {
			return err
		}
		s.plan.Seconds += megapixels(f.In[0].Pixels) * r
	}
	for _, t := range f.Sinks {
		s.plan.Seconds += publishing + pixels*encoding[targets[t].Format]
		s.plan.Written += int64(pixels * written[targets[t].Format])
	}
	return nil
}

// Estimate is what a pipeline takes for one photo.
type Estimate struct {
	Pixels float64 // that networks compute, with what tiles repeat
	MACs   float64 // multiply-accumulates of networks; 0 where that is not known
	Memory int64   // bytes, beside what the process holds before
}

// Estimate predicts what a pipeline takes for a photo of w×h pixels of
// pixelBytes bytes.
func (e *Engine) Estimate(pipeline string, w, h, pixelBytes int) (Estimate, error) {
	p, ok := e.pipelines[pipeline]
	if !ok {
		return Estimate{}, fmt.Errorf("there is no pipeline %q", pipeline)
	}
	cost := p.graph.EstimateCost(w, h, pixelBytes)
	return Estimate{Pixels: cost.Pixels, MACs: cost.MACs, Memory: e.memory.Predict(p.mixed, p.demand(w, h, pixelBytes).EstimateMemory())}, nil
}

func megapixels(p *vips.Image) float64 { return float64(p.Width()) * float64(p.Height()) / 1e6 }
