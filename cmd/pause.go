package cmd

import (
	"errors"
	"fmt"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/cmd/app"
)

type pauseCommand struct{ stateOption }

// Help is shown by burnish pause --help.
func (pauseCommand) Help() string {
	return `The daemon finishes the photos in progress and starts no other until burnish resume, even after a restart. It keeps watching.

Example: burnish pause -c burnish.yaml`
}

// Run pauses.
func (p *pauseCommand) Run(h *host) error { return pause(h, p.stateOption, true) }

// pause begins a pause or ends one.
func pause(h *host, o stateOption, paused bool) error {
	dir, err := o.dir(h)
	if err != nil {
		return err
	}
	daemon := api.Dial(dir)
	defer daemon.Close()
	_, err = api.Pause.Call(h, daemon, api.PauseRequest{Paused: paused})
	if !errors.Is(err, api.ErrNoDaemon) {
		return err
	}
	if err := app.SetPaused(dir, paused); err != nil {
		return err
	}
	fmt.Fprintln(h.err, "no daemon is running; this applies to the next one")
	return nil
}
