package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/burnish-photo/burnish/cmd/serve"
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/watcher"
)

// Config is what a daemon does. It is checked by New and Reload.
type Config struct {
	StateDir string // absolute; a reload cannot change it
	Folders  []Folder
	Workers  Workers
	Serve    serve.Config

	// Adopted is called when the daemon goes on with this Config, by the loop's
	// goroutine; nil: nothing is.
	Adopted func()

	QuietHours     []Hours   // no photo begins in them
	MinFreeSpace   diag.Size // with less below its output folder, or StateDir, no photo of a folder begins
	QueuePerFolder int       // photos of a folder that wait; 0: 10,000
}

// Folder is a watched folder.
type Folder struct {
	Watch    watcher.Config
	Priority int // photos of a folder with a higher one come first

	// Job is what is done with each photo. Its Path, Root, Probe and
	// Exclusive are filled in.
	Job plugin.Job
}

// Hours are a part of every day.
type Hours interface {
	Contains(time.Time) bool
	String() string
}

// Workers opens workers with one configuration.
type Workers interface {
	// Open opens a worker that has the state folder's ledger to itself.
	Open(context.Context) (Worker, error)

	// Check opens all that Open does but the ledger, models included, and closes
	// it again. It may be called while another worker is open. Where it succeeds,
	// Open should.
	Check(context.Context) error
}

func (c Config) validate() error {
	switch {
	case c.StateDir == "":
		return errors.New("state folder must be set")
	case c.Workers == nil:
		return errors.New("workers must be set")
	case len(c.Folders) == 0:
		return errors.New("no folder is watched")
	}
	seen := map[string]bool{}
	for _, f := range c.Folders {
		if seen[f.Watch.Folder] {
			return fmt.Errorf("%s is watched twice", f.Watch.Folder)
		}
		seen[f.Watch.Folder] = true
	}
	return nil
}

func (c Config) adopted() {
	if c.Adopted != nil {
		c.Adopted()
	}
}

// folderOf is the watched folder that a photo lies in.
func (c Config) folderOf(photo string) (string, bool) {
	for _, f := range c.Folders {
		if strings.HasPrefix(photo, strings.TrimSuffix(f.Watch.Folder, "/")+"/") {
			return f.Watch.Folder, true
		}
	}
	return "", false
}
