package app

import (
	"errors"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/plugin/schedule"
	"github.com/burnish-photo/burnish/watcher"
)

// watched is a daemon that could run, with its status published.
func watched(t *testing.T) *App {
	t.Helper()
	a := testApp(t, Options{Config: testConfig(t, testWorker{})})
	var err error
	if a.current.watch, err = watcher.New(watcher.Options{Folders: []watcher.Config{{Folder: t.TempDir()}}}); err != nil {
		t.Fatal(err)
	}
	a.publish()
	return a
}

func TestHealthGivesReasons(t *testing.T) {
	for reason, ail := range map[string]func(*App){
		"cannot be written":      func(a *App) { a.stateFault.set(errors.New("read-only file system")) },
		"a reload waits":         func(a *App) { a.next = &swap{} },
		"on hold: 1 GB are free": func(a *App) { a.current.queue.Pause("/in", "1 GB are free") },
		"CUDA is missing":        func(a *App) { a.metrics.fallback = "CUDA is missing" },
		"is on hold: unwritable": func(a *App) { failShared(a, "/in") },
	} {
		a := watched(t)
		if h := (prober{a}).Health(); !h.Ready || len(h.Reasons) > 0 {
			t.Fatalf("at first: %+v", h)
		}
		ail(a)
		a.publish()
		if h := (prober{a}).Health(); h.Ready || len(h.Reasons) != 1 || !strings.Contains(h.Reasons[0], reason) {
			t.Errorf("want %q: %+v", reason, h)
		}
	}
	a := watched(t)
	a.closed = "paused"
	a.publish()
	if h := (prober{a}).Health(); !h.Ready {
		t.Errorf("a pause is no fault: %+v", h)
	}
}

// failShared lets photos fail until the folder's circuit breaker opens.
func failShared(a *App, folder string) {
	now := time.Now()
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		a.current.queue.Add(folder+"/"+name, folder, now)
		task, _ := a.current.queue.Next(now)
		a.current.queue.Finish(task.Path, schedule.Outcome{Class: string(plugin.Unwritable), Shared: true}, now)
	}
}

func TestAStuckLoopIsNotAlive(t *testing.T) {
	var h heart
	start, told := time.Unix(1000, 0), 0
	if h.alive(start) != nil {
		t.Error("a loop that has yet to begin is stuck")
	}
	for second := range 30 {
		h.beat(start.Add(time.Duration(second)*time.Second), loopSilence, func() { told++ })
	}
	if told != 3 {
		t.Errorf("told %d times in 30 s", told)
	}
	last := start.Add(29 * time.Second)
	if h.alive(last.Add(loopSilence)) != nil || h.alive(last.Add(loopSilence+time.Second)) == nil {
		t.Error("the wrong bound")
	}
	now := time.Now()
	h.beat(now, loopSilence, func() {})
	later := now.Add(time.Second)
	*(*uint64)(unsafe.Pointer(&later)) += 24 * 3600 << 30 // the clock was set by a day, or the machine has slept
	if later.Unix() != now.Unix()+24*3600+1 && later.Unix() != now.Unix()+24*3600+2 {
		t.Fatalf("%s became %s", now, later)
	}
	if err := h.alive(later); err != nil {
		t.Error(err)
	}
}
