package app

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/burnish-photo/burnish/cmd/pace"
	"github.com/burnish-photo/burnish/cmd/serve"
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/plugin/schedule"
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

	Pace           pace.Rules // when photos may begin
	MinFreeSpace   diag.Size  // with less below its output folder, or StateDir, no photo of a folder begins
	ScrubRate      diag.Size  // bytes a second that are verified in the background; 0: none
	QueuePerFolder int        // photos of a folder that wait; 0: 10,000

	Requests      bool // photos may be submitted: then no folder need be watched
	RequestsInRow int  // requests that begin for each photo of a folder while both wait; 0: 1
}

// Folder is a watched folder.
type Folder struct {
	Watch    watcher.Config
	Priority int        // photos of a folder with a higher one come first
	Pace     pace.Rules // when photos of this folder may begin, beside Config's

	// Digest tells what decides how photos become what they become: where a reload
	// changes it, all that is in the folder is looked at again.
	Digest string

	// Job is what is done with each photo. Its Path, Root, Probe and
	// Exclusive are filled in.
	Job plugin.Job
}

// Workers opens workers with one configuration.
type Workers interface {
	// Open opens a worker that has the state folder's ledger to itself.
	Open(context.Context) (Worker, error)

	// Check opens all that Open does but the ledger, models included, and closes
	// it again. It may be called while another worker is open. Where it succeeds,
	// Open should. Identity is what Describe would tell of the worker; "" is no
	// worker's.
	Check(context.Context) (identity string, err error)

	// Renew has a worker that is open get ready to go on with this configuration. It
	// returns nil where that one cannot, and another has to take its place.
	Renew(ctx context.Context, now Worker) (Renewal, error)
}

// Renewal is a configuration that an open worker is ready to go on with.
type Renewal interface {
	// Identity is what Describe would tell of the worker.
	Identity() string

	// TakeOver is the worker with the configuration. What was begun with the former
	// one, and is still given to it, ends by the former configuration; Close of the
	// former one gives up what it needed alone.
	TakeOver() (Worker, error)

	// Discard gives up what was made ready, in place of TakeOver.
	Discard() error
}

func (c Config) validate() error {
	switch {
	case c.StateDir == "":
		return errors.New("state folder must be set")
	case c.Workers == nil:
		return errors.New("workers must be set")
	case len(c.Folders) == 0 && !c.Requests:
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

func (c Config) byFolder() map[string]Folder {
	all := map[string]Folder{}
	for _, f := range c.Folders {
		all[f.Watch.Folder] = f
	}
	return all
}

func (c Config) priorities() map[string]int {
	all := map[string]int{}
	for _, f := range c.Folders {
		all[f.Watch.Folder] = f.Priority
	}
	all[schedule.Requests] = c.RequestsInRow
	return all
}

func (c Config) orders() map[string]schedule.Order {
	all := map[string]schedule.Order{}
	for _, f := range c.Folders {
		all[f.Watch.Folder] = schedule.Order(f.Watch.Order)
	}
	return all
}

// changed are the folders whose photos may become something else by next.
func (c Config) changed(next Config) (all []string) {
	before := c.byFolder()
	for _, f := range next.Folders {
		if b, ok := before[f.Watch.Folder]; ok && (b.Digest != f.Digest || !reflect.DeepEqual(b.Job, f.Job)) {
			all = append(all, f.Watch.Folder)
		}
	}
	return all
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
