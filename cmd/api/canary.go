package api

import (
	"context"
	"errors"

	"github.com/burnish-photo/burnish/plugin"
)

// The verbs of trials, which are among those of the records.
const (
	// Canary tells of the changed pipelines that are tried on a sample.
	Canary Verb[None, Trials] = "GET /v1/canary"
	// CanaryGo lets the other photos follow, which are requeued.
	CanaryGo Verb[CanaryDecision, Requeued] = "POST /v1/canary/go"
	// CanaryBack puts the former outputs of some of the sample back. It is called until
	// nothing is left.
	CanaryBack Verb[CanaryDecision, CanaryPage] = "POST /v1/canary/back"
)

// Trials are changed pipelines that are tried, by folder and pipeline.
type Trials struct {
	Trials []plugin.Trial `json:"trials"`
}

// CanaryDecision names a trial: "" is the only one.
type CanaryDecision struct {
	Pipeline string `json:"pipeline,omitempty"`
	Folder   string `json:"folder,omitempty"`
	Run      string `json:"run,omitempty"` // names the calls that belong together; the first answer gives it
}

// CanaryPage is what one call has put back. The problem is what went wrong with
// photos.
type CanaryPage struct {
	Back    []string `json:"back"`
	More    bool     `json:"more"`
	Run     string   `json:"run,omitempty"`
	Problem *Problem `json:"problem,omitempty"`
}

// handleCanary makes m answer the verbs of trials by what r holds.
func handleCanary(m *Mux, r *plugin.Records) {
	Canary.Handle(m, func(ctx context.Context, _ None) (a Trials, err error) {
		a.Trials, err = plugin.Trials(ctx, r)
		return a, err
	})
	CanaryGo.Handle(m, func(ctx context.Context, q CanaryDecision) (Requeued, error) {
		d, err := plugin.Decider(r).Go(ctx, q.Pipeline, q.Folder)
		if err != nil && len(d.Photos) == 0 {
			return Requeued{}, err
		}
		return requeued(d.Photos, err)
	})
	CanaryBack.Handle(m, func(ctx context.Context, q CanaryDecision) (CanaryPage, error) {
		d, err := plugin.Decider(r).Back(ctx, q.Pipeline, q.Folder, q.Run)
		if err != nil {
			return CanaryPage{}, err
		}
		p := CanaryPage{Back: d.Photos, More: d.More, Run: d.Run}
		if len(d.Problems) > 0 {
			p.Problem = problemOf(errors.Join(d.Problems...))
		}
		return p, nil
	})
}
