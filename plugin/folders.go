package plugin

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/burnish-photo/burnish/plugin/history"
	"github.com/burnish-photo/burnish/plugin/mounts"
	"github.com/burnish-photo/burnish/plugin/originals"
	"github.com/burnish-photo/burnish/plugin/output/staging"
)

const scratchPrefix = "burnish-scratch-"

// prepareFolders makes the output folders, and removes what a killed process left
// in them, in the state folder and where originals go. The ledger's lock says that
// nobody else is at work there.
func prepareFolders(e *Engine) error {
	left, _ := filepath.Glob(filepath.Join(e.config.StateDir, scratchPrefix+"*"))
	for _, folder := range left {
		if err := os.RemoveAll(folder); err != nil {
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
