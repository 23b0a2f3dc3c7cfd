package cmd

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/plugin/schedule"
	"github.com/burnish-photo/burnish/watcher"
)

// slow is a worker whose lists take until they are let go.
type slow struct {
	local
	began, letGo chan struct{}
	ended        atomic.Bool
}

func (s *slow) failures() ([]plugin.Failure, error) {
	close(s.began)
	<-s.letGo
	s.ended.Store(true)
	return []plugin.Failure{{Path: "/in/a.jpg"}}, nil
}

func (*slow) retry([]string) ([]string, error) {
	return []string{"/in/a.jpg"}, errors.New("/held/b.jpg cannot be moved back")
}

func (*slow) parallel() int { return 1 }

func (*slow) notice() string { return "" }

func testDaemon(t *testing.T, w worker) *daemon {
	return newDaemon(gateConfig(t), w, slog.New(slog.DiscardHandler), false)
}

func TestStoppingWaitsForCalls(t *testing.T) {
	s := &slow{began: make(chan struct{}), letGo: make(chan struct{})}
	d := testDaemon(t, s)
	stop, err := d.serve()
	if err != nil {
		t.Fatal(err)
	}
	var a Failures
	answered := make(chan error, 1)
	go func() { answered <- call(d.config.StateDir, "Failed", None{}, &a) }()
	<-s.began
	go func() { // once nobody is let in any more
		defer close(s.letGo)
		for {
			conn, err := net.Dial("unix", filepath.Join(d.config.StateDir, socketName))
			if err != nil {
				return
			}
			conn.Close()
			time.Sleep(time.Millisecond)
		}
	}()
	stop()
	if !s.ended.Load() {
		t.Error("a call was still under way")
	}
	if err := <-answered; err != nil || len(a.Failures) != 1 {
		t.Errorf("the answer is lost: %+v, %v", a, err)
	}
}

func TestWhatWasRetriedIsToldBesideAnError(t *testing.T) {
	d := testDaemon(t, &slow{})
	close(d.stopped)
	stop, err := d.serve()
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	var a Photos
	if err := call(d.config.StateDir, "Retry", []string(nil), &a); err != nil {
		t.Fatal(err)
	}
	photos, err := a.result()
	if len(photos) != 1 || err == nil || !strings.Contains(err.Error(), "cannot be moved back") {
		t.Errorf("%v, %v", photos, err)
	}
}

func TestAPhotoThatIsGoneHasNotFailed(t *testing.T) {
	d := testDaemon(t, &slow{})
	var err error
	if d.watch, err = watcher.New(watcher.Options{Folders: []watcher.Config{{Folder: t.TempDir()}}}); err != nil {
		t.Fatal(err)
	}
	photo := filepath.Join(t.TempDir(), "a.jpg")
	if err := os.WriteFile(photo, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	failed := ending{task: schedule.Task{Path: photo}, err: &plugin.Error{Path: photo, Kind: plugin.StepFailed, Err: errors.New("failed")}}
	if d.judge(failed); len(d.failed) != 1 {
		t.Fatalf("failed: %v", d.failed)
	}
	if err := os.Remove(photo); err != nil {
		t.Fatal(err)
	}
	if d.judge(failed); len(d.failed) != 0 {
		t.Errorf("still counted: %v", d.failed)
	}
}

// A sidecar that waits for its turn and moved with its original is no photo that
// is gone.
func TestSidecarsThatWentAlongAreNotTold(t *testing.T) {
	var told strings.Builder
	d := testDaemon(t, &slow{})
	d.log = slog.New(slog.NewTextHandler(&told, nil))
	photo, sidecar, unknown := "/in/a.jpg", "/in/a.xmp", "/in/a.aae"
	d.queue.Add(sidecar, "/in", time.Now())
	d.judge(ending{task: schedule.Task{Path: photo}, result: plugin.Result{State: plugin.Done, Sidecars: []string{sidecar, unknown}}})
	d.judge(ending{task: schedule.Task{Path: sidecar}, err: &plugin.Error{Path: sidecar, Kind: plugin.Unreadable, Err: os.ErrNotExist}})
	if strings.Contains(told.String(), "gone") || len(d.along) != 0 {
		t.Errorf("told %s, and still waits for %v", told.String(), d.along)
	}
}

func TestAStateThatCouldNotBeWrittenIsWrittenLater(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	k := &keeper{dir: dir, log: slog.New(slog.DiscardHandler), now: func() state { return state{Done: 1} }}
	k.keep() // there is no such folder
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	k.keep()
	if s, err := readState(dir); err != nil || s.Done != 1 {
		t.Errorf("%+v, %v", s, err)
	}
}

// A daemon that dies at once leaves what it knew of its folders.
func TestTheFirstStateKeepsWhatWasKnownBefore(t *testing.T) {
	dir, in := t.TempDir(), t.TempDir()
	watched := watcher.DefaultConfig()
	watched.Folder = in
	w, err := watcher.New(watcher.Options{Folders: []watcher.Config{watched}, Before: []watcher.FolderState{{Folder: in, ID: "1:2", Files: 7}}})
	if err != nil {
		t.Fatal(err)
	}
	d := newDaemon(&config.Config{StateDir: dir}, &slow{}, slog.New(slog.DiscardHandler), false)
	stop, err := keepState(context.Background(), dir, d.log, func() state { return d.state(w) })
	if err != nil {
		t.Fatal(err)
	}
	stop()
	s, err := readState(dir)
	if err != nil || len(s.Folders) != 1 || s.Folders[0].ID != "1:2" || s.Folders[0].Files != 7 {
		t.Errorf("%+v, %v", s, err)
	}
}
