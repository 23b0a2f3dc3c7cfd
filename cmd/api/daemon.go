package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
)

// The verbs of a daemon.
const (
	Pause  Verb[PauseRequest, None] = "POST /v1/pause"
	Reload Verb[None, None]         = "POST /v1/reload"
)

// PauseRequest begins a pause or ends one.
type PauseRequest struct {
	Paused bool `json:"paused"`
}

// Daemon is what a daemon's verbs ask of it.
type Daemon interface {
	Pause(paused bool) error
	// Reload reads the configuration again.
	Reload(ctx context.Context) error
	// Requeue takes up photos that the watcher has sent already.
	Requeue(photos []string) error
}

// Control answers the verbs of a daemon, and those of its records by asking
// records. Photos that such a verb has made new ones are requeued.
func Control(d Daemon, records Service) *Mux {
	m := &Mux{}
	Pause.Handle(m, func(_ context.Context, q PauseRequest) (None, error) { return None{}, d.Pause(q.Paused) })
	Reload.Handle(m, func(ctx context.Context, _ None) (None, error) { return None{}, d.Reload(ctx) })
	m.Handle("/v1/", requeueing{d, records})
	return m
}

// requeueing forwards calls to the records and requeues what they answer.
type requeueing struct {
	daemon  Daemon
	records Service
}

// ServeHTTP forwards a call.
func (f requeueing) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	k := &kept{header: w.Header()}
	f.records.ServeHTTP(k, r)
	body := k.body.Bytes()
	var a Requeued
	if k.status == http.StatusOK && Unmarshal(body, &a) == nil && len(a.Photos) > 0 {
		if err := f.daemon.Requeue(a.Photos); err != nil {
			a.Problem = problemOf(errors.Join(a.Err(), err))
			if told, err := Marshal(a); err == nil {
				body = told
			}
		}
	}
	write(w, k.status, k.header.Get("Content-Type"), body)
}

// Ask brings the answer to a call, or the error that was answered.
type Ask func(ctx context.Context, method, path string, question []byte) (answer []byte, err error)

// Forward answers every call with what ask brings. A call that has begun is not
// given up when its caller is, unless it only looks at something.
func Forward(ask Ask) Service {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		question, problem := readBody(w, r)
		if problem != nil {
			writeProblem(w, problem)
			return
		}
		ctx := r.Context()
		if !slices.Contains(abandonable, r.URL.Path) {
			ctx = context.WithoutCancel(ctx)
		}
		answer, err := ask(ctx, r.Method, r.URL.Path, question)
		if err != nil {
			writeProblem(w, problemOf(err))
			return
		}
		write(w, http.StatusOK, "application/json", answer)
	})
}

// Borrowed answers each call by the service that borrow lends for it, or with
// borrow's error.
func Borrowed(borrow func(answer func(Service)) error) Service {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := borrow(func(s Service) { s.ServeHTTP(w, r) }); err != nil {
			writeProblem(w, problemOf(err))
		}
	})
}
