package cmd

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/plugin/schedule"
)

func gateConfig(t *testing.T) *config.Config {
	c := &config.Config{StateDir: t.TempDir()}
	w := config.Watch{Output: t.TempDir()}
	w.Folder = "/in"
	c.Watch = []config.Watch{w}
	return c
}

func TestGateAtQuietHours(t *testing.T) {
	c := gateConfig(t)
	c.QuietHours = []config.Hours{{From: 22 * time.Hour, To: 6 * time.Hour}}
	g := newGate(c, slog.New(slog.DiscardHandler), false)
	q := schedule.New(schedule.Options{})
	for clock, closed := range map[string]bool{"21:59": false, "22:00": true, "05:59": true, "06:00": false} {
		now, err := time.ParseInLocation("2006-01-02 15:04", "2026-03-04 "+clock, time.Local)
		if err != nil {
			t.Fatal(err)
		}
		g.look(now, q)
		if g.closed() != closed {
			t.Errorf("at %s closed: %t", clock, g.closed())
		}
	}
}

func TestAPauseOutlivesTheDaemon(t *testing.T) {
	c, q := gateConfig(t), schedule.New(schedule.Options{})
	if err := setPaused(c.StateDir, true); err != nil {
		t.Fatal(err)
	}
	g := newGate(c, slog.New(slog.DiscardHandler), false)
	g.look(time.Now(), q)
	once := newGate(c, slog.New(slog.DiscardHandler), true)
	once.look(time.Now(), q)
	if !g.closed() || once.closed() {
		t.Errorf("closed: %t, with --once: %t", g.closed(), once.closed())
	}
	if err := setPaused(c.StateDir, false); err != nil {
		t.Fatal(err)
	}
	if err := setPaused(c.StateDir, false); err != nil {
		t.Error(err)
	}
	if g = newGate(c, slog.New(slog.DiscardHandler), false); g.paused {
		t.Error("still paused")
	}
}

func TestNoPhotoBeginsWithoutSpace(t *testing.T) {
	c, q := gateConfig(t), schedule.New(schedule.Options{})
	c.Limits.MinFreeSpace = 1e18
	g := newGate(c, slog.New(slog.DiscardHandler), false)
	now := time.Now()
	q.Add("/in/a.jpg", "/in", now)
	g.look(now, q)
	if _, ok := q.Next(now); ok {
		t.Error("it began")
	}
	if held := q.Paused(); len(held) != 1 || !strings.Contains(held[0].Reason, "limits.min_free_space") {
		t.Errorf("held: %+v", held)
	}
	c.Limits.MinFreeSpace = 0
	g.look(now, q)
	if _, ok := q.Next(now); !ok {
		t.Error("it does not begin though there is space")
	}
}

func TestEqualLinesAreFolded(t *testing.T) {
	var out bytes.Buffer
	f := newFolding(slog.NewTextHandler(&out, nil))
	log := slog.New(f)
	for i := range 100 {
		photo := fmt.Sprintf("/in/%d.jpg", i)
		log.Error("failed", "photo", photo, "error", photo+": no space left")
		log.Info("done", "photo", photo)
	}
	log.With("a", 1).Error("failed", "photo", "/x", "error", "another")
	if n := strings.Count(out.String(), "msg=failed"); n != foldAfter+1 {
		t.Errorf("%d lines of failures, want %d", n, foldAfter+1)
	}
	if n := strings.Count(out.String(), "msg=done"); n != 100 {
		t.Errorf("%d lines of successes, want 100", n)
	}
	out.Reset()
	for key, k := range f.state.seen {
		f.unfold(key, k, slog.NewRecord(time.Now(), slog.LevelError, "failed", 0))
	}
	if !strings.Contains(out.String(), fmt.Sprintf("more_like_it=%d", 100-foldAfter)) {
		t.Errorf("the rest is not counted: %s", out.String())
	}
}
