package watcher

import (
	"context"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A file system that is taken away and mounted again, in a watched folder.
func TestUnmount(t *testing.T) {
	t.Parallel()
	dir := mkdir(t, t.TempDir(), "card")
	mount := func() error { return syscall.Mount("none", dir, "tmpfs", 0, "size=64k") }
	if err := mount(); err != nil {
		t.Skipf("nothing can be mounted here: %v", err)
	}
	defer func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) }()
	write(t, mkdir(t, dir, "sub"), "a.jpg")
	r := start(t, Options{Folders: []Config{{Folder: dir, PollInterval: 50 * time.Millisecond}}})
	r.expect("sub/a.jpg")
	r.mode(Watching)

	if err := syscall.Unmount(dir, 0); err != nil {
		t.Fatalf("watching it keeps it from being unmounted: %v", err)
	}
	if s := r.mode(Degraded); !strings.Contains(s.Reason, "is empty and had files") || s.Files != 1 {
		t.Errorf("state %+v", s)
	}
	if err := mount(); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "b.jpg")
	r.expect("b.jpg")
	r.mode(Watching)
}

// An overlay below a watched folder makes it a polled one.
func TestOverlayIsPolled(t *testing.T) {
	t.Parallel()
	above := t.TempDir()
	watched := mkdir(t, above, "watched")
	merged, lower, upper, work := mkdir(t, watched, "merged"), mkdir(t, above, "lower"), mkdir(t, above, "upper"), mkdir(t, above, "work")
	if err := syscall.Mount("overlay", merged, "overlay", 0, "lowerdir="+lower+",upperdir="+upper+",workdir="+work); err != nil {
		t.Skipf("no overlay can be mounted here: %v", err)
	}
	defer func() { _ = syscall.Unmount(merged, syscall.MNT_DETACH) }()
	w, err := New(Options{Folders: []Config{{Folder: watched, PollInterval: 50 * time.Millisecond, Settle: settle}}})
	if err != nil {
		t.Fatal(err)
	}
	r := &running{Watcher: w, t: t, out: make(chan File), ended: make(chan error, 1)}
	ctx, cancel := context.WithCancel(t.Context())
	r.cancel = cancel
	go func() { r.ended <- w.Run(ctx, r.out) }()
	defer r.stop()
	if s := r.mode(Polling); !strings.Contains(s.Reason, "overlay") {
		t.Errorf("state %+v", s)
	}
	write(t, lower, "a.jpg") // behind the overlay's back
	r.expect("merged/a.jpg")
}
