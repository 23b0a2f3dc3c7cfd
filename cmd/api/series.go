package api

import (
	"context"

	"github.com/burnish-photo/burnish/cmd/series"
)

// Series asks a daemon for its figures over time.
const Series Verb[None, series.Series] = "GET /v1/series"

// HandleSeries makes m answer [Series].
func HandleSeries(m *Mux, now func() series.Series) {
	Series.Handle(m, func(context.Context, None) (series.Series, error) { return now(), nil })
}
