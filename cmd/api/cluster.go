package api

import "time"

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
