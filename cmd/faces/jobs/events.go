package jobs

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Bounds of a stream of events.
const (
	progressEvery = time.Second
	silenceMost   = 15 * time.Second // between two lines, so that proxies keep the connection
)

// events answers GET /v1/jobs/{id}/events until the job has ended. Changes of its
// state are numbered, and are told from the one on that the client has seen last.
func (s requests) events(w http.ResponseWriter, r *http.Request, in *eventsInput) error {
	j, err := s.find(r, in.ID)
	if err != nil {
		return err
	}
	seen := in.Last
	s.mu.Lock()
	over := j.State.final() && seen >= len(j.Events)
	s.mu.Unlock()
	if over {
		w.WriteHeader(http.StatusNoContent) // which tells browsers not to ask again
		return nil
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	out := stream{w: w, flush: http.NewResponseController(w)}
	timer := time.NewTicker(progressEvery)
	defer timer.Stop()
	for out.err == nil {
		s.mu.Lock()
		gone, final, changed, running := s.jobs[j.ID] != j, j.State.final(), j.changed, j.State == Running
		news := j.Events[min(seen, len(j.Events)):]
		view := s.view(j)
		s.mu.Unlock()
		for _, e := range news {
			then := view
			if then.State = e.State; !e.State.final() {
				then.Receipt, then.Problem, then.Finished, then.Expires, then.Webhook, then.Progress = nil, nil, nil, nil, nil, 0
			}
			out.send(e.ID, "state", then)
			seen = e.ID
		}
		switch {
		case gone:
			out.send(0, "deleted", struct{}{})
			return nil
		case final:
			return nil
		case running:
			out.progress(s.progress(r.Context(), j))
		}
		select {
		case <-changed:
		case <-timer.C:
			out.keepAlive()
		case <-r.Context().Done():
			return nil
		case <-s.ctx.Done():
			return nil
		}
	}
	return nil
}

// stream writes events.
type stream struct {
	w     io.Writer
	flush *http.ResponseController
	err   error
	sent  time.Time
	far   float64 // as it was told last
}

func (o *stream) write(text string) {
	if o.err == nil {
		_, o.err = io.WriteString(o.w, text)
	}
	if o.err == nil {
		o.err = o.flush.Flush()
	}
	o.sent = time.Now()
}

func (o *stream) send(id int, name string, data any) {
	text, err := json.Marshal(data) // which has no line break
	if err != nil {
		o.err = err
		return
	}
	head := ""
	if id > 0 {
		head = fmt.Sprintf("id: %d\n", id)
	}
	o.write(fmt.Sprintf("%sevent: %s\ndata: %s\n\n", head, name, text))
}

func (o *stream) progress(far float64) {
	if far > o.far {
		o.far = far
		o.send(0, "progress", map[string]float64{"progress": far})
	}
}

func (o *stream) keepAlive() {
	if time.Since(o.sent) > silenceMost {
		o.write(": alive\n\n")
	}
}
