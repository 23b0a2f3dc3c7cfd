package api

import (
	"context"
	"time"
)

// Log asks a daemon for the latest lines of its log about one photo.
const Log Verb[LogRequest, LogLines] = "POST /v1/log"

// LogRequest names a photo by its path.
type LogRequest struct {
	Photo string `json:"photo"`
}

// LogLines are lines of the log, the oldest first.
type LogLines struct {
	Lines []LogLine `json:"lines"`
}

// LogLine is one of them. Control characters in its text are escaped.
type LogLine struct {
	Time  time.Time `json:"time"`
	Level string    `json:"level"` // INFO, WARN or ERROR
	Text  string    `json:"text"`
}

// HandleLog makes m answer [Log] with what lines returns for a photo.
func HandleLog(m *Mux, lines func(photo string) []LogLine) {
	Log.Handle(m, func(_ context.Context, q LogRequest) (LogLines, error) { return LogLines{lines(q.Photo)}, nil })
}
