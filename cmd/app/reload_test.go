package app

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/burnish-photo/burnish/cmd/worker"
	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/watcher"
)

// counting opens workers and knows how many are open.
type counting struct {
	mu     *sync.Mutex
	open   *int
	gated  gated
	check  error
	failed error  // of Open
	work   string // identity of its workers
}

func (c counting) Open(context.Context) (Worker, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failed != nil {
		return nil, c.failed
	}
	if *c.open++; *c.open > 1 {
		return nil, errors.New("the ledger is in use by another worker")
	}
	return counted{c.gated, c}, nil
}

func (c counting) Check(context.Context) (string, error) { return c.work, c.check }

func (c counting) Renew(context.Context, Worker) (Renewal, error) { return nil, nil }

type counted struct {
	gated
	c counting
}

func (w counted) Describe() worker.Description { return worker.Description{Identity: w.c.work} }

func (w counted) Close() error {
	w.c.mu.Lock()
	defer w.c.mu.Unlock()
	*w.c.open--
	return nil
}

func TestAReload(t *testing.T) {
	photo, err := os.ReadFile("../../packaging/demo/photos/dune-q10.jpg")
	if err != nil {
		t.Fatal(err)
	}
	write := func(folder, name string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, photo, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	var open int
	workers := counting{mu: &sync.Mutex{}, open: &open, gated: gated{began: make(chan string), let: make(chan bool)}}
	folder := func() Folder {
		f := Folder{Watch: watcher.DefaultConfig(), Job: plugin.Job{Output: t.TempDir()}}
		f.Watch.Folder, f.Watch.Settle = t.TempDir(), 20*time.Millisecond
		return f
	}
	first, second := folder(), folder()
	config := Config{StateDir: t.TempDir(), Workers: workers, Folders: []Folder{first}}
	a := testApp(t, Options{Config: config})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	began := func(want string) {
		t.Helper()
		select {
		case got := <-workers.gated.began:
			if got != want {
				t.Fatalf("%s begins, want %s", got, want)
			}
		case <-time.After(time.Minute):
			t.Fatalf("%s does not begin", want)
		}
	}
	write(first.Watch.Folder, "a.jpg")
	began(filepath.Join(first.Watch.Folder, "a.jpg"))

	// What is wrong leaves the old configuration in use, with a photo under way.
	for name, bad := range map[string]Config{
		"a model that does not open": {StateDir: config.StateDir, Workers: counting{check: errors.New("no model")}, Folders: []Folder{second}},
		"another state folder":       {StateDir: t.TempDir(), Workers: workers, Folders: []Folder{second}},
		"no folders":                 {StateDir: config.StateDir, Workers: workers},
		"a folder that is not there": {StateDir: config.StateDir, Workers: workers, Folders: []Folder{{Watch: watcher.Config{Folder: "/nowhere"}}}},
	} {
		if err := a.ReloadWith(t.Context(), bad); err == nil {
			t.Errorf("%s passes", name)
		}
	}
	if err := a.Reload(t.Context()); err == nil {
		t.Error("a daemon without a file reads it again")
	}

	// A good one waits for the photo under way, which ends by the old one.
	done := make(chan error, 1)
	config.Folders = []Folder{second}
	go func() { done <- a.ReloadWith(t.Context(), config) }()
	write(first.Watch.Folder, "b.jpg") // watched no longer once the photo has ended
	write(second.Watch.Folder, "c.jpg")
	select {
	case err := <-done:
		t.Fatal("it did not wait: ", err)
	case <-time.After(300 * time.Millisecond):
	}
	workers.gated.let <- true
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	began(filepath.Join(second.Watch.Folder, "c.jpg"))
	workers.gated.let <- true

	// One whose worker does not open although it was checked goes back to the old.
	broken := config
	b := workers
	b.failed = errors.New("the disk is gone")
	broken.Workers, broken.Folders = b, []Folder{first}
	if err := a.ReloadWith(t.Context(), broken); err == nil {
		t.Error("a worker that does not open passes")
	}
	write(second.Watch.Folder, "d.jpg")
	began(filepath.Join(second.Watch.Folder, "d.jpg"))
	workers.gated.let <- true
	cancel()
	if err := errors.Join(<-ended, a.Close()); err != nil {
		t.Error(err)
	}
	if open != 0 {
		t.Errorf("%d workers are still open", open)
	}
}

// What a reload leaves as it was is not looked through again, and keeps its
// place in the queue; a folder whose photos become something else is.
func TestAReloadKeepsFoldersThatStay(t *testing.T) {
	photo, err := os.ReadFile("../../packaging/demo/photos/dune-q10.jpg")
	if err != nil {
		t.Fatal(err)
	}
	var open int
	workers := counting{mu: &sync.Mutex{}, open: &open, gated: gated{began: make(chan string), let: make(chan bool)}}
	config := Config{StateDir: t.TempDir(), Workers: workers}
	for range 2 {
		f := Folder{Watch: watcher.DefaultConfig(), Job: plugin.Job{Output: t.TempDir()}, Digest: "1"}
		f.Watch.Folder, f.Watch.Settle = t.TempDir(), 20*time.Millisecond
		config.Folders = append(config.Folders, f)
	}
	a := testApp(t, Options{Config: config})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	stays, other := config.Folders[0].Watch.Folder, config.Folders[1].Watch.Folder
	began := func(want string) {
		t.Helper()
		select {
		case got := <-workers.gated.began:
			if got != want {
				t.Fatalf("%s begins, want %s", got, want)
			}
		case <-time.After(time.Minute):
			t.Fatalf("%s does not begin", want)
		}
	}
	photos := []string{filepath.Join(stays, "a.jpg"), filepath.Join(stays, "b.jpg"), filepath.Join(other, "c.jpg")}
	for _, path := range photos {
		if err := os.WriteFile(path, photo, 0o644); err != nil {
			t.Fatal(err)
		}
		if path == photos[0] {
			began(path)
			continue
		}
		for waiting := false; !waiting; {
			if err := a.exec(func() { waiting = a.current.queue.Has(path) }); err != nil {
				t.Fatal(err)
			}
			time.Sleep(5 * time.Millisecond)
		}
	}
	reload := func(digest string) chan error {
		next := config
		next.Folders = []Folder{config.Folders[1], config.Folders[0]}
		next.Folders[0].Digest = digest
		done := make(chan error, 1)
		go func() { done <- a.ReloadWith(t.Context(), next) }()
		return done
	}
	done := reload("1")
	for waits := false; !waits; time.Sleep(5 * time.Millisecond) {
		if err := a.exec(func() { waits = a.next != nil }); err != nil {
			t.Fatal(err)
		}
	}
	workers.gated.let <- true // the photo under way
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	began(photos[1]) // it and the next have kept their places
	workers.gated.let <- true
	began(photos[2])
	workers.gated.let <- true
	done = reload("2")
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	began(photos[2]) // its folder alone is looked through again
	workers.gated.let <- true
	select {
	case got := <-workers.gated.began:
		t.Errorf("%s begins", got)
	case <-time.After(300 * time.Millisecond):
	}
	if s := a.snapshot(); s.Reload == nil || s.Reload.Error != "" {
		t.Errorf("the status tells %+v", s.Reload)
	}
	cancel()
	if err := errors.Join(<-ended, a.Close()); err != nil {
		t.Error(err)
	}
}

// Where the worker has nothing to learn, it stays, and a photo under way is not
// waited for: it ends by what it began with.
func TestAReloadThatLeavesTheWorkerAloneDoesNotWait(t *testing.T) {
	photo, err := os.ReadFile("../../packaging/demo/photos/dune-q10.jpg")
	if err != nil {
		t.Fatal(err)
	}
	var open int
	workers := counting{mu: &sync.Mutex{}, open: &open, gated: gated{began: make(chan string), let: make(chan bool)}, work: "1"}
	f := Folder{Watch: watcher.DefaultConfig(), Job: plugin.Job{Pipeline: "first", Output: t.TempDir()}}
	f.Watch.Folder, f.Watch.Settle = t.TempDir(), 20*time.Millisecond
	config := Config{StateDir: t.TempDir(), Workers: workers, Folders: []Folder{f}}
	a := testApp(t, Options{Config: config})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	path := filepath.Join(f.Watch.Folder, "a.jpg")
	if err := os.WriteFile(path, photo, 0o644); err != nil {
		t.Fatal(err)
	}
	began := func() {
		t.Helper()
		select {
		case got := <-workers.gated.began:
			if got != path {
				t.Fatalf("%s begins", got)
			}
		case <-time.After(time.Minute):
			t.Fatalf("%s does not begin", path)
		}
	}
	began()

	next := config
	next.QueuePerFolder = 7
	if err := a.ReloadWith(t.Context(), next); err != nil {
		t.Fatal(err)
	}
	next.Folders = []Folder{f}
	next.Folders[0].Digest, next.Folders[0].Job.Pipeline = "2", "second" // the folder begins anew
	if err := a.ReloadWith(t.Context(), next); err != nil {
		t.Fatal(err)
	}
	if s := a.snapshot(); len(s.InWork) != 1 {
		t.Errorf("under way are %v, want the photo that began", s.InWork)
	}
	workers.gated.let <- true
	began()
	workers.gated.let <- true
	for done := false; !done; time.Sleep(5 * time.Millisecond) {
		if err := a.exec(func() { done = a.tally.done == 2 }); err != nil {
			t.Fatal(err)
		}
	}
	for _, pipeline := range []string{"first", "second"} {
		if n := testutil.ToFloat64(a.metrics.photos.WithLabelValues("done", pipeline, "")); n != 1 {
			t.Errorf("%v photos are done by the pipeline %s, want 1", n, pipeline)
		}
	}

	// A worker that does other work takes its place.
	next.Workers = counting{mu: workers.mu, open: workers.open, gated: workers.gated, work: "2"}
	if err := a.ReloadWith(t.Context(), next); err != nil {
		t.Fatal(err)
	}
	if got := a.current.worker.Describe().Identity; got != "2" {
		t.Errorf("the worker is %q, want the next one", got)
	}
	cancel()
	if err := errors.Join(<-ended, a.Close()); err != nil {
		t.Error(err)
	}
	if open != 0 {
		t.Errorf("%d workers are still open", open)
	}
}
