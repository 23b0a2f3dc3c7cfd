package api

import (
	"context"

	"github.com/burnish-photo/burnish/plugin"
)

// The verbs of the records, which a worker, a daemon and a command without a
// daemon all answer.
const (
	Failed    Verb[None, Failures]                 = "GET /v1/failed"
	Lookup    Verb[plugin.Question, plugin.Answer] = "POST /v1/lookup"
	Retry     Verb[RetryRequest, Requeued]         = "POST /v1/retry"
	Reprocess Verb[ReprocessRequest, Requeued]     = "POST /v1/reprocess"

	// ReprocessEstimate and RetryEstimate tell of what the verbs would do.
	ReprocessEstimate Verb[ReprocessRequest, Estimate] = "POST /v1/reprocess/estimate"
	RetryEstimate     Verb[RetryRequest, Estimate]     = "POST /v1/retry/estimate"

	// Changed counts the photos whose pipelines were changed since.
	Changed Verb[None, Changes] = "GET /v1/changes"
)

// Quarantine gives up trying photos that failed; at least one must be named.
const Quarantine Verb[RetryRequest, Requeued] = "POST /v1/quarantine"

// Failures are the photos that failed when they were last tried.
type Failures struct {
	Failures []plugin.Failure `json:"failures"`
}

// Changes are what changed pipelines mean, by pipeline and folder.
type Changes struct {
	Changes []plugin.Change `json:"changes"`
}

// Estimate is what a verb would do. The problem is what would go wrong.
type Estimate struct {
	Would   []string      `json:"would"` // photos
	Work    plugin.Change `json:"work"`
	Problem *Problem      `json:"problem,omitempty"`
}

// RetryRequest names photos, and folders of them; none: all that failed. Those
// that the expression, if there is one, does not describe are left alone.
type RetryRequest struct {
	Paths []string `json:"paths"`
	Where string   `json:"where,omitempty"`
}

// ReprocessRequest says which results are to be made again.
type ReprocessRequest struct {
	Where string `json:"where"`
}

// Requeued are the photos that a verb has made new ones, which a daemon takes
// up at once. The problem is what went wrong with others.
type Requeued struct {
	Photos  []string `json:"photos"`
	Problem *Problem `json:"problem,omitempty"`
}

// Err is what went wrong with some photos, nil where nothing did.
func (r Requeued) Err() error { return r.Problem.Err() }

func requeued(photos []string, err error) (Requeued, error) {
	r := Requeued{Photos: photos}
	if err != nil {
		r.Problem = problemOf(err)
	}
	return r, nil
}

// Records answers the verbs of the records with what r holds, and those of review
// with what lies on d.
func Records(r *plugin.Records, d *plugin.Desk) *Mux {
	m := &Mux{}
	handleReview(m, d)
	handleCanary(m, r)
	Failed.Handle(m, func(context.Context, None) (a Failures, err error) {
		a.Failures, err = r.Failures()
		return a, err
	})
	Lookup.Handle(m, func(_ context.Context, q plugin.Question) (plugin.Answer, error) { return r.Recall(q) })
	handlePhotos(m, r)
	Quarantine.Handle(m, func(ctx context.Context, q RetryRequest) (Requeued, error) {
		return requeued(r.Quarantine(ctx, q.Paths))
	})
	Retry.Handle(m, func(ctx context.Context, q RetryRequest) (Requeued, error) {
		where, err := query(q.Where)
		if err != nil {
			return Requeued{}, err
		}
		return requeued(r.RetryWhere(ctx, q.Paths, where, false))
	})
	RetryEstimate.Handle(m, func(ctx context.Context, q RetryRequest) (Estimate, error) {
		where, err := query(q.Where)
		if err != nil {
			return Estimate{}, err
		}
		photos, err := r.RetryWhere(ctx, q.Paths, where, true)
		p := Estimate{Would: photos, Work: plugin.Change{Photos: len(photos)}}
		if err != nil {
			p.Problem = problemOf(err)
		}
		return p, nil
	})
	Changed.Handle(m, func(ctx context.Context, _ None) (c Changes, err error) {
		c.Changes, err = plugin.Changes(ctx, r)
		return c, err
	})
	ReprocessEstimate.Handle(m, func(_ context.Context, q ReprocessRequest) (p Estimate, err error) {
		where, err := plugin.ParseQuery(q.Where)
		if err != nil {
			return p, err
		}
		p.Would, p.Work, err = plugin.Reprocessing(r, where)
		return p, err
	})
	Undo.Handle(m, func(ctx context.Context, q plugin.UndoRequest) (plugin.UndoPage, error) {
		return plugin.Undo(ctx, r, q)
	})
	Verify.Handle(m, func(ctx context.Context, q plugin.VerifyRequest) (plugin.VerifyPage, error) {
		return plugin.Verify(ctx, r, q)
	})
	Reprocess.Handle(m, func(ctx context.Context, q ReprocessRequest) (Requeued, error) {
		where, err := plugin.ParseQuery(q.Where)
		if err != nil {
			return Requeued{}, err
		}
		return requeued(r.Reprocess(ctx, where))
	})
	return m
}

// query reads an expression; "" is all.
func query(where string) (plugin.Query, error) {
	if where == "" {
		return plugin.Query{}, nil
	}
	return plugin.ParseQuery(where)
}
