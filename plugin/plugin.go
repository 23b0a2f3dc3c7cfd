// Package plugin is Burnish as a library: what a media server embeds, and what
// the burnish command itself is a host of.
//
// A host calls [Start] once, opens an [Engine] from a configuration and a
// registry of operators, and hands it jobs. An engine never writes to a
// source, never publishes an output that it has not read back, and does no
// work twice that its ledger remembers.
package plugin

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/burnish-photo/burnish/ops/network/onnx"
	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin/admission"
	"github.com/burnish-photo/burnish/plugin/history"
	"github.com/burnish-photo/burnish/plugin/mounts"
	"github.com/burnish-photo/burnish/plugin/originals"
	"github.com/burnish-photo/burnish/plugin/output/staging"
)

// Runtime says how the native libraries run in this process.
type Runtime struct {
	// Threads that libvips may use for one photo; 0: the cores, 4 at most.
	Threads int
	// Log takes the libraries' warnings; nil: slog's default.
	Log *slog.Logger
}

// native is the one set of native libraries of this process.
var native struct {
	sync.Mutex
	started   bool
	library   string
	providers []string
	stopONNX  func() error
}

// Start starts libvips. ONNX Runtime follows with the first engine that runs a
// network, since the configuration names its library. Each is started once a process and can not
// be started again after stop, which the host calls when every engine is
// closed.
func Start(r Runtime) (stop func() error, err error) {
	native.Lock()
	defer native.Unlock()
	if native.started {
		return nil, errors.New("plugin: Start was called twice in this process")
	}
	if r.Log == nil {
		r.Log = slog.Default()
	}
	if err := vips.Start(vips.Options{Concurrency: cmp.Or(r.Threads, admission.DivideCPU(0, admission.Cores()).Libvips), Log: r.Log}); err != nil {
		return nil, fmt.Errorf("start libvips: %w", err)
	}
	native.started = true
	return stopNative, nil
}

func stopNative() error {
	native.Lock()
	defer native.Unlock()
	var err error
	if native.stopONNX != nil {
		err = native.stopONNX()
		native.stopONNX = nil
	}
	vips.Stop()
	return err
}

// StartRestoration loads ONNX Runtime from library, or the one that ships
// where library is "". [Open] calls it where a pipeline needs it; a host needs it only to learn what the
// library offers before it opens an engine.
func StartRestoration(library string, providers []string) error {
	native.Lock()
	defer native.Unlock()
	if !native.started {
		return errors.New("plugin: Start has not been called")
	}
	if native.stopONNX != nil {
		if library != native.library || !slices.Equal(providers, native.providers) {
			return fmt.Errorf("ONNX Runtime already runs in this process from %s with the providers %q; it cannot run from %q with %q as well", onnx.Library(), native.providers, library, providers)
		}
		return nil
	}
	stop, err := onnx.Start(library)
	if err != nil {
		return err
	}
	for _, p := range providers {
		if err := onnx.RegisterProvider(providerName(p), p); err != nil {
			return errors.Join(err, stop())
		}
	}
	native.stopONNX, native.library, native.providers = stop, library, slices.Clone(providers)
	return nil
}

const scratchPrefix = "burnish-scratch-"

// prepareFolders makes the output folders, and removes what a killed process left
// in them, in the state folder and where originals go. The ledger's lock says that
// nobody else is at work there.
func prepareFolders(e *Engine) error {
	left, _ := fs.Glob(os.DirFS(e.config.StateDir), scratchPrefix+"*") // the pattern is in order
	for _, folder := range left {
		if err := os.RemoveAll(filepath.Join(e.config.StateDir, folder)); err != nil {
			return fmt.Errorf("remove an old scratch folder: %w", err)
		}
	}
	if err := e.shelf.Sweep(e.store); err != nil {
		e.log.Warn("results that nobody will look at were not removed", "folder", history.ReviewFolder(e.config.StateDir), "error", err)
	}
	if err := makeOutputs(e, true); err != nil {
		return err
	}
	for folder := range movedTo(e.config) {
		if err := e.tempPrefix.Sweep(folder); err != nil {
			e.log.Warn("cannot clean temporary files", "folder", folder, "error", err)
		}
	}
	return nil
}

// makeOutputs makes the output folders of the watched ones, where their disks are
// there, and sweeps them where nobody is at work there. A file system that does not
// answer is left alone: the photos whose outputs go there fail by themselves, and
// others do not wait for it.
func makeOutputs(e *Engine, sweep bool) error {
	for _, w := range e.config.Routes {
		err := mounts.Check(e.store, w.Output)
		if gone := (*mounts.UnmountedError)(nil); errors.As(err, &gone) {
			e.log.Warn(gone.Error()+": photos wait until it is mounted", "folder", w.Output)
			continue
		}
		if err != nil {
			return err
		}
		err = staging.MakeFolder(w.Output)
		if err != nil {
			err = fmt.Errorf("make the output folder: %w; set \"output\" to a folder that can be written", err)
		} else if sweep {
			if err = e.tempPrefix.Sweep(w.Output); err != nil {
				err = fmt.Errorf("look through the output folder: %w", err)
			}
		}
		if mounts.Unreachable(err) {
			e.log.Warn("the output folder's file system does not answer", "folder", w.Output, "error", err)
		} else if err != nil {
			return err
		}
	}
	return nil
}

// movedTo are the folders that originals go to, and those that they come back
// to.
func movedTo(c Config) map[string]bool {
	all := map[string]bool{originals.TrashFolder(c.StateDir): true}
	for _, w := range c.Routes {
		if w.Originals != "" {
			all[w.Originals] = true
		}
		if w.Quarantine != "" {
			all[w.Quarantine], all[w.Source] = true, true
		}
	}
	return all
}
