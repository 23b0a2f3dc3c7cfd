package notify

import (
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/cmd/logging"
	"github.com/burnish-photo/burnish/ops/event"
)

// Hearing of an event waits for no disk: a message that cannot be written yet
// keeps nobody.
func TestHearingDoesNotWaitForTheDisk(t *testing.T) {
	n := New(Options{StateDir: t.TempDir()})
	n.mu.Lock()
	n.config.targets = []target{{}}
	n.mu.Unlock()
	pending := n.pending()
	if err := os.MkdirAll(pending.folder, 0o700); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(pending.folder, string(event.FolderDegraded)+".json.tmp")
	if err := syscall.Mkfifo(name, 0o600); err != nil { // opening it waits for a reader
		t.Fatal(err)
	}
	e := logging.Event{Record: slog.NewRecord(time.Now(), slog.LevelError, "folder is degraded", 0), Kind: event.FolderDegraded}
	n.Hear(e)
	stuck := make(chan bool)
	go func() { n.savePending(e.Kind); close(stuck) }()
	time.Sleep(100 * time.Millisecond)
	heard := make(chan bool)
	go func() { n.Hear(e); close(heard) }()
	select {
	case <-heard:
	case <-time.After(10 * time.Second):
		t.Error("it waits")
	}
	r, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	<-stuck
	_ = r.Close()
}
