package app

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/plugin/schedule"
	"github.com/burnish-photo/burnish/watcher"
)

func TestAPhotoThatIsGoneHasNotFailed(t *testing.T) {
	d := testApp(t, Options{Config: testConfig(t, testWorker{})})
	var err error
	if d.current.watch, err = watcher.New(watcher.Options{Folders: []watcher.Config{{Folder: t.TempDir()}}}); err != nil {
		t.Fatal(err)
	}
	photo := filepath.Join(t.TempDir(), "a.jpg")
	if err := os.WriteFile(photo, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	failed := ending{task: schedule.Task{Path: photo}, err: &plugin.Error{Path: photo, Kind: plugin.StepFailed, Err: errors.New("failed")}}
	if d.outcome(failed); len(d.failed) != 1 {
		t.Fatalf("failed: %v", d.failed)
	}
	if err := os.Remove(photo); err != nil {
		t.Fatal(err)
	}
	if d.outcome(failed); len(d.failed) != 0 {
		t.Errorf("still counted: %v", d.failed)
	}
}

// A sidecar that waits for its turn and moved with its original is no photo that
// is gone.
func TestSidecarsThatWentAlongAreNotTold(t *testing.T) {
	var told strings.Builder
	d := testApp(t, Options{Config: testConfig(t, testWorker{})})
	d.log = slog.New(slog.NewTextHandler(&told, nil))
	photo, sidecar, unknown := "/in/a.jpg", "/in/a.xmp", "/in/a.aae"
	d.current.queue.Add(sidecar, "/in", time.Now())
	d.outcome(ending{task: schedule.Task{Path: photo}, result: plugin.Result{State: plugin.Done, Sidecars: []string{sidecar, unknown}}})
	d.outcome(ending{task: schedule.Task{Path: sidecar}, err: &plugin.Error{Path: sidecar, Kind: plugin.Unreadable, Err: os.ErrNotExist}})
	if strings.Contains(told.String(), "gone") || len(d.along) != 0 {
		t.Errorf("told %s, and still waits for %v", told.String(), d.along)
	}
}

func TestAStateThatCouldNotBeWrittenIsWrittenLater(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	k := &keeper{dir: dir, log: slog.New(slog.DiscardHandler), notify: silent{}, now: func() Status { return Status{Done: 1} }, fault: func(error) {}}
	k.keep() // there is no such folder
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	k.keep()
	if s, err := ReadStatus(dir); err != nil || s.Done != 1 {
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
	c := testConfig(t, testWorker{})
	c.StateDir = dir
	d := testApp(t, Options{Config: c})
	d.current.watch = w
	d.publish()
	stop, err := keepStatus(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	stop()
	s, err := ReadStatus(dir)
	if err != nil || len(s.Folders) != 1 || s.Folders[0].ID != "1:2" || s.Folders[0].Files != 7 {
		t.Errorf("%+v, %v", s, err)
	}
}

// A journal is asked by keys, which are no names of files.
func TestKeysOfTheLogAreFixed(t *testing.T) {
	got := attributes("/in/a.jpg", plugin.Result{Notes: map[string]string{
		"not_kept:a.png": "maker's note in png", "not_kept:a.webp": "iptc in webp", "device": "cpu", "left_out": "sharpen",
	}}, false)
	want := []any{"photo", "/in/a.jpg", "outputs", 0, "took", plugin.Result{}.Elapsed, "device", "cpu", "left_out", "sharpen", "not_kept", "a.png: maker's note in png; a.webp: iptc in webp"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got\n%v, want\n%v", got, want)
	}
}
