package cmd

import (
	"fmt"

	"github.com/burnish-photo/burnish/cmd/api"
)

type reloadCommand struct{ stateOption }

// Help is shown by burnish reload --help.
func (reloadCommand) Help() string {
	return `The daemon reads its configuration file again. It checks the file and opens its models first; if that fails, the daemon keeps its configuration, and the command prints why. Photos in progress are finished with the old configuration; the new one waits for them only where devices, the worker or paths of folders change, not where pipelines and models do. A change of state_dir needs a restart.

Example: burnish reload -c burnish.yaml`
}

// Run reloads.
func (r *reloadCommand) Run(h *host) error {
	dir, err := r.dir(h)
	if err != nil {
		return err
	}
	daemon := api.Dial(dir)
	defer daemon.Close()
	if _, err := api.Reload.Call(h, daemon, api.None{}); err != nil {
		return err
	}
	fmt.Fprintln(h.err, "configuration reloaded")
	return nil
}
