package app

import (
	"context"
	"errors"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/cmd/pace"
	"github.com/burnish-photo/burnish/cmd/worker"
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/watcher"
)

// testWorker processes nothing.
type testWorker struct{}

func (testWorker) Process(context.Context, plugin.Job) (plugin.Result, error) {
	return plugin.Result{}, errors.ErrUnsupported
}
func (testWorker) Capacity() int                  { return 1 }
func (testWorker) Memory() worker.Memory          { return worker.Memory{Held: 3, Admitted: 2, Limit: 4} }
func (testWorker) Restarts() (int, int)           { return 0, 0 }
func (testWorker) Describe() worker.Description   { return worker.Description{} }
func (testWorker) Records() api.Service           { return &api.Mux{} }
func (testWorker) Maintain(context.Context) error { return nil }
func (testWorker) Failed() <-chan error           { return nil }
func (testWorker) Close() error                   { return nil }

// always opens one worker.
type always struct{ worker Worker }

func (a always) Open(context.Context) (Worker, error)  { return a.worker, nil }
func (a always) Check(context.Context) (string, error) { return "", nil }

func (a always) Renew(context.Context, Worker) (Renewal, error) { return nil, nil }

func testConfig(t *testing.T, w Worker) Config {
	return Config{StateDir: t.TempDir(), Workers: always{w}, Folders: []Folder{{Watch: watcher.Config{Folder: "/in"}, Job: plugin.Job{Output: t.TempDir()}}}}
}

// testApp is a daemon that does not run.
func testApp(t *testing.T, o Options) *App {
	t.Helper()
	a, err := New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

type quietAtNight struct{}

func (quietAtNight) Contains(t time.Time) bool { return t.Hour() >= 22 || t.Hour() < 6 }
func (quietAtNight) String() string            { return "22:00-06:00" }

func TestNothingBeginsInQuietHours(t *testing.T) {
	c := testConfig(t, testWorker{})
	c.Pace = pace.Rules{Quiet: []pace.Hours{quietAtNight{}}}
	a := testApp(t, Options{Config: c})
	for clock, closed := range map[string]bool{"21:59": false, "22:00": true, "05:59": true, "06:00": false} {
		now, err := time.ParseInLocation("2006-01-02 15:04", "2026-03-04 "+clock, time.Local)
		if err != nil {
			t.Fatal(err)
		}
		a.admit(now)
		if (a.closed != "") != closed {
			t.Errorf("at %s closed: %q", clock, a.closed)
		}
	}
}

func TestAFolderWaitsInItsOwnQuietHours(t *testing.T) {
	c := testConfig(t, testWorker{})
	c.Folders[0].Pace = pace.Rules{Quiet: []pace.Hours{quietAtNight{}}}
	a := testApp(t, Options{Config: c})
	for clock, waits := range map[string]bool{"21:59": false, "22:00": true, "06:00": false} {
		now, err := time.ParseInLocation("2006-01-02 15:04", "2026-03-04 "+clock, time.Local)
		if err != nil {
			t.Fatal(err)
		}
		if again := a.admit(now); again != recheckEvery || a.closed != "" {
			t.Errorf("at %s the next look is in %v, all are closed: %q", clock, again, a.closed)
		}
		if held := a.current.queue.Paused(); (len(held) > 0) != waits || waits != (a.current.waits["/in"] != "") {
			t.Errorf("at %s: %+v", clock, held)
		}
	}
}

func TestAPauseOutlivesTheDaemon(t *testing.T) {
	c := testConfig(t, testWorker{})
	if err := SetPaused(c.StateDir, true); err != nil {
		t.Fatal(err)
	}
	a := testApp(t, Options{Config: c})
	a.admit(time.Now())
	once := testApp(t, Options{Config: c, Once: true})
	once.admit(time.Now())
	if a.closed == "" || once.closed != "" {
		t.Errorf("closed: %q, with Once: %q", a.closed, once.closed)
	}
	for range 2 {
		if err := SetPaused(c.StateDir, false); err != nil {
			t.Error(err)
		}
	}
	if testApp(t, Options{Config: c}).paused {
		t.Error("still paused")
	}
}

// Object stores say that 16 EiB are free.
func TestFreeSpaceOfHugeFileSystems(t *testing.T) {
	for free, want := range map[diag.Size]diag.Size{
		freeSpace(syscall.Statfs_t{Bavail: 1 << 52, Bsize: 4096}): 1 << 62,
		freeSpace(syscall.Statfs_t{Bavail: 300, Bsize: 4096}):     300 * 4096,
	} {
		if free != want {
			t.Errorf("%d bytes, want %d", free, want)
		}
	}
}

func TestNoPhotoBeginsWithoutSpace(t *testing.T) {
	c := testConfig(t, testWorker{})
	c.MinFreeSpace = 1 << 60
	a := testApp(t, Options{Config: c})
	q, now := a.current.queue, time.Now()
	q.Add("/in/a.jpg", "/in", now)
	a.admit(now)
	if _, ok := q.Next(now); ok {
		t.Error("it began")
	}
	if held := q.Paused(); len(held) != 1 || !strings.Contains(held[0].Reason, "limits.min_free_space") {
		t.Errorf("held: %+v", held)
	}
	a.current.config.MinFreeSpace = 0
	a.admit(now)
	if _, ok := q.Next(now); !ok {
		t.Error("it does not begin though there is space")
	}
}
