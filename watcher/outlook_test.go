package watcher_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/watcher"
)

func TestForesee(t *testing.T) {
	folder := t.TempDir()
	for _, sub := range []string{"a/b", ".hidden/c", "skipped/d"} {
		if err := os.MkdirAll(filepath.Join(folder, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	o, err := watcher.Foresee(t.Context(), watcher.Config{Folder: folder, Exclude: []string{"skipped"}, Events: watcher.Never})
	if err != nil || o.Folders != 3 || o.Partial || !strings.Contains(o.Polled, "as configured") {
		t.Errorf("%+v, %v", o, err)
	}
	o, err = watcher.Foresee(t.Context(), watcher.Config{Folder: folder, Depth: 1, Events: watcher.Trust})
	if err != nil || o.Folders != 1 || o.Polled != "" {
		t.Errorf("the folder alone: %+v, %v", o, err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if o, err := watcher.Foresee(ended, watcher.Config{Folder: folder}); err != nil || !o.Partial {
		t.Errorf("without time: %+v, %v", o, err)
	}
	if _, err := watcher.Foresee(t.Context(), watcher.Config{Folder: filepath.Join(folder, "none")}); !errors.As(err, new(*watcher.FolderError)) {
		t.Errorf("no folder: %v", err)
	}
}

func TestWatchLimit(t *testing.T) {
	full := watcher.WatchLimit{Watches: 1000, Held: 880}
	if got := full.Short(20); got != "" {
		t.Errorf("20 of 20: %s", got)
	}
	if got := full.Short(21); !strings.Contains(got, "sysctl -w fs.inotify.max_user_watches=") {
		t.Errorf("21 of 20: %q", got)
	}
	if got := (watcher.WatchLimit{}).Short(1 << 30); got != "" {
		t.Errorf("no limit is known: %s", got)
	}
}
