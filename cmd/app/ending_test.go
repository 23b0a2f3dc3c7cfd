package app

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/watcher"
)

// failing is a worker that breaks with a photo under way.
type failing struct {
	gated
	failed chan error
}

func (f failing) Failed() <-chan error { return f.failed }

// A daemon whose worker is broken leaves no goroutine behind once the photos
// under way have come back.
func TestABrokenWorkerLeavesNothingBehind(t *testing.T) {
	photo, err := os.ReadFile("../../packaging/demo/photos/dune-q10.jpg")
	if err != nil {
		t.Fatal(err)
	}
	f := Folder{Watch: watcher.DefaultConfig(), Job: plugin.Job{Output: t.TempDir()}}
	f.Watch.Folder, f.Watch.Settle = t.TempDir(), 20*time.Millisecond
	if err := os.WriteFile(filepath.Join(f.Watch.Folder, "a.jpg"), photo, 0o644); err != nil {
		t.Fatal(err)
	}
	w := failing{gated{began: make(chan string), let: make(chan bool)}, make(chan error, 1)}
	a := testApp(t, Options{Config: Config{StateDir: t.TempDir(), Workers: always{w}, Folders: []Folder{f}}})
	ended := make(chan error, 1)
	go func() { ended <- a.Run(context.Background()) }()
	<-w.began
	w.failed <- errors.New("no process can be had")
	if err := <-ended; err == nil {
		t.Error("Run ends without an error")
	}
	w.let <- true
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		stacks := make([]byte, 1<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		if !strings.Contains(string(stacks), "app.(*App).dispatch") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the photo's goroutine is still there:\n%s", stacks)
		}
	}
}
