package api

import (
	"context"
	"time"

	"github.com/burnish-photo/burnish/cmd/series"
)

// Memory asks a daemon what its worker takes.
const Memory Verb[None, MemoryUse] = "GET /v1/memory"

// MemoryUse is the memory of a worker, in bytes.
type MemoryUse struct {
	Held     int64 `json:"held"`            // by its process, a few seconds ago; 0: not known
	Admitted int64 `json:"admitted"`        // that photos in progress are predicted to need
	Limit    int64 `json:"limit,omitempty"` // of Admitted; 0: none
}

// HandleMemory makes m answer [Memory].
func HandleMemory(m *Mux, now func() MemoryUse) {
	Memory.Handle(m, func(context.Context, None) (MemoryUse, error) { return now(), nil })
}

// Progress asks a worker, or a daemon with one, how far photos in progress are.
const Progress Verb[None, InProgress] = "GET /v1/progress"

// InProgress are the photos in progress, those that began first at the front.
type InProgress struct {
	Photos []PhotoInProgress `json:"photos"`
}

// PhotoInProgress is how far a photo is.
type PhotoInProgress struct {
	Path   string    `json:"path"`
	Since  time.Time `json:"since"`
	Pixels int64     `json:"pixels,omitempty"` // of its first page; 0 until its header is read

	Tiles         int64 `json:"tiles,omitempty"` // that networks have restored
	ExpectedTiles int64 `json:"expected_tiles,omitempty"`
}

// Series asks a daemon for its figures over time.
const Series Verb[None, series.Series] = "GET /v1/series"

// HandleSeries makes m answer [Series].
func HandleSeries(m *Mux, now func() series.Series) {
	Series.Handle(m, func(context.Context, None) (series.Series, error) { return now(), nil })
}
