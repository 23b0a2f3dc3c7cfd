package client

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
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

// Job is a photo that is processed while nobody waits for an answer.
type Job struct {
	ID       string     `json:"id"`
	State    State      `json:"state"`
	Pipeline string     `json:"pipeline"`
	Path     string     `json:"path"` // of a photo in a watched folder
	Created  time.Time  `json:"created"`
	Finished *time.Time `json:"finished"`
	Expires  *time.Time `json:"expires"` // when it and its outputs are removed
	Progress float64    `json:"progress"`
	Receipt  *Receipt   `json:"receipt"` // of one that is done
	Problem  *Problem   `json:"problem"` // of one that failed
}

// Options are what a job may have besides.
type Options struct {
	Key     string // idempotency key: the same request with it makes one job
	Webhook string // URL that is told of the job's end
}

func (o Options) header(h http.Header) http.Header {
	if o.Key != "" {
		h.Set("Idempotency-Key", o.Key)
	}
	if o.Webhook != "" {
		h.Set("Burnish-Webhook", o.Webhook)
	}
	return h
}

// Submit sends a photo as a job, which is on the daemon's disk when Submit
// returns. Of the request, Output and Accept mean nothing.
func (c *Client) Submit(ctx context.Context, photo io.Reader, q Request, o Options) (j Job, err error) {
	q.Output, q.Accept = "", ""
	return j, c.json(ctx, http.MethodPost, q.query(), photo, o.header(q.header()), &j, "v1", "jobs")
}

// SubmitPath makes a job of a photo that lies in a watched folder.
func (c *Client) SubmitPath(ctx context.Context, path, pipeline string, o Options) (j Job, err error) {
	named := map[string]string{"path": path}
	if pipeline != "" {
		named["pipeline"] = pipeline
	}
	if o.Webhook != "" {
		named["webhook"] = o.Webhook
	}
	body, err := json.Marshal(named)
	if err != nil {
		return j, err
	}
	h := Options{Key: o.Key}.header(http.Header{"Content-Type": {"application/json"}})
	return j, c.json(ctx, http.MethodPost, nil, bytes.NewReader(body), h, &j, "v1", "jobs")
}

// Job is a job as it is now.
func (c *Client) Job(ctx context.Context, id string) (j Job, err error) {
	return j, c.json(ctx, http.MethodGet, nil, nil, nil, &j, "v1", "jobs", id)
}

// Fetch is an output of a job that is done, by its id or number, from 1.
func (c *Client) Fetch(ctx context.Context, id, output string) (*Output, error) {
	r, err := c.do(ctx, http.MethodGet, nil, nil, nil, "v1", "jobs", id, "outputs", output)
	if err != nil {
		return nil, err
	}
	return outputOf(r), nil
}

// Delete ends a job and removes it with its outputs.
func (c *Client) Delete(ctx context.Context, id string) error {
	return c.json(ctx, http.MethodDelete, nil, nil, nil, nil, "v1", "jobs", id)
}

// ErrDeleted is a job that was deleted while it was followed.
var ErrDeleted = errors.New("the job was deleted")

// patience is how long Follow goes without an answer.
const patience = 5 * time.Minute

// Follow waits until a job has ended and returns it. Meanwhile tell, where it is
// not nil, hears of each change of its state and of its progress. A connection
// that breaks is made again, for some minutes: the daemon may be started anew.
func (c *Client) Follow(ctx context.Context, id string, tell func(Job)) (Job, error) {
	last, answered := "", time.Now()
	for {
		err := c.events(ctx, id, &last, tell)
		if errors.Is(err, ErrDeleted) || ctx.Err() != nil {
			return Job{}, errors.Join(err, ctx.Err())
		}
		j, err := c.Job(ctx, id)
		switch {
		case err == nil && (j.State == Done || j.State == Failed):
			return j, nil
		case err == nil:
			answered = time.Now()
		case ctx.Err() != nil || !passing(err) || time.Since(answered) > patience:
			return j, err
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return Job{}, ctx.Err()
		}
	}
}

// passing reports whether the daemon, or what is before it, may answer otherwise
// a little later.
func passing(err error) bool {
	p := (*Problem)(nil)
	return !errors.As(err, &p) || p.Status == http.StatusTooManyRequests || p.Status >= http.StatusBadGateway
}

// maxLine bounds a line of a stream of events, in bytes.
const maxLine = 1 << 20

// events reads the stream of a job's events until it ends; last is the id of the
// latest.
func (c *Client) events(ctx context.Context, id string, last *string, tell func(Job)) error {
	h := http.Header{"Accept": {"text/event-stream"}}
	if *last != "" {
		h.Set("Last-Event-ID", *last)
	}
	r, err := c.do(ctx, http.MethodGet, nil, nil, h, "v1", "jobs", id, "events")
	if err != nil {
		return err
	}
	defer r.Body.Close()
	lines := bufio.NewScanner(r.Body)
	lines.Buffer(nil, maxLine)
	var now Job
	name, data := "", ""
	for lines.Scan() {
		field, value, _ := strings.Cut(lines.Text(), ":")
		value = strings.TrimPrefix(value, " ")
		switch field {
		case "event":
			name = value
		case "data":
			data = value
		case "id":
			*last = value
		case "": // the event is whole, or a comment
			if lines.Text() != "" || name == "" {
				continue
			}
			if name == "deleted" {
				return ErrDeleted
			}
			if err := json.Unmarshal([]byte(data), &now); err != nil {
				return fmt.Errorf("event %s: %w", name, err)
			}
			if tell != nil {
				tell(now)
			}
			name, data = "", ""
		}
	}
	return lines.Err()
}
