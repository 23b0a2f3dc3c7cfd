package page

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strconv"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/plugin"
)

// reviewView shows results that wait for a decision: a queue, and one of its
// photos before and after.
type reviewView struct{ *Page }

const (
	reviewQueued = 60   // photos of the queue that are shown at a time
	reviewSide   = 1024 // pixels of the longer side of a picture
)

func (v reviewView) routes() []Route {
	return []Route{
		v.view("GET /review", "review", v.data),
		v.action("POST /review/approve", "review", v.decide("approved", func(r *http.Request, s api.ReviewSelection) (api.Requeued, error) {
			return api.ReviewApprove.Call(r.Context(), v.client, s)
		})),
		v.action("POST /review/reject", "review", v.decide("rejected", func(r *http.Request, s api.ReviewSelection) (api.Requeued, error) {
			return api.ReviewReject.Call(r.Context(), v.client, s)
		})),
		v.action("POST /review/try", "review", v.decide("trying", func(r *http.Request, s api.ReviewSelection) (api.Requeued, error) {
			strength, err := strconv.ParseFloat(r.PostForm.Get("strength"), 64)
			if err != nil {
				return api.Requeued{}, &api.Problem{Status: http.StatusBadRequest, Detail: "strength must be a number from 0 to 1"}
			}
			return api.ReviewTry.Call(r.Context(), v.client, api.ReviewTryRequest{ReviewSelection: s, Strength: strength})
		})),
	}
}

// queued is what its template shows.
type queued struct {
	Where            string // the filter
	Total, Before    int    // photos that it chooses; of these, before those shown
	Queue            []queuedPhoto
	Photo            *queuedPhoto // the one that is looked at; nil for none
	Place            int          // of it in the queue, counted from 1
	Former, Next     string       // ids of those beside it; "" where there is none
	Picture          int          // of its results, counted from 1
	Original, Result string       // paths of the pictures; "" where there are none
}

// queuedPhoto is a photo of the queue.
type queuedPhoto struct {
	plugin.Reviewed
	Folder, Name string
	Here         bool
}

// Percent is the strength that it was restored with.
func (q queuedPhoto) Percent() float64 {
	if q.Strength == nil {
		return 1
	}
	return *q.Strength
}

// data finds the photo that the query names, or the first, and those around it.
func (v reviewView) data(r *http.Request) (any, error) {
	query := r.URL.Query()
	q := queued{Where: query.Get("where"), Picture: 1}
	wanted := query.Get("photo")
	answer, err := api.Review.Call(r.Context(), v.client, api.ReviewQuery{
		ReviewSelection: api.ReviewSelection{Where: q.Where}, Around: wanted, Limit: reviewQueued,
	})
	if err != nil {
		return nil, err
	}
	q.Total, q.Before = answer.Total, answer.Before
	at := 0
	for i, e := range answer.Entries {
		q.Queue = append(q.Queue, queuedPhoto{Reviewed: e, Folder: path.Dir(e.Path), Name: path.Base(e.Path)})
		if e.ID == wanted {
			at = i
		}
	}
	if len(q.Queue) == 0 {
		return q, nil
	}
	q.Queue[at].Here, q.Photo, q.Place = true, &q.Queue[at], q.Before+at+1
	if at > 0 {
		q.Former = q.Queue[at-1].ID
	}
	if at+1 < len(q.Queue) {
		q.Next = q.Queue[at+1].ID
	}
	if n, _ := strconv.Atoi(query.Get("picture")); n > 0 && n <= len(q.Photo.Results) {
		q.Picture = n
	}
	if e := q.Photo; len(e.Results) > 0 {
		q.Original = previewPath(e.ID, 0, reviewSide, fmt.Sprint(e.Size))
		q.Result = previewPath(e.ID, q.Picture, reviewSide, e.Results[q.Picture-1].Hash)
	}
	return q, nil
}

// decide answers a form that names a photo by its id and what was seen of it, or all of its filter, and
// goes on to the photo that it says comes next.
func (v reviewView) decide(said string, do func(*http.Request, api.ReviewSelection) (api.Requeued, error)) func(*http.Request) (string, error) {
	return func(r *http.Request) (string, error) {
		where := r.PostForm.Get("where")
		chosen := api.ReviewSelection{IDs: r.PostForm["photo"], Lots: r.PostForm["lot"]}
		if r.PostForm.Get("all") != "" {
			chosen = api.ReviewSelection{Where: where, All: true}
		}
		done, err := do(r, chosen)
		if err := errors.Join(err, done.Err()); err != nil {
			return "", err
		}
		to := url.Values{"said": {said}}
		for key, value := range map[string]string{"where": where, "photo": r.PostForm.Get("next")} {
			if value != "" {
				to.Set(key, value)
			}
		}
		return "/review?" + to.Encode(), nil
	}
}
