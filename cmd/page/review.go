package page

import "net/http"

// reviewView shows results that wait for a decision.
type reviewView struct{ *Page }

func (v reviewView) routes() []Route {
	return []Route{v.view("GET /review", "review", v.data)}
}

func (v reviewView) data(*http.Request) (any, error) { return nil, nil }
