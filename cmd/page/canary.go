package page

import (
	"errors"
	"net/http"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/plugin"
)

// canaryView shows what came of changed pipelines on the photos that they are tried
// on, and lets people decide.
type canaryView struct{ *Page }

func (v canaryView) routes() []Route {
	return []Route{
		v.view("GET /library/canary", "canary", v.data),
		v.action("POST /library/canary/go", "canary", v.goOn),
		v.action("POST /library/canary/back", "canary", v.back),
	}
}

// trialShown is a trial with what its template asks of it.
type trialShown struct {
	plugin.Trial
	Photos []plugin.TrialPhoto // some of them
}

// trialPhotos is how many photos of a trial the view lists.
const trialPhotos = 50

func (v canaryView) data(r *http.Request) (any, error) {
	a, err := api.Canary.Call(r.Context(), v.client, api.None{})
	if err != nil {
		return nil, err
	}
	var all []trialShown
	for _, t := range a.Trials {
		all = append(all, trialShown{t, t.Photos[:min(len(t.Photos), trialPhotos)]})
	}
	return all, nil
}

// decisionOf is the trial that a form names.
func decisionOf(r *http.Request) api.CanaryDecision {
	return api.CanaryDecision{Pipeline: r.PostForm.Get("pipeline"), Folder: r.PostForm.Get("folder")}
}

func (v canaryView) goOn(r *http.Request) (to string, err error) {
	done, err := api.CanaryGo.Call(r.Context(), v.client, decisionOf(r))
	return "/library/canary?said=canary_go", errors.Join(err, done.Err())
}

func (v canaryView) back(r *http.Request) (to string, err error) {
	q := decisionOf(r)
	for {
		page, err := api.CanaryBack.Call(r.Context(), v.client, q)
		if err != nil || page.Problem != nil {
			return "", errors.Join(err, page.Problem.Err())
		}
		if q.Run = page.Run; !page.More {
			return "/library/canary?said=canary_back", nil
		}
	}
}
