package page

import "net/http"

// failuresView shows photos that failed.
type failuresView struct{ *Page }

func (v failuresView) routes() []Route {
	return []Route{v.view("GET /failures", "failures", v.data)}
}

func (v failuresView) data(*http.Request) (any, error) { return nil, nil }
