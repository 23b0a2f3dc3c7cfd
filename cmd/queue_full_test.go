package cmd

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/watcher"
)

// gated works on one photo at a time, each when the test lets it. It embeds no
// worker, so that a method which the daemon comes to call is missed by the
// compiler rather than by the daemon.
type gated struct {
	began chan string
	let   chan bool // false: the photo cannot be read
}

func (g gated) process(_ context.Context, j plugin.Job) (plugin.Result, error) {
	g.began <- j.Path
	if !<-g.let {
		return plugin.Result{}, &plugin.Error{Path: j.Path, Kind: plugin.Unreadable, Err: fs.ErrNotExist}
	}
	return plugin.Result{State: plugin.Done}, nil
}
func (g gated) tidy() error                   { return nil }
func (g gated) describe() map[string][]string { return nil }
func (g gated) calls() string                 { return "" }
func (g gated) parallel() int                 { return 1 }
func (g gated) notice() string                { return "" }
func (g gated) sandbox() string               { return "" }
func (g gated) fatal() <-chan error           { return nil }
func (g gated) close() error                  { return nil }
func (g gated) failures() ([]plugin.Failure, error) {
	return nil, errors.ErrUnsupported
}
func (g gated) recall(plugin.Question) (plugin.Recollection, error) {
	return plugin.Recollection{}, errors.ErrUnsupported
}
func (g gated) retry([]string) ([]string, error)   { return nil, errors.ErrUnsupported }
func (g gated) reprocess(string) ([]string, error) { return nil, errors.ErrUnsupported }

// A folder's photos that fill the queue keep no other folder's out.
func TestAnUrgentPhotoPassesAFullQueue(t *testing.T) {
	photo, err := os.ReadFile("../packaging/demo/photos/dune-q10.jpg")
	if err != nil {
		t.Fatal(err)
	}
	c := &config.Config{StateDir: t.TempDir()}
	c.Limits.QueuePerFolder = 3
	folders := map[string]string{}
	for name, priority := range map[string]int{"low": 0, "urgent": 1000} {
		w := config.Watch{Config: watcher.DefaultConfig(), Output: t.TempDir(), Priority: priority}
		w.Folder, w.Settle = t.TempDir(), 50*time.Millisecond
		c.Watch, folders[name] = append(c.Watch, w), w.Folder
	}
	write := func(folder, name string) string {
		path := filepath.Join(folders[folder], name)
		if err := os.WriteFile(path, photo, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	const many = 20
	for i := range many {
		write("low", strings.Repeat("x", i+1)+".jpg")
	}
	g := gated{began: make(chan string), let: make(chan bool)}
	d := newDaemon(c, g, slog.New(slog.DiscardHandler), false)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- d.run(ctx) }()
	next := func() string {
		select {
		case path := <-g.began:
			return path
		case err := <-ended:
			t.Fatal("the daemon ended: ", err)
		case <-time.After(time.Minute):
			t.Fatal("no photo begins")
		}
		return ""
	}
	waiting := func() int {
		d.mu.Lock()
		defer d.mu.Unlock()
		return d.standing.Waiting
	}
	await := func(n int) {
		for deadline := time.Now().Add(time.Minute); waiting() < n; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%d photos wait, want %d", waiting(), n)
			}
		}
	}
	next()
	await(c.Limits.QueuePerFolder)
	write("urgent", "now.jpg")
	write("urgent", "at once.jpg")
	await(c.Limits.QueuePerFolder + 2) // one of low may have been on its way: at least one is urgent
	if n := waiting(); n > c.Limits.QueuePerFolder+1+2 {
		t.Errorf("%d photos wait, the queue holds %d of each folder", n, c.Limits.QueuePerFolder)
	}
	g.let <- true
	if got := next(); filepath.Dir(got) != folders["urgent"] {
		t.Errorf("next came %s", got)
	}
	for range many { // and none is lost
		g.let <- true
		next()
	}
	g.let <- true
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// A photo whose folder goes while it is in work is done once the folder is back.
func TestAPhotoComesBackWithItsFolder(t *testing.T) {
	photo, err := os.ReadFile("../packaging/demo/photos/dune-q10.jpg")
	if err != nil {
		t.Fatal(err)
	}
	above := t.TempDir()
	folder, away := filepath.Join(above, "in"), filepath.Join(above, "away")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "a.jpg")
	if err := os.WriteFile(path, photo, 0o644); err != nil {
		t.Fatal(err)
	}
	w := config.Watch{Config: watcher.DefaultConfig(), Output: t.TempDir()}
	w.Folder, w.Settle, w.PollInterval = folder, 50*time.Millisecond, 100*time.Millisecond
	g := gated{began: make(chan string), let: make(chan bool)}
	d := newDaemon(&config.Config{StateDir: t.TempDir(), Watch: []config.Watch{w}, Limits: config.Limits{QueuePerFolder: 10}}, g, slog.New(slog.DiscardHandler), false)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- d.run(ctx) }()
	next := func() {
		t.Helper()
		select {
		case <-g.began:
		case <-time.After(time.Minute):
			t.Fatal("the photo does not begin")
		}
	}
	next()
	if err := os.Rename(folder, away); err != nil {
		t.Fatal(err)
	}
	g.let <- false
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		d.mu.Lock()
		working := d.standing.Working
		d.mu.Unlock()
		if working == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the photo does not end")
		}
	}
	if err := os.Rename(away, folder); err != nil {
		t.Fatal(err)
	}
	next()
	g.let <- true
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
