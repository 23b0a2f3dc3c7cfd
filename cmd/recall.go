package cmd

import (
	"errors"
	"fmt"
	"os"

	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/plugin"
)

// recall asks what was done with photos of watched folders: the daemon, or,
// where none runs, its ledger, which is open for a moment only each time.
type recall struct {
	config *config.Config
	named  bool  // the pipeline is a user's choice: no watched folder's photo is meant
	failed error // the first; nobody is asked any more
}

func (r *recall) ask(q plugin.Question) (a plugin.Recollection, err error) {
	if _, watched := folderOf(r.config, q.Path); !watched || r.named {
		return plugin.Recollection{Named: true}, nil
	}
	if r.failed != nil {
		return a, r.failed
	}
	r.failed = call(r.config.StateDir, "Recall", q, &a)
	if errors.Is(r.failed, errNoDaemon) {
		a, r.failed = peek(r.config.StateDir, q)
	}
	return a, r.failed
}

func peek(stateDir string, q plugin.Question) (a plugin.Recollection, err error) {
	records, err := plugin.Peek(stateDir)
	if err != nil {
		return a, err
	}
	a, err = records.Recall(q)
	return a, errors.Join(err, records.Close())
}

// silence says that nobody could be asked, and why; "" where all is known.
func (r *recall) silence() string {
	switch {
	case r.failed == nil:
		return ""
	case errors.Is(r.failed, os.ErrNotExist):
		return fmt.Sprintf("there is no ledger in %s yet: no photo is known as done", r.config.StateDir)
	case errors.Is(r.failed, os.ErrPermission):
		return fmt.Sprintf("the ledger could not be asked, so photos that are done already are planned all the same: %v; run burnish plan as root or as the daemon's user", r.failed)
	}
	return fmt.Sprintf("the ledger could not be asked, so photos that are done already are planned all the same: %v", r.failed)
}
