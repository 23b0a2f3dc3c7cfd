package jobs

import (
	"time"

	v1 "github.com/burnish-photo/burnish/cmd/faces/v1"
)

// State is how far a job is.
type State string

// The states of a job. The last two are final.
const (
	Waiting State = "waiting"
	Running State = "running"
	Done    State = "done"
	Failed  State = "failed"
)

func (s State) final() bool { return s == Done || s == Failed }

// Job is a job as it is answered.
type Job struct {
	ID       string      `json:"id"`
	State    State       `json:"state" enum:"waiting,running,done,failed"`
	Pipeline string      `json:"pipeline"`
	Path     string      `json:"path,omitempty" doc:"of a photo in a watched folder"`
	Created  time.Time   `json:"created"`
	Finished *time.Time  `json:"finished,omitempty"`
	Expires  *time.Time  `json:"expires,omitempty" doc:"when the job and its outputs are removed"`
	Progress float64     `json:"progress" minimum:"0" maximum:"1" doc:"of the network's work, as far as it is known"`
	Receipt  *v1.Receipt `json:"receipt,omitempty" doc:"of a job that is done"`
	Problem  *v1.Problem `json:"problem,omitempty" doc:"why it failed"`
	Webhook  *Delivery   `json:"webhook,omitempty"`
}

// Delivery is how a job's webhook stands.
type Delivery struct {
	Receiver  string     `json:"receiver" doc:"the URL, without what may be secret of it"`
	State     string     `json:"state" enum:"waiting,delivered,failed"`
	Attempts  int        `json:"attempts"`
	Next      *time.Time `json:"next,omitempty" doc:"when the next attempt is made"`
	LastError string     `json:"last_error,omitempty"`
}

// record is a job as its file keeps it.
type record struct {
	Job
	Owner   string   `json:"owner"`            // the token that made it: serve.Owner
	Key     string   `json:"key,omitempty"`    // SHA-256 of the idempotency key
	Request string   `json:"request"`          // tells it from a job of another request
	Photo   string   `json:"photo,omitempty"`  // name of the file below photo
	Digest  string   `json:"digest,omitempty"` // of that file
	Starts  int      `json:"starts,omitempty"` // how often its processing began, but for those that ended with the daemon in good order
	Target  string   `json:"target,omitempty"` // URL of the webhook
	Events  []event  `json:"events"`           // changes of its state
	Files   []string `json:"files,omitempty"`  // names below out, by the receipt's outputs
	Places  []int    `json:"places,omitempty"` // of the pipeline's outputs that these are, from 0
	Bytes   int64    `json:"bytes"`            // that it holds on disk
}

// event is a change of a job's state.
type event struct {
	ID    int       `json:"id"`
	State State     `json:"state"`
	Time  time.Time `json:"time"`
}

// job is a job in memory. Jobs.mu guards it.
type job struct {
	record
	changed    chan struct{} // closed at the next change
	cancel     func()        // of its processing; nil: it does not run
	path       string        // of its photo while it runs
	delivering bool
}

// enter lets a job have another state.
func (j *job) enter(s State) {
	now := time.Now().UTC().Truncate(time.Millisecond)
	j.State = s
	j.Events = append(j.Events, event{ID: len(j.Events) + 1, State: s, Time: now})
	if s.final() {
		j.Finished = &now
	}
	j.notify()
}

// notify wakes who waits for a change.
func (j *job) notify() {
	close(j.changed)
	j.changed = make(chan struct{})
}
