package worker

import (
	"time"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/plugin"
)

// What the daemon asks of its worker process beside the verbs of the records.
// The engine is opened first.
const (
	openVerb     api.Verb[setup, opened]            = "POST /worker/open"
	prepareVerb  api.Verb[preparation, prepared]    = "POST /worker/prepare"
	takeOverVerb api.Verb[engineNumber, api.None]   = "POST /worker/takeover"
	leaveVerb    api.Verb[engineNumber, api.None]   = "POST /worker/leave"
	processVerb  api.Verb[order, answer]            = "POST /worker/process"
	stalledVerb  api.Verb[stalledRequest, stalled]  = "POST /worker/stalled"
	cancelVerb   api.Verb[cancelRequest, cancelled] = "POST /worker/cancel"
	strikeVerb   api.Verb[death, answer]            = "POST /worker/strike"
	maintainVerb api.Verb[api.None, api.None]       = "POST /worker/maintain"
	closeVerb    api.Verb[api.None, api.None]       = "POST /worker/close"
)

// setup is what a worker process opens its engine with.
type setup struct {
	Source  Source  `json:"source"`
	Version string  `json:"version"`
	Verbose bool    `json:"verbose,omitempty"`
	Trial   bool    `json:"trial,omitempty"` // without the ledger
	Duty    float64 `json:"duty,omitempty"`  // as of [plugin.WithDuty]
	Again   bool    `json:"again,omitempty"` // in place of a process that ended

	Confined bool `json:"confined,omitempty"` // by Landlock

	tenure int // the daemon's own
}

// opened is what an open engine tells of itself.
type opened struct {
	Steps    map[string][]string `json:"steps"`
	Capacity int                 `json:"capacity"`
	Notice   string              `json:"notice,omitempty"` // of the ledger
	Calls    string              `json:"system_calls"`     // how they are filtered
	Identity string              `json:"identity"`         // as of [Description]
	Builds   map[string]string   `json:"builds"`           // as of [Description]
	Engine   int                 `json:"engine"`           // its number in the process
}

// preparation asks for an engine that may succeed the one in force.
type preparation struct {
	Source   Source `json:"source"`
	OnlyOpen bool   `json:"only_open,omitempty"` // as of [plugin.WithOpenNetworks]
}

// prepared is the engine that was asked for.
type prepared struct {
	opened
	NotOpen bool `json:"not_open,omitempty"` // there is none: a network would have to be opened
}

// engineNumber names an engine of the process.
type engineNumber struct {
	Engine int `json:"engine"`
}

// order is a photo, and the engine that processes it.
type order struct {
	Job    plugin.Job `json:"job"`
	Engine int        `json:"engine"`
}

// answer is how a photo ended.
type answer struct {
	Result  plugin.Result `json:"result"`
	Problem *api.Problem  `json:"problem,omitempty"`
	Stale   string        `json:"stale,omitempty"` // a folder whose rule in the sandbox no longer holds
}

// cancelRequest asks to give up a photo under way.
type cancelRequest struct {
	Photo string `json:"photo"`
}

type cancelled struct {
	Found bool `json:"found"`
}

// stalledRequest asks for a photo that has made no progress for that long.
type stalledRequest struct {
	Timeout time.Duration `json:"timeout"`
}

type stalled struct {
	Photo    string `json:"photo,omitempty"`
	Admitted int64  `json:"admitted,omitempty"` // bytes, as of [Memory]
	Limit    int64  `json:"limit,omitempty"`
}

// death is the end of a worker process by one photo.
type death struct {
	Job     plugin.Job `json:"job"`
	Cause   string     `json:"cause"`
	Starved bool       `json:"starved,omitempty"` // for want of memory, which is not the photo's fault
}
