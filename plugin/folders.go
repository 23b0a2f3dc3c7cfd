package plugin

import (
	"fmt"
	"os"
	"path/filepath"
)

const scratchPrefix = "burnish-scratch-"

// scratchRoot is where the engine's scratch folder is made: beside the ledger,
// or among the system's temporary files.
func (e *Engine) scratchRoot() string {
	if e.ledger == nil {
		return ""
	}
	return e.config.StateDir
}

// prepareFolders makes the output folders of the watched ones and removes what
// a killed process left in them and in the state folder. The ledger's lock
// says that nobody else is at work there.
func (e *Engine) prepareFolders() error {
	left, _ := filepath.Glob(filepath.Join(e.config.StateDir, scratchPrefix+"*"))
	for _, folder := range left {
		if err := os.RemoveAll(folder); err != nil {
			return fmt.Errorf("remove an old scratch folder: %w", err)
		}
	}
	for _, w := range e.config.Watch {
		if err := os.MkdirAll(w.Output, 0o777); err != nil {
			return fmt.Errorf("make the output folder: %w; set \"output\" to a folder that can be written", err)
		}
		if err := e.owner.Sweep(w.Output); err != nil {
			return fmt.Errorf("look through the output folder: %w", err)
		}
	}
	return nil
}
