package cmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/plugin"
)

// recall asks what was done with photos of watched folders: the daemon, or,
// where none runs, its ledger, which is open for a moment only each time. It is
// safe for concurrent use.
type recall struct {
	config *config.Config
	daemon *api.Client

	mu     sync.Mutex
	failed error // the first; nobody is asked any more
	alone  bool  // no daemon runs, as the last question has shown
}

func (r *recall) ask(q plugin.Question) (a plugin.Answer, err error) {
	r.mu.Lock()
	failed, alone := r.failed, r.alone
	r.mu.Unlock()
	if failed != nil {
		return a, nil // silence tells of it
	}
	if alone {
		if a, failed = peek(r.config.StateDir, q); failed == nil {
			return a, nil
		}
	}
	a, failed = api.Lookup.Call(context.Background(), r.daemon, q) // one may have come
	alone = errors.Is(failed, api.ErrNoDaemon)
	if alone {
		a, failed = peek(r.config.StateDir, q)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.alone = alone
	if r.failed == nil {
		r.failed = failed
	}
	return a, nil
}

func (r *recall) close() { r.daemon.Close() }

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
