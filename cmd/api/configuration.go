package api

import (
	"context"

	"github.com/burnish-photo/burnish/ops/graph/draw"
)

// Configuration asks a daemon for its configuration file as it is now.
const Configuration Verb[None, ConfigurationFile] = "GET /v1/configuration"

// ConfigurationFile is a configuration file, with secrets hidden, and what is to
// be said of it.
type ConfigurationFile struct {
	Name    string              `json:"name"`    // as it was given to the daemon
	Text    string              `json:"text"`    // with its secrets hidden
	Changed bool                `json:"changed"` // since the daemon read what it runs by
	Reloads bool                `json:"reloads"` // the daemon can read it again
	Fault   string              `json:"fault,omitempty"`
	Faults  []ConfigurationItem `json:"faults,omitempty"`
	Graphs  []PipelineGraph     `json:"graphs,omitempty"` // by name; none where the file has faults
}

// ConfigurationItem is one thing to be said of a place in a file.
type ConfigurationItem struct {
	Line    int    `json:"line"` // from 1; 0: the file as a whole
	Column  int    `json:"column"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
	Warning bool   `json:"warning,omitempty"`
}

// PipelineGraph is a pipeline as boxes to draw.
type PipelineGraph struct {
	Name  string     `json:"name"`
	Boxes []draw.Box `json:"boxes"`
}

// HandleConfiguration makes m answer [Configuration].
func HandleConfiguration(m *Mux, now func(context.Context) (ConfigurationFile, error)) {
	Configuration.Handle(m, func(ctx context.Context, _ None) (ConfigurationFile, error) { return now(ctx) })
}
