package page

import "net/http"

// photosView lists the photos that were processed.
type photosView struct{ *Page }

func (v photosView) routes() []Route {
	return []Route{v.view("GET /photos", "photos", v.data)}
}

func (v photosView) data(*http.Request) (any, error) { return nil, nil }
