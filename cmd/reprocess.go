package cmd

import (
	"errors"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/plugin"
)

type reprocessCommand struct {
	stateOption
	Where string `required:"" placeholder:"CONDITION" help:"Photos to process again; see below."`
}

// Help is shown by burnish reprocess --help.
func (reprocessCommand) Help() string {
	return `Processes finished photos again, for example after outputs were lost or a model changed. The condition is an expression, as of when, over pipeline, model, model_version, path, folder, file, size (bytes), finished (such as "2026-06-01" or "2026-06-01T12:00:00"), age (days), notes["NAME"] and glob(path, PATTERN). Photos that are gone keep their outputs.

Examples:
  burnish reprocess --where 'model == "lite" and finished < "2026-06-01"'
  burnish reprocess --where 'glob(path, "holiday/*.jpg")'`
}

// Run forgets results.
func (r *reprocessCommand) Run(h *host) error {
	if _, err := plugin.ParseQuery(r.Where); err != nil {
		return err
	}
	dir, err := r.dir(h)
	if err != nil {
		return err
	}
	a, err := askRecords(h, dir, api.Reprocess, api.ReprocessRequest{Where: r.Where})
	printAll(h, a.Photos, "to be done again")
	return errors.Join(err, a.Err())
}
