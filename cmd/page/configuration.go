package page

import "net/http"

// configurationView shows the configuration file.
type configurationView struct{ *Page }

func (v configurationView) routes() []Route {
	return []Route{v.view("GET /config", "config", v.data)}
}

func (v configurationView) data(*http.Request) (any, error) { return nil, nil }
