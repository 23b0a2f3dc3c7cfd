// Package intake is how photos of requests reach the worker: it keeps a body in a
// scratch folder of the state folder, waits for a place in a bounded queue, has
// the photo processed without a record, and gives the outputs back.
//
//	photo, err := in.Take(ctx, intake.Body(w, r), name)
//	defer photo.Close()
//	result, err := photo.Process(ctx, plugin.Job{Pipeline: "web"})
//
// Every error is a [*Problem], which a face answers in the form of its protocol.
// The package knows no protocol and no pipeline.
package intake

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/plugin"
)

// Config bounds what is taken in.
type Config struct {
	Queue   int           // photos that are processed or wait for their turn
	Space   diag.Size     // of the scratch folder, outputs included
	Timeout time.Duration // of a photo, once it has arrived; 0: none
	Bytes   diag.Size     // of a body; 0: any
	MinFree diag.Size     // space that has to be left free on the disk of the state folder
}

// Options are what an intake is made with.
type Options struct {
	StateDir string

	// Submit processes a photo, which waits for its turn, and gives up when the
	// context ends. Where nothing begins now, its error has a method Held.
	Submit func(context.Context, plugin.Job) (plugin.Result, error)
}

// Intake takes photos in. Its methods may be called concurrently.
type Intake struct {
	folder  string
	submit  func(context.Context, plugin.Job) (plugin.Result, error)
	refused refused

	mu     sync.Mutex
	config Config
	held   int           // photos
	used   int64         // bytes of the scratch folder
	took   time.Duration // that a photo takes of late
}

// Open makes the scratch folder anew: what a process that died has left in it is
// removed. The caller has the state folder to itself.
func Open(o Options) (*Intake, error) {
	folder := filepath.Join(o.StateDir, "requests")
	if err := os.RemoveAll(folder); err != nil {
		return nil, fmt.Errorf("remove photos of earlier requests: %w", err)
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder for photos of requests: %w", err)
	}
	return &Intake{folder: folder, submit: o.Submit, took: time.Second}, nil
}

// Configure sets the bounds of what comes from now on.
func (i *Intake) Configure(c Config) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.config = c
}

func (i *Intake) bounds() Config {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.config
}

// enter takes a place, unless all are taken.
func (i *Intake) enter() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.held >= i.config.Queue {
		wait := i.took * time.Duration(i.config.Queue) / 4
		return &Problem{
			Status: statusBusy, Key: "faces.queue", RetryAfter: min(max(wait.Round(time.Second), time.Second), time.Minute),
			Detail: fmt.Sprintf("%d requests are under way or wait, which is all that faces.queue allows: try again later", i.held),
		}
	}
	i.held++
	return nil
}

func (i *Intake) leave() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.held--
}

// done takes note of how long a photo took.
func (i *Intake) done(took time.Duration) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.took += (took - i.took) / 8
}

// reserve counts bytes that are to be written to the scratch folder, unless there
// is no space for them; a negative number gives some back.
func (i *Intake) reserve(n int64) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if space := int64(i.config.Space); n > 0 && space > 0 && i.used+n > space {
		return full("the photos of requests and their outputs hold all of the %s that faces.space allows: try again later", i.config.Space)
	}
	var s syscall.Statfs_t
	if least := uint64(i.config.MinFree); n > 0 && least > 0 && syscall.Statfs(i.folder, &s) == nil && s.Bavail*uint64(s.Bsize) < least+uint64(n) {
		return full("less than the %s of limits.min_free_space are free on the disk of the state folder: free some", i.config.MinFree)
	}
	i.used += n
	return nil
}

func full(format string, args ...any) *Problem {
	return &Problem{Status: statusFull, Detail: fmt.Sprintf(format, args...), RetryAfter: 30 * time.Second}
}
