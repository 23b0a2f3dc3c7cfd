package worker

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/cmd/worker/place"
	"github.com/burnish-photo/burnish/cmd/worker/sandbox"
	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/plugin"
)

// A disk that is mounted anew is another one to Landlock, with the same device
// and inodes: sshfs, FUSE and NAS reconnects do that as well.
func TestADiskThatIsMountedAnewIsAnother(t *testing.T) {
	n := &confinement{config: &config.Config{StateDir: t.TempDir()}, loose: map[string]bool{}}
	folder := t.TempDir()
	n.places = map[string]place.ID{folder: place.At(folder)}
	job := plugin.Job{Root: folder, Output: n.config.StateDir}
	mount := place.Mount(folder)
	if mount == 0 {
		t.Skip("this system does not tell mounts")
	}
	for was, want := range map[uint64]string{0: "", mount: "", mount + 1: folder} {
		n.mounts = map[string]uint64{folder: was}
		if got := n.outdated(job); got != want {
			t.Errorf("mount %d, which was %d: %q, want %q", mount, was, got, want)
		}
	}
}

// A denial below a folder that the user may list and the process may not is its
// sandbox's age; the remedy does not loosen the sandbox.
func TestADenialByAStaleRule(t *testing.T) {
	if _, err := sandbox.Version(); err != nil {
		t.Skip(err)
	}
	open, stale := t.TempDir(), t.TempDir()
	photo := filepath.Join(stale, "photo.jpg")
	if err := os.WriteFile(photo, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	result := make(chan *plugin.Error)
	w := &server{folders: []string{filepath.Join(open, "none"), open, stale}}
	go func() { // the thread ends with it
		runtime.LockOSThread()
		rules := sandbox.Rules{Read: []string{"/usr", "/lib", "/proc", open}}
		if err := rules.Confine(); err != nil {
			result <- &plugin.Error{Err: err}
			return
		}
		_, err := os.ReadFile(photo)
		f := &plugin.Error{Path: photo, Kind: plugin.Unreadable, Err: err}
		w.advise(f)
		result <- f
	}()
	f := <-result
	if w.stale != stale || f.Kind != plugin.Unreadable || strings.Contains(f.Error(), "worker.") || !strings.Contains(f.Error(), "mounted anew") {
		t.Errorf("stale is %q: %s, %v", w.stale, f.Kind, f)
	}
}

// A photo that the sandbox keeps from being read though its folder is open has
// a path that leads elsewhere: that is no reason to open more.
func TestAPathThatLeavesTheFolders(t *testing.T) {
	folder := t.TempDir()
	photo := filepath.Join(folder, "photo.jpg")
	if err := os.WriteFile(photo, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	w := &server{folders: []string{folder}}
	f := &plugin.Error{Path: photo, Kind: plugin.Unreadable, Err: &os.PathError{Op: "open", Path: photo, Err: os.ErrPermission}}
	w.advise(f)
	if w.stale != "" || strings.Contains(f.Hint, "worker.") || !strings.Contains(f.Hint, "leaves the folders") {
		t.Errorf("%q: %v", w.stale, f)
	}
}
