package watcher

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

func TestCanaryIsHeardAndGone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	left := write(t, dir, ".burnish-canary-1-0badcafe.tmp") // holds a byte: no canary
	old := filepath.Join(dir, ".burnish-canary-1-00000000.tmp")
	if err := os.WriteFile(old, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	long := time.Now().Add(-time.Hour)
	if err := os.Chtimes(old, long, long); err != nil {
		t.Fatal(err)
	}
	r := start(t, Options{Folders: []Config{{Folder: dir, Events: Auto}}})
	if s := r.mode(Watching); s.Filesystem != "local" || s.ID == "" {
		t.Errorf("state %+v", s)
	}
	r.quiet()
	found, err := os.ReadDir(dir)
	if err != nil || len(found) != 1 || found[0].Name() != filepath.Base(left) {
		t.Errorf("the folder holds %v, %v", found, err)
	}
}

// Where the canary is not told of, the folder is polled, until it is.
func TestCanaryUnheard(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		b := newBroken()
		r := startWith(t, Options{Folders: []Config{{Folder: dir, Events: Auto}}, Rescan: time.Hour}, func() (notifier, error) { return b, nil })
		defer r.stop()
		time.Sleep(time.Second)
		if s := r.Folders()[0]; s.Mode != Starting {
			t.Errorf("state before the canary was waited for %+v", s)
		}
		time.Sleep(canaryWait)
		if s := r.Folders()[0]; s.Mode != Polling || !strings.Contains(s.Reason, "no file system events arrive") {
			t.Errorf("state %+v", s)
		}
		write(t, dir, "a.jpg")
		if got := r.next(); got != "a.jpg" {
			t.Errorf("sent %s", got)
		}
		if found, err := os.ReadDir(dir); len(found) != 1 {
			t.Errorf("the folder holds %v, %v", found, err)
		}
	})
}

func TestFilesystemsThatDoNotTell(t *testing.T) {
	dir := t.TempDir()
	far := mkdir(t, dir, "far")
	for events, want := range map[Events]Mode{Auto: Polling, Trust: Watching} {
		synctest.Test(t, func(t *testing.T) {
			r := startWith(t, Options{Folders: []Config{{Folder: dir, Events: events}}, Rescan: time.Hour}, func() (notifier, error) { return newBroken(), nil }, func(w *Watcher) {
				w.filesystem = func(string) filesystem { return filesystem{name: "NFS", remote: true} }
			})
			defer r.stop()
			time.Sleep(2 * canaryWait)
			s := r.Folders()[0]
			if s.Mode != want || (want == Polling) != strings.Contains(s.Reason, dir+" is on NFS") || s.Filesystem != "NFS" {
				t.Errorf("%s: state %+v", events, s)
			}
			if want == Polling {
				write(t, far, "a.jpg")
				if got := r.next(); got != "far/a.jpg" {
					t.Errorf("sent %s", got)
				}
			}
		})
	}
}

func TestNeverEvents(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := start(t, Options{Folders: []Config{{Folder: dir, Events: Never, PollInterval: 50 * time.Millisecond}}})
	r.mode(Polling)
	write(t, dir, "a.jpg")
	r.expect("a.jpg")
}

// The share of the watches that is there is counted, not run into.
func TestQuota(t *testing.T) {
	dir := t.TempDir()
	for i := range 8 {
		mkdir(t, dir, fmt.Sprint(i))
	}
	synctest.Test(t, func(t *testing.T) {
		b := newBroken()
		asked := 0
		b.set(func(string) error { asked++; return nil })
		var limit atomic.Int32
		limit.Store(100)
		r := startWith(t, Options{Folders: []Config{{Folder: dir}}}, func() (notifier, error) { return b, nil }, func(w *Watcher) {
			w.usage = func() (int, int) { return int(limit.Load()), 86 }
		})
		defer r.stop()
		time.Sleep(time.Second)
		s := r.Folders()[0]
		if s.Mode != Polling || !strings.Contains(s.Reason, "other programs hold 86, Burnish 4") || !strings.Contains(s.Reason, "sysctl -w fs.inotify.max_user_watches=") {
			t.Errorf("state %+v", s)
		}
		if asked != 4 {
			t.Errorf("%d folders watched, not 4", asked)
		}
		write(t, dir, "7/a.jpg")
		if got := r.next(); got != "7/a.jpg" {
			t.Errorf("sent %s", got)
		}
		limit.Store(1000) // as the message asks for
		time.Sleep(2 * recount)
		if s := r.Folders()[0]; s.Mode != Watching {
			t.Errorf("state with the limit raised %+v", s)
		}
	})
}

func TestUsageIsCounted(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("counts by /proc")
	}
	n, err := openKernel()
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	before := watchesOf("/proc/self")
	for range 3 {
		if err := n.Add(t.TempDir()); err != nil {
			t.Fatal(err)
		}
	}
	if got := watchesOf("/proc/self"); got < before+3 {
		t.Errorf("%d watches with three added to %d", got, before)
	}
	if limit, others := usage(); limit <= 0 || others < 0 {
		t.Errorf("limit %d, others %d", limit, others)
	}
}

// An empty folder at the start that had files before, and is another one: its
// file system is not mounted yet.
func TestEmptyAtTheStart(t *testing.T) {
	dir := t.TempDir()
	for name, test := range map[string]struct {
		before FolderState
		want   Mode
	}{
		"had files, another folder": {FolderState{Folder: dir, Files: 12, ID: "1:2"}, Degraded},
		"had none":                  {FolderState{Folder: dir, ID: "1:2"}, Watching},
		"had files, the same":       {FolderState{Folder: dir, Files: 12, ID: identityOf(t, dir)}, Watching},
		"not known":                 {FolderState{Folder: dir + "x", Files: 12, ID: "1:2"}, Watching},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := startWith(t, Options{Folders: []Config{{Folder: dir}}, Before: []FolderState{test.before}}, func() (notifier, error) { return newBroken(), nil })
				defer r.stop()
				time.Sleep(time.Minute)
				s := r.Folders()[0]
				if s.Mode != test.want {
					t.Fatalf("state %+v", s)
				}
				if s.Mode == Watching {
					return
				}
				if s.Files != 12 || s.ID != "1:2" || !strings.Contains(s.Reason, "is empty and had files") {
					t.Errorf("state %+v: what is remembered must last", s)
				}
				file := write(t, dir, "a.jpg")
				defer os.Remove(file)
				if got := r.next(); got != "a.jpg" {
					t.Errorf("sent %s", got)
				}
				if s := r.Folders()[0]; s.Mode != Watching {
					t.Errorf("state with a file %+v", s)
				}
			})
		})
	}
}

// What was known before is kept until the folder has been listed.
func TestBeforeTheFirstListing(t *testing.T) {
	dir := t.TempDir()
	w, err := New(Options{Folders: []Config{{Folder: dir}}, Before: []FolderState{{Folder: dir, Files: 12, ID: "1:2"}}})
	if err != nil {
		t.Fatal(err)
	}
	l := newLoop(w, nil)
	for _, s := range []FolderState{w.Folders()[0], l.state(l.roots[0])} {
		if s.Files != 12 || s.ID != "1:2" {
			t.Errorf("state %+v", s)
		}
	}
}

// A remote folder whose files are all gone at once is stopped, and goes on with
// what it knew when they are back.
func TestRemoteFolderTurnsEmpty(t *testing.T) {
	above := t.TempDir()
	dir := mkdir(t, above, "ingest")
	write(t, mkdir(t, dir, "sub"), "a.jpg")
	synctest.Test(t, func(t *testing.T) {
		r := startWith(t, Options{Folders: []Config{{Folder: dir, Events: Auto}}}, func() (notifier, error) { return nil, syscall.EMFILE }, func(w *Watcher) {
			w.filesystem = func(string) filesystem { return filesystem{name: "FUSE", remote: true} }
		})
		defer r.stop()
		if got := r.next(); got != "sub/a.jpg" {
			t.Errorf("sent %s", got)
		}
		rename(t, filepath.Join(dir, "sub"), filepath.Join(above, "sub"))
		time.Sleep(time.Minute)
		if s := r.Folders()[0]; s.Mode != Degraded || s.Files != 1 {
			t.Errorf("state %+v", s)
		}
		rename(t, filepath.Join(above, "sub"), filepath.Join(dir, "sub"))
		time.Sleep(time.Minute)
		if s := r.Folders()[0]; s.Mode != Polling {
			t.Errorf("state %+v", s)
		}
		r.quiet()
	})
}

func TestNames(t *testing.T) {
	if told := raise("max_queued_events", 16384); !strings.Contains(told, "fs.inotify.max_queued_events=") {
		t.Error(told)
	}
	if !isCanary(canaryPrefix+"1"+canarySuffix) || isCanary("a.jpg") {
		t.Error("canaries are not told from photos")
	}
}

func identityOf(t *testing.T, path string) string {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return stampOf(info).identity.String()
}
