package watcher

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"
)

// stopped is a loop whose clock the test sets, and that has looked through its
// folder once.
type stopped struct {
	*loop
	t    *testing.T
	at   time.Time
	root *root
}

// silent is a source of events that the test sends by itself.
type silent struct {
	events   chan fsnotify.Event
	failures chan error
}

func (silent) Add(string) error                                  { return nil }
func (silent) Remove(string) error                               { return nil }
func (silent) Close() error                                      { return nil }
func (s silent) channels() (<-chan fsnotify.Event, <-chan error) { return s.events, s.failures }

func newStopped(t *testing.T, folder string, names ...string) *stopped {
	t.Helper()
	for _, name := range names {
		write(t, folder, name)
	}
	w, err := New(Options{Folders: []Config{{Folder: folder, Events: Trust, PollInterval: 7 * time.Second}}, Rescan: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	w.filesystem, w.usage = local, func() (int, int) { return 0, 0 }
	s := &stopped{t: t, at: time.Now()}
	w.now = func() time.Time { return s.at }
	s.loop = newLoop(w, make(chan File))
	s.source.open = func() (notifier, error) { return silent{}, nil }
	s.openNotifier()
	s.root = s.roots[0]
	s.nextProbe = s.at.Add(time.Hour)
	s.scan(s.root, s.at)
	s.work()
	return s
}

// work does all that is to be done at this time.
func (s *stopped) work() {
	for s.step(s.at) {
	}
	s.report()
}

// sends is the file that would be sent next, "" for none.
func (s *stopped) sends() string {
	s.work()
	e := s.head(s.at)
	if e == nil {
		return ""
	}
	e.phase = sent
	return e.name
}

func TestFilesSettleByTheClock(t *testing.T) {
	dir := t.TempDir()
	s := newStopped(t, dir, "a.jpg")
	if got := s.sends(); got != "" {
		t.Fatalf("%s is sent at once", got)
	}
	s.at = s.at.Add(DefaultSettle)
	if got := s.sends(); got != "a.jpg" {
		t.Fatalf("%q is sent after the settle period", got)
	}
	write(t, dir, "b.jpg")
	s.event(fsnotify.Event{Name: filepath.Join(dir, "b.jpg"), Op: fsnotify.Create}, s.at)
	s.at = s.at.Add(DefaultSettle - time.Millisecond)
	s.event(fsnotify.Event{Name: filepath.Join(dir, "b.jpg"), Op: fsnotify.Write}, s.at)
	s.at = s.at.Add(time.Millisecond)
	if got := s.sends(); got != "" {
		t.Fatalf("%s is sent although it was just written to", got)
	}
	s.at = s.at.Add(DefaultSettle)
	if got := s.sends(); got != "b.jpg" {
		t.Fatalf("%q is sent", got)
	}
}

func TestScansComeByTheClock(t *testing.T) {
	dir := t.TempDir()
	s := newStopped(t, dir, "a.jpg")
	next := func(what string, want time.Duration) {
		t.Helper()
		if got := s.root.nextScan.Sub(s.at); got != want {
			t.Errorf("%s: the next scan comes after %s, want %s", what, got, want)
		}
	}
	next("with events", time.Minute)
	s.lost(fsnotify.ErrEventOverflow)
	next("after an overflow", afterLoss)
	s.at = s.at.Add(afterLoss)
	s.work()
	next("after the rescan", time.Minute)
	if err := os.Rename(dir, dir+".away"); err != nil {
		t.Fatal(err)
	}
	s.event(fsnotify.Event{Name: dir, Op: fsnotify.Rename}, s.at)
	s.report()
	next("of a folder that is gone", 7*time.Second)
	if state := s.Folders()[0]; state.Mode != Degraded || state.Files != 1 {
		t.Errorf("a folder that is gone is %+v", state)
	}
	if err := os.Rename(dir+".away", dir); err != nil {
		t.Fatal(err)
	}
	s.at = s.at.Add(7 * time.Second)
	s.work()
	next("of a folder that is back", time.Minute)
	if state := s.Folders()[0]; state.Mode != Watching {
		t.Errorf("a folder that is back is %+v", state)
	}
	s.takeEvents(fsnotify.Event{}, false)
	next("after the end of events", afterLoss)
	s.source.open = func() (notifier, error) { return nil, errors.New("none") }
	s.at = s.at.Add(afterLoss)
	s.work()
	if state := s.Folders()[0]; state.Mode != Polling {
		t.Errorf("without events the folder is %+v", state)
	}
	next("without events", 7*time.Second)
	if s.run(canceled()) != nil {
		t.Error("a loop that is told to end fails")
	}
}

func canceled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}
