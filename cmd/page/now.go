package page

import "net/http"

// nowView is what the daemon does at this moment.
type nowView struct{ *Page }

func (v nowView) routes() []Route {
	return []Route{v.view("GET /{$}", "now", v.data)}
}

func (v nowView) data(*http.Request) (any, error) { return nil, nil }
