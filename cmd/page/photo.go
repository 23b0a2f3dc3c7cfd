package page

import "net/http"

// photoView is one photo, before and after.
type photoView struct{ *Page }

func (v photoView) routes() []Route {
	return []Route{v.view("GET /photos/{photo}", "photo", v.data)}
}

func (v photoView) data(*http.Request) (any, error) { return nil, nil }
