package app

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/cmd/worker"
	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/watcher"
)

// renewable opens one worker, which goes on with other configurations.
type renewable struct {
	work    string
	refuses error         // of Renew
	fails   error         // of TakeOver
	events  chan<- string // what becomes of workers and photos
	let     chan bool     // photos of the first end
}

func (r renewable) Open(context.Context) (Worker, error)                 { return &renewed{r: r}, nil }
func (r renewable) Check(context.Context) (string, error)                { panic("nothing is opened twice") }
func (r renewable) Renew(_ context.Context, now Worker) (Renewal, error) { return r, r.refuses }
func (r renewable) Identity() string                                     { return r.work }
func (r renewable) TakeOver() (Worker, error)                            { return &renewed{r: r}, r.fails }
func (r renewable) Discard() error                                       { r.events <- "discard " + r.work; return nil }

type renewed struct {
	testWorker
	r renewable
}

func (w *renewed) Capacity() int                { return 2 }
func (w *renewed) Describe() worker.Description { return worker.Description{Identity: w.r.work} }

func (w *renewed) Process(_ context.Context, j plugin.Job) (plugin.Result, error) {
	w.r.events <- w.r.work + " begins " + filepath.Base(j.Path) + " by " + j.Pipeline
	if w.r.let != nil {
		<-w.r.let
	}
	return plugin.Result{State: plugin.Done}, nil
}

func (w *renewed) Close() error { w.r.events <- "close " + w.r.work; return nil }

// A photo under way ends by what it began with, while others begin by the next
// configuration; what the former one needed goes after it.
func TestAReloadOfPipelinesWaitsForNoPhoto(t *testing.T) {
	photo, err := os.ReadFile("../../packaging/demo/photos/dune-q10.jpg")
	if err != nil {
		t.Fatal(err)
	}
	events := make(chan string, 100)
	next := func(want string) {
		t.Helper()
		select {
		case got := <-events:
			if got != want {
				t.Fatalf("%s, want %s", got, want)
			}
		case <-time.After(time.Minute):
			t.Fatalf("no %s", want)
		}
	}
	first := renewable{work: "1", events: events, let: make(chan bool)}
	f := Folder{Watch: watcher.DefaultConfig(), Job: plugin.Job{Pipeline: "old", Output: t.TempDir()}, Digest: "1"}
	f.Watch.Folder, f.Watch.Settle = t.TempDir(), 20*time.Millisecond
	arrive := func(name string) {
		if err := os.WriteFile(filepath.Join(f.Watch.Folder, name), photo, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	config := Config{StateDir: t.TempDir(), Workers: first, Folders: []Folder{f}}
	a := testApp(t, Options{Config: config})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	arrive("a.jpg")
	next("1 begins a.jpg by old")

	// What is refused, or fails at the last moment, changes nothing.
	to := func(w renewable, pipeline, digest string) error {
		w.events = events
		c := config
		c.Workers = w
		c.Folders = []Folder{f}
		c.Folders[0].Job.Pipeline, c.Folders[0].Digest = pipeline, digest
		return a.ReloadWith(t.Context(), c)
	}
	if err := to(renewable{work: "2", refuses: errors.New("no model")}, "new", "2"); err == nil {
		t.Error("a model that does not open passes")
	}
	next("discard 2")
	if err := to(renewable{work: "2", fails: errors.New("the process ended")}, "new", "2"); err == nil {
		t.Error("a process that ended passes")
	}
	if err := to(renewable{work: "1"}, "old", "1"); err != nil { // nothing has changed
		t.Fatal(err)
	}
	next("discard 1")

	if err := to(renewable{work: "2"}, "new", "2"); err != nil {
		t.Fatal(err)
	}
	arrive("b.jpg")
	next("2 begins b.jpg by new")
	select {
	case got := <-events:
		t.Fatalf("%s, with a photo under way", got)
	case <-time.After(200 * time.Millisecond):
	}
	first.let <- true // its folder is looked through again, and it begins anew
	got := map[string]bool{}
	for len(got) < 2 {
		select {
		case e := <-events:
			got[e] = true
		case <-time.After(time.Minute):
			t.Fatalf("got only %v", got)
		}
	}
	if !got["close 1"] || !got["2 begins a.jpg by new"] {
		t.Errorf("got %v", got)
	}
	cancel()
	if err := errors.Join(<-ended, a.Close()); err != nil {
		t.Error(err)
	}
	next("close 2")
}
