package jobs

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/burnish-photo/burnish/cmd/faces/intake"
	v1 "github.com/burnish-photo/burnish/cmd/faces/v1"
	"github.com/burnish-photo/burnish/plugin"
)

// begin starts as many of the waiting jobs as may run.
func (s *Jobs) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.active < s.config.Parallel && s.ctx.Err() == nil {
		next := s.next()
		if next == nil {
			return
		}
		ctx, cancel := context.WithCancel(s.ctx)
		next.cancel = cancel
		next.Starts++
		next.enter(Running)
		s.keep(next)
		s.active++
		s.running.Go(func() {
			defer cancel()
			s.run(ctx, next)
			s.poke()
		})
	}
}

// run processes a job to its end, or until the daemon ends.
func (s *Jobs) run(ctx context.Context, j *job) {
	photo, result, err := s.process(ctx, j)
	if photo != nil {
		defer photo.Close()
	}
	var files []string
	var places []int
	if err == nil {
		files, places, err = takeOutputs(s, j.ID, result)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.active--
	j.cancel, j.path = nil, ""
	if s.jobs[j.ID] != j {
		return // it was deleted
	}
	switch {
	case err == nil:
		p, _ := v1.Choose(s.config.Pipelines, j.Pipeline, "")
		receipt := v1.ReceiptOf(j.Pipeline, j.Digest, result, p.NameOf)
		j.Receipt, j.Files, j.Places = &receipt, files, places
		j.settle(Done)
	case s.ctx.Err() != nil:
		j.Starts-- // it was not the photo that ended the daemon
		s.keep(j)
		return // the file says that it runs: it goes on with the next start
	default:
		j.fail(err)
	}
	_ = os.RemoveAll(filepath.Join(s.dir(j.ID), photoFolder)) // it is not needed any more
	j.Bytes = sizeOf(s.dir(j.ID))
	s.keep(j)
}

// settle gives a job its final state, and lets its webhook tell of it.
func (j *job) settle(state State) {
	if j.Webhook != nil {
		now := time.Now()
		j.Webhook.State, j.Webhook.Next = "waiting", &now
	}
	j.enter(state)
}

// fail ends a job with an error.
func (j *job) fail(err error) {
	j.Problem = v1.ProblemOf(err)
	j.settle(Failed)
}

// maxStarved is how often a job waits for memory, or for space of which too little
// was left for its outputs.
const maxStarved = 5

// fullWait is how long it waits for space: what was done is done again then. A
// test shortens it.
var fullWait = 30 * time.Second

// process has the photo processed, and waits where nothing begins for reasons
// that do not lie in it.
func (s *Jobs) process(ctx context.Context, j *job) (*intake.Photo, plugin.Result, error) {
	for try := 1; ; {
		photo, result, err := s.try(ctx, j)
		if err == nil {
			return photo, result, nil
		}
		if photo != nil {
			photo.Close()
		}
		var p *intake.Problem
		if !errors.As(err, &p) || p.RetryAfter == 0 || try > maxStarved {
			return nil, result, err
		}
		wait := min(p.RetryAfter, 2*time.Second)
		switch {
		case p.Status == http.StatusInsufficientStorage:
			try++
			wait = fullWait
		case p.Kind != "": // else it is paused, or the queue is full
			try++
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil, result, context.Cause(ctx)
		}
	}
}

func (s *Jobs) try(ctx context.Context, j *job) (*intake.Photo, plugin.Result, error) {
	c, order, path := s.bounds(), plugin.Job{}, ""
	if j.Path != "" {
		var ok bool
		if c.Folder != nil {
			order, ok = c.Folder(j.Path)
		}
		if !ok {
			return nil, plugin.Result{}, v1.Refused(422, "%s lies in no watched folder any more", j.Path)
		}
		path = j.Path
	} else {
		path = filepath.Join(s.dir(j.ID), photoFolder, j.Photo)
	}
	order.Pipeline = j.Pipeline
	if _, err := v1.Choose(c.Pipelines, j.Pipeline, "faces.jobs.pipelines"); err != nil {
		return nil, plugin.Result{}, err
	}
	photo, err := s.options.Intake.TakeFile(path, j.Digest)
	if err != nil {
		return nil, plugin.Result{}, err
	}
	s.mu.Lock()
	j.path = path
	s.mu.Unlock()
	result, err := photo.Process(ctx, order)
	return photo, result, err
}

// takeOutputs moves a result's files into the job's folder, on the disk. places are
// those of the pipeline's outputs that they are.
func takeOutputs(s *Jobs, id string, r plugin.Result) (names []string, places []int, err error) {
	out := filepath.Join(s.dir(id), outFolder)
	if err := errors.Join(os.RemoveAll(out), os.Mkdir(out, 0o700)); err != nil {
		return nil, nil, err
	}
	for i, o := range r.Outputs {
		name := fmt.Sprint(i + 1)
		if err := os.Rename(o.Path, filepath.Join(out, name)); err != nil {
			return nil, nil, err
		}
		names, places = append(names, name), append(places, o.Index)
	}
	d, err := os.Open(out)
	if err != nil {
		return nil, nil, err
	}
	return names, places, errors.Join(d.Sync(), d.Close())
}
