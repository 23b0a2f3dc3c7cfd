package cmd

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/plugin"
)

type keepCommand struct {
	stateOption

	Folders  []string `arg:"" optional:"" help:"Watched folders; default: all."`
	Pipeline string   `help:"Only photos of this pipeline."`
}

// Help is shown by burnish keep --help.
func (keepCommand) Help() string {
	return `Photos that were done before their pipeline changed stay as they are, and burnish status tells of the change no more, until the pipeline changes again. No file is touched: burnish reprocess --changed can still be asked for them. The daemon has to run.

Examples:
  burnish keep -c burnish.yaml
  burnish keep -c burnish.yaml --pipeline photos /srv/photos/ingest`
}

// Run keeps the photos of the changes that the daemon tells of.
func (k *keepCommand) Run(h *host) error {
	dir, err := k.dir(h)
	if err != nil {
		return err
	}
	var folders []string
	for _, folder := range k.Folders {
		folder, err := filepath.Abs(folder)
		if err != nil {
			return err
		}
		folders = append(folders, folder)
	}
	daemon := api.Dial(dir)
	defer daemon.Close()
	now, err := api.Status.Call(h, daemon, api.None{})
	if err != nil {
		return err
	}
	kept := 0
	if now.DaemonStatus == nil {
		return errors.New("the daemon has told nothing of itself yet: ask again")
	}
	for _, c := range now.Changes {
		if len(folders) > 0 && !slices.Contains(folders, c.Folder) || k.Pipeline != "" && k.Pipeline != c.Pipeline || c.OnChange == plugin.KeepOutputs {
			continue
		}
		if _, err := api.KeepChange.Call(h, daemon, api.ChangeChoice{Folder: c.Folder, Pipeline: c.Pipeline, Version: c.Version}); err != nil {
			return err
		}
		fmt.Fprintf(h.out, "%s: %s of pipeline %s stay as they are\n", diag.Printable(c.Folder), counted(c.Photos, "photos"), diag.Printable(c.Pipeline))
		kept++
	}
	if kept == 0 {
		fmt.Fprintln(h.err, "no photo waits because its pipeline changed")
	}
	return nil
}
