package watcher

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fsnotify/fsnotify"
)

// broken is an event source with faults.
type broken struct {
	mu     sync.Mutex
	refuse func(folder string) error // by Add
	events chan fsnotify.Event
	errs   chan error
}

func newBroken() *broken {
	return &broken{events: make(chan fsnotify.Event), errs: make(chan error)}
}

func (b *broken) Add(folder string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.refuse == nil {
		return nil
	}
	return b.refuse(folder)
}

func (b *broken) set(refuse func(string) error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refuse = refuse
}

func (b *broken) Remove(string) error { return nil }
func (b *broken) Close() error        { return nil }

func (b *broken) channels() (<-chan fsnotify.Event, <-chan error) { return b.events, b.errs }

// startWith is start with another event source.
func startWith(t *testing.T, o Options, open func() (notifier, error), set ...func(*Watcher)) *running {
	t.Helper()
	for i := range o.Folders {
		if o.Folders[i].Events == "" {
			o.Folders[i].Events = Trust // no canary is told of here
		}
	}
	w, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	w.filesystem = local
	for _, f := range set {
		f(w)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{Watcher: w, t: t, out: make(chan File), cancel: cancel, ended: make(chan error, 1)}
	go func() {
		l := newLoop(w, r.out)
		l.open = open
		r.ended <- l.run(ctx)
	}()
	return r
}

// Without a single event the folder is polled; the clock is the test's own, so
// that its periods are exact.
func TestPolling(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		r := startWith(t, Options{
			Folders: []Config{{Folder: dir, Settle: 2 * time.Second, Poll: 7 * time.Second}},
			Log:     slog.New(slog.NewTextHandler(&log, nil)),
		}, func() (notifier, error) { return nil, syscall.EMFILE })
		defer r.stop()
		began := time.Now()
		time.Sleep(time.Second)
		s := r.Folders()[0]
		if s.Mode != Polling || !strings.Contains(s.Reason, "sysctl -w fs.inotify.max_user_instances=") || !strings.Contains(s.Reason, "7s") {
			t.Errorf("state %+v", s)
		}
		write(t, mkdir(t, dir, "sub"), "a.jpg")
		if got := r.next(); got != "sub/a.jpg" {
			t.Errorf("sent %s", got)
		}
		if took := time.Since(began); took < 9*time.Second || took > 10*time.Second {
			t.Errorf("seen at the second look and settled after %s, not 9s", took)
		}
		time.Sleep(time.Minute)
		r.quiet()
		if n := strings.Count(log.String(), "folder is polling"); n != 1 {
			t.Errorf("%d lines on one state:\n%s", n, &log)
		}
	})
}

func TestWatchLimit(t *testing.T) {
	dir := t.TempDir()
	mkdir(t, dir, "a")
	synctest.Test(t, func(t *testing.T) {
		b := newBroken()
		b.set(func(folder string) error {
			if folder == dir {
				return nil
			}
			return syscall.ENOSPC
		})
		r := startWith(t, Options{Folders: []Config{{Folder: dir}}}, func() (notifier, error) { return b, nil })
		defer r.stop()
		time.Sleep(time.Second)
		if s := r.Folders()[0]; s.Mode != Polling || !strings.Contains(s.Reason, "sysctl -w fs.inotify.max_user_watches=") {
			t.Errorf("state %+v", s)
		}
		write(t, dir, "a/polled.jpg")
		if got := r.next(); got != "a/polled.jpg" {
			t.Errorf("sent %s", got)
		}
		b.set(nil) // the limit was raised
		time.Sleep(6 * time.Second)
		if s := r.Folders()[0]; s.Mode != Watching || s.Reason != "" {
			t.Errorf("state with the limit raised %+v", s)
		}
	})
}

func TestLostEvents(t *testing.T) {
	for name, lose := range map[string]func(*broken){
		"overflow": func(b *broken) { b.errs <- fsnotify.ErrEventOverflow },
		"error":    func(b *broken) { b.errs <- errors.New("read failed") },
		"ended":    func(b *broken) { close(b.events); close(b.errs) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				sources := []*broken{newBroken(), newBroken()}
				first := sources[0]
				open := func() (notifier, error) {
					b := sources[0]
					sources = sources[1:]
					return b, nil
				}
				r := startWith(t, Options{Folders: []Config{{Folder: dir}}, Rescan: time.Hour}, open)
				defer r.stop()
				time.Sleep(time.Second)
				write(t, dir, "unheard.jpg")
				time.Sleep(time.Minute)
				began := time.Now()
				lose(first)
				if got := r.next(); got != "unheard.jpg" {
					t.Errorf("sent %s", got)
				}
				if took := time.Since(began); took > 3*time.Second {
					t.Errorf("found after %s", took)
				}
				time.Sleep(time.Second)
				if s := r.Folders()[0]; s.Mode != Watching {
					t.Errorf("state %+v", s)
				}
			})
		})
	}
}

// Every event of a burst counts, also where no rescan would make up for it.
func TestEveryEventIsTaken(t *testing.T) {
	const files = 1000
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		b := newBroken()
		b.events = make(chan fsnotify.Event, files)
		r := startWith(t, Options{Folders: []Config{{Folder: dir}}, Rescan: time.Hour}, func() (notifier, error) { return b, nil })
		defer r.stop()
		time.Sleep(time.Second)
		for i := range files {
			b.events <- fsnotify.Event{Name: write(t, dir, fmt.Sprintf("%d.jpg", i)), Op: fsnotify.Create}
		}
		seen := map[string]bool{}
		for range files {
			seen[r.next()] = true
		}
		if len(seen) != files {
			t.Errorf("%d of %d files", len(seen), files)
		}
	})
}

func TestRescanFindsWhatEventsMissed(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		b := newBroken()
		r := startWith(t, Options{Folders: []Config{{Folder: dir}}, Rescan: 30 * time.Second}, func() (notifier, error) { return b, nil })
		defer r.stop()
		time.Sleep(time.Second)
		write(t, dir, "a.jpg")
		began := time.Now()
		if got := r.next(); got != "a.jpg" || time.Since(began) > 32*time.Second {
			t.Errorf("sent %s after %s", got, time.Since(began))
		}
		time.Sleep(10 * time.Minute) // sent once
		r.quiet()
	})
}

// An unmounted file system leaves an empty folder with another inode behind.
// Its files are not taken for removed, so its return sends nothing again.
func TestRootGoesAndComesBack(t *testing.T) {
	t.Parallel()
	above := t.TempDir()
	dir, away := mkdir(t, above, "ingest"), filepath.Join(above, "away")
	write(t, mkdir(t, dir, "sub"), "a.jpg")
	r := start(t, Options{Folders: []Config{{Folder: dir, Poll: 50 * time.Millisecond}}})
	r.expect("sub/a.jpg")
	r.mode(Watching)

	rename(t, dir, away)
	if s := r.mode(Degraded); !strings.Contains(s.Reason, "gone") {
		t.Errorf("reason %q", s.Reason)
	}
	mkdir(t, dir)
	for end := time.Now().Add(deadline); !strings.Contains(r.Folders()[0].Reason, "is empty"); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("state with an empty folder in its place: %+v", r.Folders()[0])
		}
	}
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	rename(t, away, dir)
	r.mode(Watching)
	r.quiet()
	write(t, dir, "sub/b.jpg")
	r.expect("sub/b.jpg")
}

func TestEmptyFolderInItsPlaceIsWatched(t *testing.T) {
	t.Parallel()
	above := t.TempDir()
	dir := mkdir(t, above, "ingest")
	write(t, dir, "a.jpg")
	r := start(t, Options{Folders: []Config{{Folder: dir, Poll: 50 * time.Millisecond}}})
	r.expect("a.jpg")
	rename(t, dir, filepath.Join(above, "away"))
	mkdir(t, dir)
	r.mode(Degraded)
	write(t, dir, "b.jpg")
	r.mode(Watching)
	r.expect("b.jpg")
}

func TestOnceTellsOfAMissingFolder(t *testing.T) {
	t.Parallel()
	above := t.TempDir()
	gone, here := mkdir(t, above, "gone"), mkdir(t, above, "here")
	write(t, here, "a.jpg")
	w, err := New(Options{Folders: []Config{{Folder: gone}, {Folder: here, Settle: settle}}, Once: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(gone); err != nil {
		t.Fatal(err)
	}
	out := make(chan File, 2)
	err = w.Run(t.Context(), out)
	if err == nil || !strings.Contains(err.Error(), gone) || strings.Contains(err.Error(), here) {
		t.Errorf("Run = %v", err)
	}
	if len(out) != 1 {
		t.Errorf("%d files sent from the other folder", len(out))
	}
}

func TestOnceWaitsForAWriterAndDropsTheVanished(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	vanishes := write(t, dir, "vanishes.jpg")
	write(t, dir, "grows.jpg")
	var once sync.Once
	var rounds int
	got, err := runOnce(t, Options{
		Folders: []Config{{Folder: dir}},
		Complete: func(path string) (bool, error) {
			once.Do(func() { os.Remove(vanishes) })
			if filepath.Base(path) == "grows.jpg" && rounds < 3 {
				rounds++
				return false, os.WriteFile(path, []byte(strings.Repeat("x", 1000*rounds)), 0o644)
			}
			return true, nil
		},
	})
	// vanishes.jpg may have been judged before it was removed, but not sent.
	if !slices.Equal(got, []string{"grows.jpg"}) || err != nil || rounds != 3 {
		t.Errorf("sent %q in %d rounds, %v", got, rounds, err)
	}
}

func TestRightsRepaired(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := watch(t, dir)
	a := write(t, dir, "a.jpg")
	r.expect("a.jpg")
	if err := os.Chmod(a, 0o600); err != nil {
		t.Fatal(err)
	}
	r.expect("a.jpg")
}

func TestUnreadableFolder(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root reads everything")
	}
	dir := t.TempDir()
	locked := mkdir(t, dir, "locked")
	write(t, locked, "a.jpg")
	write(t, dir, "b.jpg")
	if err := os.Chmod(locked, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(locked, 0o755) })
	r := start(t, Options{Folders: []Config{{Folder: dir}}})
	r.expect("b.jpg")
	if s := r.mode(Degraded); !strings.Contains(s.Reason, locked) {
		t.Errorf("reason %q", s.Reason)
	}
	if err := os.Chmod(locked, 0o755); err != nil {
		t.Fatal(err)
	}
	r.expect("locked/a.jpg")
	r.mode(Watching)
}

// Folders that are made, moved and removed while files drop into them must
// leave nothing behind and nothing out.
func TestChurn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := watch(t, dir)
	want := map[string]bool{}
	for i := range 60 {
		a, b := filepath.Join(dir, fmt.Sprintf("a%d", i%5)), filepath.Join(dir, fmt.Sprintf("b%d", i%5))
		name := fmt.Sprintf("%d.jpg", i)
		write(t, mkdir(t, a, "x"), name)
		switch i % 3 {
		case 0:
			os.RemoveAll(b)
			rename(t, a, b)
			rename(t, b, a)
		case 1:
			os.RemoveAll(a)
		default:
			os.RemoveAll(b)
			rename(t, a, b)
		}
	}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(dir, path)
			want[rel] = true
		}
		return err
	})
	if err != nil || len(want) == 0 {
		t.Fatal(err, want)
	}
	for len(want) > 0 {
		delete(want, r.next())
	}
	for i := range 5 {
		write(t, mkdir(t, dir, fmt.Sprintf("a%d", i), "x"), "last.jpg")
	}
	for last := 0; last < 5; {
		if strings.HasSuffix(r.next(), "last.jpg") {
			last++
		}
	}
	r.quiet()
}

// What the host could not find comes once more with its folder, unchanged as it
// is; where it is still there, at once; where it was removed, never.
func TestWhatWasMissedComesAgain(t *testing.T) {
	t.Parallel()
	above := t.TempDir()
	dir, away := mkdir(t, above, "ingest"), filepath.Join(above, "away")
	a := write(t, mkdir(t, dir, "sub"), "a.jpg")
	b := write(t, dir, "b.jpg")
	r := start(t, Options{Folders: []Config{{Folder: dir, Poll: 50 * time.Millisecond}}})
	r.expect("sub/a.jpg", "b.jpg")
	r.mode(Watching)

	rename(t, dir, away)
	r.Again(a)
	r.mode(Degraded)
	r.quiet()
	rename(t, away, dir)
	r.expect("sub/a.jpg")
	r.mode(Watching)

	r.Again(b)
	r.expect("b.jpg")
	if err := os.Remove(b); err != nil {
		t.Fatal(err)
	}
	r.Again(b)
	r.Again(filepath.Join(dir, "none/c.jpg"))
	r.quiet()
}
