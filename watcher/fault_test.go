package watcher

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
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
		l.source.open = open
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
			Folders: []Config{{Folder: dir, Settle: 2 * time.Second, PollInterval: 7 * time.Second}},
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
