package api

import (
	"context"
	"time"

	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/plugin/schedule"
	"github.com/burnish-photo/burnish/watcher"
)

// Status asks a daemon how it stands.
const Status Verb[None, Standing] = "GET /v1/status"

// Standing is how a daemon stands, or what the last one left.
type Standing struct {
	Running bool   `json:"running"`
	Dir     string `json:"state_dir"`
	*DaemonStatus
	ETA float64 `json:"eta_seconds,omitempty"` // until what is in work and waits is done
}

// DaemonStatus is what a daemon keeps in its state folder, for burnish status
// and for its own next start.
type DaemonStatus struct {
	Version string                `json:"version"`
	PID     int                   `json:"pid"`
	Started time.Time             `json:"started"`
	Written time.Time             `json:"written"`
	Sandbox string                `json:"sandbox"`      // that photos are worked on in
	Calls   string                `json:"system_calls"` // how they are filtered there
	Folders []watcher.FolderState `json:"folders"`
	Done    int                   `json:"done"`             // photos, since the start
	Failed  int                   `json:"failed"`           // photos whose last try failed
	Working int                   `json:"working"`          // photos in work
	Waiting int                   `json:"waiting"`          // photos that are to come
	Paused  bool                  `json:"paused,omitempty"` // by burnish pause
	Shut    string                `json:"shut,omitempty"`   // why no photo begins
	Ledger  string                `json:"ledger,omitempty"` // what became of a damaged one at the start
	Held    []HeldFolder          `json:"held,omitempty"`
	Queues  []FolderQueue         `json:"queues,omitempty"`
	Review  map[string]int        `json:"review,omitempty"` // photos that wait for a decision, by watched folder

	Reload *ReloadStatus `json:"last_reload,omitempty"`

	InWork    []string            `json:"in_work,omitempty"` // photos
	Next      []string            `json:"next,omitempty"`    // some of those that wait
	Rate      float64             `json:"photos_per_minute,omitempty"`
	LastError *LastError          `json:"last_error,omitempty"`
	Steps     map[string][]string `json:"steps,omitempty"` // by pipeline: what networks run, and where

	Changes []PipelineChange `json:"changes,omitempty"`
	Trials  []TrialStatus    `json:"trials,omitempty"` // of changed pipelines, that are not decided

	Cluster *ClusterStatus `json:"cluster,omitempty"` // nil where photos go to none

	Scrub *ScrubStatus `json:"scrub,omitempty"` // nil where the library was never verified in the background
}

// PipelineChange is what the change of a pipeline means for the photos of a
// watched folder that were done before.
type PipelineChange struct {
	plugin.Change
	OnChange string `json:"on_change"`
	Text     string `json:"text"` // all of it, for people
}

// TrialStatus is how far the trial of a changed pipeline on a sample has come; all
// counts are of photos.
type TrialStatus struct {
	Pipeline string `json:"pipeline"`
	Folder   string `json:"folder"`
	Pending  int    `json:"pending"` // of the sample, to be tried
	Done     int    `json:"done"`
	Failed   int    `json:"failed"`
	Waiting  int    `json:"waiting"` // for the decision
}

// HeldFolder is a watched folder of which no photo begins.
type HeldFolder struct {
	Folder string    `json:"folder"`
	Reason string    `json:"reason"`
	Until  time.Time `json:"until,omitzero"`   // when one tries whether it works again
	Wanted bool      `json:"wanted,omitempty"` // by the configuration, such as quiet hours: nothing is wrong
}

// FolderQueue is what waits of a watched folder.
type FolderQueue struct {
	Folder  string                `json:"folder"`
	Waiting int                   `json:"waiting"`         // photos
	Oldest  time.Time             `json:"oldest,omitzero"` // since when the first that is due waits
	Breaker schedule.BreakerState `json:"circuit_breaker"`
}

// LastError is the latest failure.
type LastError struct {
	Photo  string    `json:"photo"`
	Reason string    `json:"reason"`
	Hint   string    `json:"hint,omitempty"`
	Time   time.Time `json:"time"`
}

// ReloadStatus is how the latest reload ended.
type ReloadStatus struct {
	Time  time.Time `json:"time"`
	Error string    `json:"error,omitempty"` // why the configuration before it stays in use
}

// Stand is how a daemon stands that keeps s in the state folder; s is nil where
// there is none yet.
func Stand(running bool, dir string, s *DaemonStatus) Standing {
	now := Standing{Running: running, Dir: dir, DaemonStatus: s}
	if s != nil && running && s.Rate > 0 && s.Shut == "" {
		now.ETA = float64(s.Working+s.Waiting) / s.Rate * 60
	}
	return now
}

// HandleStatus makes m answer [Status].
func HandleStatus(m *Mux, now func() Standing) {
	Status.Handle(m, func(context.Context, None) (Standing, error) { return now(), nil })
}

// ClusterStatus is how the cluster stands that a daemon hands photos to.
type ClusterStatus struct {
	Owner     string `json:"owner"`
	Epoch     uint64 `json:"epoch"`
	Mode      string `json:"mode"`
	Connected bool   `json:"connected"`
	Here      string `json:"here,omitempty"` // why photos are worked on here for now

	Out     int       `json:"out"`             // photos that are with the cluster
	Waiting int       `json:"waiting"`         // of these, those that no worker was given yet
	Bytes   int64     `json:"bytes"`           // of photos that are out
	Oldest  time.Time `json:"oldest,omitzero"` // since when the first of them is out

	Done      int64            `json:"done"` // since the start, by workers
	Failed    int64            `json:"failed,omitempty"`
	Dropped   map[string]int64 `json:"dropped"` // results: doubled, stale, refused
	Again     map[string]int64 `json:"again"`   // jobs: lost, suspect, dead; queues that were stuck
	Full      int64            `json:"full,omitempty"`
	Fallbacks int64            `json:"fallbacks,omitempty"`
	Swept     int64            `json:"swept,omitempty"` // objects that nobody wanted
	Sent      int64            `json:"sent"`            // bytes
	Received  int64            `json:"received"`

	Workers []ClusterWorker `json:"workers,omitempty"`
}

// ClusterWorker is a worker that gave a sign of life of late.
type ClusterWorker struct {
	ID      string   `json:"id"`
	Version string   `json:"version"`
	Devices []string `json:"devices,omitempty"`
	Places  int      `json:"places"`
	Busy    int      `json:"busy"`
	Done    int64    `json:"done"`
	Failed  int64    `json:"failed,omitempty"`
	Rate    float64  `json:"photos_per_minute,omitempty"`
	Takes   bool     `json:"takes"` // the owner's jobs
	Refuses string   `json:"refuses,omitempty"`
}
