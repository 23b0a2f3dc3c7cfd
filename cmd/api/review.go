package api

import (
	"context"
	"net/http"

	"github.com/burnish-photo/burnish/plugin"
)

// The verbs of review, which are among those of the records. Photos that were
// decided on are requeued.
const (
	Review        Verb[ReviewQuery, plugin.ReviewWindow] = "POST /v1/review"
	ReviewCounts  Verb[None, map[string]int]             = "GET /v1/review/counts" // photos that wait for a decision, by watched folder
	ReviewApprove Verb[ReviewSelection, Requeued]        = "POST /v1/review/approve"
	ReviewReject  Verb[ReviewSelection, Requeued]        = "POST /v1/review/reject"
	ReviewTry     Verb[ReviewTryRequest, Requeued]       = "POST /v1/review/try"
)

// ReviewSelection says which photos in review are meant: those for which all of
// its parts hold. At least one part must be set for a decision.
type ReviewSelection struct {
	IDs   []string `json:"ids,omitempty"`   // of entries
	Lots  []string `json:"lots,omitempty"`  // that were looked at, as of entries
	Paths []string `json:"paths,omitempty"` // photos, or folders of them, absolute
	Where string   `json:"where,omitempty"` // as of burnish reprocess
	All   bool     `json:"all,omitempty"`
}

// ReviewQuery asks for photos in review, ordered by path: at most so many, 0 being
// all, around the one of an id.
type ReviewQuery struct {
	ReviewSelection
	Around string `json:"around,omitempty"`
	Limit  int    `json:"limit,omitempty"`
}

// ReviewTryRequest asks for photos to be made anew with another strength.
type ReviewTryRequest struct {
	ReviewSelection
	Strength float64 `json:"strength"`
}

// selection reads the expression.
func (s ReviewSelection) selection() (plugin.Selection, error) {
	chosen := plugin.Selection{IDs: s.IDs, Lots: s.Lots, Paths: s.Paths}
	if s.Where == "" {
		return chosen, nil
	}
	where, err := plugin.ParseQuery(s.Where)
	chosen.Where = &where
	return chosen, err
}

// decided refuses a selection of nothing in particular.
func (s ReviewSelection) decided() (plugin.Selection, error) {
	if len(s.IDs)+len(s.Lots)+len(s.Paths) == 0 && s.Where == "" && !s.All {
		return plugin.Selection{}, &Problem{Status: http.StatusBadRequest, Detail: "name the photos: ids, paths, where or all"}
	}
	return s.selection()
}

// handleReview makes m answer the verbs of review by what lies on d.
func handleReview(m *Mux, d *plugin.Desk) {
	Review.Handle(m, func(_ context.Context, q ReviewQuery) (plugin.ReviewWindow, error) {
		chosen, err := q.selection()
		if err != nil {
			return plugin.ReviewWindow{}, err
		}
		return d.Look(chosen, q.Around, q.Limit)
	})
	ReviewCounts.Handle(m, func(context.Context, None) (map[string]int, error) { return d.Counts() })
	decide := func(v Verb[ReviewSelection, Requeued], do func(context.Context, plugin.Selection) ([]string, error)) {
		v.Handle(m, func(ctx context.Context, q ReviewSelection) (Requeued, error) {
			chosen, err := q.decided()
			if err != nil {
				return Requeued{}, err
			}
			return requeued(do(ctx, chosen))
		})
	}
	decide(ReviewApprove, d.Approve)
	decide(ReviewReject, d.Reject)
	ReviewTry.Handle(m, func(ctx context.Context, q ReviewTryRequest) (Requeued, error) {
		chosen, err := q.decided()
		if err != nil {
			return Requeued{}, err
		}
		return requeued(d.Try(ctx, chosen, q.Strength))
	})
}
