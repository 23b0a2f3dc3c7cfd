package cmd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/plugin"
)

// stateOption is how a command finds the daemon's state folder.
type stateOption struct {
	Config string `short:"c" placeholder:"FILE" help:"Configuration file of the daemon; default: the first of ${places}."`
	State  string `placeholder:"DIR" help:"State folder of a daemon without a configuration file; default: burnish in the XDG state folder."`
}

// dir finds the state folder. A configuration with faults will do: a
// watched folder that is gone is what one asks the status for.
func (s stateOption) dir(h *host) (string, error) {
	dir, err := s.find(h)
	if err == nil && dir == "" {
		err = fmt.Errorf("state_dir %s", config.NoStateDir)
	}
	return dir, err
}

func (s stateOption) find(h *host) (string, error) {
	if s.State != "" {
		if s.Config != "" {
			return "", errors.New("give either -c FILE or --state DIR, not both")
		}
		return filepath.Abs(s.State)
	}
	file, err := find(s.Config)
	if err != nil && !errors.Is(err, errNoConfig) {
		return "", err
	}
	if err != nil {
		c, err := config.Default(h.registry)
		if err != nil {
			return "", err
		}
		return c.StateDir, nil
	}
	c, faults, err := config.Load(file, h.registry)
	if err != nil {
		return "", err
	}
	if c == nil {
		return "", fmt.Errorf("the configuration has faults:\n%w", faults)
	}
	return c.StateDir, nil
}

// askRecords calls a verb of the daemon that has the state folder or, where none
// runs, of its records.
func askRecords[Q, A any](ctx context.Context, stateDir string, v api.Verb[Q, A], q Q) (a A, err error) {
	daemon := api.Dial(stateDir)
	defer daemon.Close()
	a, err = v.Call(ctx, daemon, q)
	if !errors.Is(err, api.ErrNoDaemon) {
		return a, err
	}
	records, err := plugin.OpenRecords(stateDir)
	if err != nil {
		return a, err
	}
	a, err = v.Call(ctx, api.Direct(api.Records(records, plugin.OpenDesk(records, slog.Default()))), q)
	return a, errors.Join(err, records.Close())
}

// absolute makes paths absolute.
func absolute(paths []string) (all []string, err error) {
	for _, p := range paths {
		abs, err := filepath.Abs(p)
		if err != nil {
			return nil, err
		}
		all = append(all, abs)
	}
	return all, nil
}
