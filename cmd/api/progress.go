package api

import "time"

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
