package app

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/cmd/worker"
	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/watcher"
)

// gated processes one photo at a time, each when the test lets it. It embeds no
// worker, so that a method which the daemon comes to call is missed by the
// compiler rather than by the daemon.
type gated struct {
	began chan string
	let   chan bool // false: the photo cannot be read
}

func (g gated) Process(_ context.Context, j plugin.Job) (plugin.Result, error) {
	g.began <- j.Path
	if !<-g.let {
		return plugin.Result{}, &plugin.Error{Path: j.Path, Kind: plugin.Unreadable, Err: fs.ErrNotExist}
	}
	return plugin.Result{State: plugin.Done}, nil
}
func (g gated) Capacity() int                  { return 1 }
func (g gated) Describe() worker.Description   { return worker.Description{} }
func (g gated) Records() api.Service           { return &api.Mux{} }
func (g gated) Maintain(context.Context) error { return nil }
func (g gated) Failed() <-chan error           { return nil }
func (g gated) Memory() worker.Memory          { return worker.Memory{Held: 3, Admitted: 2, Limit: 4} }
func (g gated) Restarts() (int, int)           { return 0, 0 }
func (g gated) Close() error                   { return nil }

// A folder's photos that fill the queue keep no other folder's out.
func TestAnUrgentPhotoPassesAFullQueue(t *testing.T) {
	photo, err := os.ReadFile("../../packaging/demo/photos/dune-q10.jpg")
	if err != nil {
		t.Fatal(err)
	}
	g := gated{began: make(chan string), let: make(chan bool)}
	c := Config{StateDir: t.TempDir(), Workers: always{g}, QueuePerFolder: 3}
	folders := map[string]string{}
	for name, priority := range map[string]int{"low": 0, "urgent": 1000} {
		f := Folder{Watch: watcher.DefaultConfig(), Job: plugin.Job{Output: t.TempDir()}, Priority: priority}
		f.Watch.Folder, f.Watch.Settle = t.TempDir(), 50*time.Millisecond
		c.Folders, folders[name] = append(c.Folders, f), f.Watch.Folder
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
	d := testApp(t, Options{Config: c})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
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
		return d.status.Waiting
	}
	await := func(n int) {
		for deadline := time.Now().Add(time.Minute); waiting() < n; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%d photos wait, want %d", waiting(), n)
			}
		}
	}
	next()
	await(c.QueuePerFolder)
	write("urgent", "now.jpg")
	write("urgent", "at once.jpg")
	await(c.QueuePerFolder + 2) // one of low may have been on its way: at least one is urgent
	if n := waiting(); n > c.QueuePerFolder+1+2 {
		t.Errorf("%d photos wait, the queue holds %d of each folder", n, c.QueuePerFolder)
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
	photo, err := os.ReadFile("../../packaging/demo/photos/dune-q10.jpg")
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
	f := Folder{Watch: watcher.DefaultConfig(), Job: plugin.Job{Output: t.TempDir()}}
	f.Watch.Folder, f.Watch.Settle, f.Watch.PollInterval = folder, 50*time.Millisecond, 100*time.Millisecond
	g := gated{began: make(chan string), let: make(chan bool)}
	d := testApp(t, Options{Config: Config{StateDir: t.TempDir(), Workers: always{g}, Folders: []Folder{f}, QueuePerFolder: 10}})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
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
		working := d.status.Working
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
