package app

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/cmd/worker"
	"github.com/burnish-photo/burnish/plugin"
)

// patient processes a photo until the test lets it, or its context ends.
type patient struct{ gated }

func (p patient) Process(ctx context.Context, j plugin.Job) (plugin.Result, error) {
	gone := &plugin.Error{Path: j.Path, Kind: plugin.Stopped, Err: context.Canceled}
	select {
	case p.began <- j.Path:
	case <-ctx.Done():
		return plugin.Result{}, gone
	}
	select {
	case ok := <-p.let:
		if !ok {
			return plugin.Result{}, worker.ErrSuspect
		}
		if j.Exclusive {
			return plugin.Result{State: plugin.Done, Reason: "alone"}, nil
		}
		return plugin.Result{State: plugin.Done}, nil
	case <-ctx.Done():
		return plugin.Result{}, gone
	}
}

// A daemon that watches no folder processes what is submitted.
func TestSubmit(t *testing.T) {
	p := patient{gated{began: make(chan string), let: make(chan bool)}}
	d := testApp(t, Options{Config: Config{StateDir: t.TempDir(), Workers: always{p}, Requests: true}})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	type answer struct {
		r   plugin.Result
		err error
	}
	submit := func(ctx context.Context, path string) chan answer {
		c := make(chan answer, 1)
		go func() {
			r, err := Submit(ctx, d, plugin.Job{Path: path})
			c <- answer{r, err}
		}()
		return c
	}
	one := submit(t.Context(), "one")
	<-p.began
	p.let <- true
	if a := <-one; a.err != nil || a.r.State != plugin.Done {
		t.Errorf("got %+v", a)
	}

	// A photo that may have ended the worker is tried alone.
	two := submit(t.Context(), "two")
	<-p.began
	p.let <- false
	<-p.began
	p.let <- true
	if a := <-two; a.err != nil || a.r.Reason != "alone" {
		t.Errorf("got %+v", a)
	}

	// Who goes takes the work along, that which waits and that under way.
	leaving, leave := context.WithCancel(t.Context())
	three := submit(leaving, "three")
	<-p.began
	four := submit(leaving, "four")
	for d.snapshot().Waiting == 0 {
		time.Sleep(time.Millisecond)
	}
	leave()
	if a := <-three; a.err == nil {
		t.Errorf("got %+v", a)
	}
	if a := <-four; a.err == nil {
		t.Errorf("got %+v", a)
	}
	if err := d.Pause(true); err != nil {
		t.Fatal(err)
	}
	for d.snapshot().Shut == "" {
		time.Sleep(time.Millisecond)
	}
	var held *HeldError
	if a := <-submit(t.Context(), "five"); !errors.As(a.err, &held) {
		t.Errorf("while it is paused: %+v", a)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if _, err := Submit(t.Context(), d, plugin.Job{Path: "six"}); !errors.Is(err, errStopping) {
		t.Errorf("after the end: %v", err)
	}
	if len(d.requests) != 0 {
		t.Errorf("%d requests are left", len(d.requests))
	}
}

// told processes a photo until the test lets it, and tells whose task it was.
type told struct{ gated }

func (w told) Process(_ context.Context, j plugin.Job) (plugin.Result, error) {
	w.began <- j.Pipeline
	<-w.let
	return plugin.Result{State: plugin.Done, Reason: j.Pipeline}, nil
}

// A photo of a watched folder that a request names has two tasks, neither of which
// takes the other's place or end.
func TestSubmitOfAFoldersPhoto(t *testing.T) {
	w := told{gated{began: make(chan string), let: make(chan bool)}}
	d := testApp(t, Options{Config: Config{StateDir: t.TempDir(), Workers: always{w}, Requests: true}})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	submit := func(ctx context.Context) chan string {
		c := make(chan string, 1)
		go func() {
			r, err := Submit(ctx, d, plugin.Job{Path: "/watched/a.jpg", Root: "/watched", Pipeline: "asked"})
			if err != nil {
				r.Reason = err.Error()
			}
			c <- r.Reason
		}()
		return c
	}
	waiting := func(n int) {
		t.Helper()
		for d.snapshot().Waiting != n {
			time.Sleep(time.Millisecond)
		}
	}
	if err := d.exec(func() {
		d.current.folders["/watched"] = Folder{Job: plugin.Job{Pipeline: "folder"}}
		d.current.queue.Add("/watched/a.jpg", "/watched", time.Now())
	}); err != nil {
		t.Fatal(err)
	}
	if began := <-w.began; began != "folder" {
		t.Fatalf("the task of %s began first", began)
	}
	one, two := submit(t.Context()), submit(t.Context())
	waiting(2)
	for i := range 3 {
		w.let <- true
		if i == 2 {
			break
		}
		if began := <-w.began; began != "asked" {
			t.Errorf("the task of %s began where requests wait", began)
		}
	}
	for _, c := range []chan string{one, two} {
		if got := <-c; got != "asked" {
			t.Errorf("a request got the end of %s", got)
		}
	}
	if done := d.snapshot().Done; done != 1 {
		t.Errorf("the folder has %d photos done, want 1", done)
	}

	// A request that is given up leaves the folder's task where it is.
	if err := d.Pause(true); err != nil {
		t.Fatal(err)
	}
	if err := d.exec(func() { d.current.queue.Add("/watched/a.jpg", "/watched", time.Now()) }); err != nil {
		t.Fatal(err)
	}
	leaving, leave := context.WithCancel(t.Context())
	leave()
	<-submit(leaving)
	if waiting := d.snapshot().Waiting; waiting != 1 {
		t.Errorf("%d tasks wait, want the folder's", waiting)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
