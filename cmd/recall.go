package cmd

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/plugin"
)

// recall asks what was done with photos of watched folders: the daemon, or,
// where none runs, its ledger, which is open for a moment only each time.
type recall struct {
	config *config.Config
	daemon *api.Client
	failed error // the first; nobody is asked any more
}

func (r *recall) ask(q plugin.Question) (a plugin.Answer, err error) {
	if r.failed != nil {
		return a, nil // silence tells of it
	}
	a, r.failed = api.Lookup.Call(context.Background(), r.daemon, q)
	if errors.Is(r.failed, api.ErrNoDaemon) {
		a, r.failed = peek(r.config.StateDir, q)
	}
	return a, nil
}

func peek(stateDir string, q plugin.Question) (a plugin.Answer, err error) {
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
