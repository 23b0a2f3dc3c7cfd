package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/burnish-photo/burnish/cmd/webhook"
	"github.com/burnish-photo/burnish/ops/diag"
)

// delays are how long a message waits after each failed attempt, as Standard
// Webhooks proposes. After the last it is given up, until somebody asks for it.
var delays = []time.Duration{5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour}

// maxDeliveries is how many messages are under way at a time.
const maxDeliveries = 8

// message is what a webhook is told.
type message struct {
	Type      string    `json:"type"` // job.done or job.failed
	Timestamp time.Time `json:"timestamp"`
	Data      Job       `json:"data"`
}

// deliverDue begins deliveries whose time has come.
func deliverDue(s *Jobs, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	under := 0
	for _, j := range s.jobs {
		if j.delivering {
			under++
		}
	}
	for _, j := range s.jobs {
		due := j.State.final() && j.Webhook != nil && j.Webhook.State == "waiting" && !j.delivering && (j.Webhook.Next == nil || !j.Webhook.Next.After(now))
		if !due || under >= maxDeliveries || s.config.Secret == nil || s.config.Guard == nil {
			continue
		}
		under++
		j.delivering = true
		view := s.view(j)
		view.Webhook = nil
		target, c := j.Target, s.config
		s.running.Go(func() {
			err := post(s.ctx, c, j.ID, target, view)
			s.delivered(j, err)
		})
	}
}

// post sends a message once. Its id is the same in every attempt, by which a
// receiver knows a repetition.
func post(ctx context.Context, c Config, id, target string, view Job) error {
	u, err := url.Parse(target)
	if err != nil {
		return err
	}
	body, err := json.Marshal(message{Type: "job." + string(view.State), Timestamp: time.Now().UTC(), Data: view})
	if err != nil {
		return err
	}
	receiver := webhook.NewReceiver(u, c.Secret, c.Guard)
	defer receiver.Close()
	return receiver.Post(ctx, "job_"+id, body)
}

// delivered takes note of an attempt.
func (s *Jobs) delivered(j *job, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	j.delivering = false
	if s.jobs[j.ID] != j || s.ctx.Err() != nil && err != nil {
		return // it was deleted, or is sent by the next process
	}
	d := j.Webhook
	d.Attempts++
	d.Next, d.LastError = nil, ""
	var refused *webhook.Refused
	switch {
	case err == nil:
		d.State = "delivered"
	case errors.As(err, &refused) && refused.Status == http.StatusGone || d.Attempts > len(delays):
		d.State, d.LastError = "failed", diag.Printable(err.Error())
	default:
		wait := delays[d.Attempts-1]
		if refused != nil {
			wait = max(wait, refused.RetryAfter)
		}
		next := time.Now().Add(wait)
		d.Next, d.LastError = &next, diag.Printable(err.Error())
		s.options.Log.Warn("a job's webhook was not delivered", "job", j.ID, "receiver", d.Receiver, "attempt", d.Attempts, "error", err, "next", fmt.Sprint("in ", wait))
	}
	s.keep(j)
}
