package cmd

import (
	"errors"
	"fmt"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/cmd/logging"
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/plugin"
)

type reprocessCommand struct {
	stateOption
	Where   string `placeholder:"CONDITION" help:"Photos for which this expression is true; see above."`
	Changed bool   `help:"Photos whose pipeline changed since; the same as --where changed."`
	preview
}

// preview is how a command that does much at once is kept from doing it.
type preview struct {
	DryRun bool `name:"dry-run" help:"List the photos and an estimate; change nothing."`
	Yes    bool `short:"y" help:"Do not ask."`
}

// Help is shown by burnish reprocess --help.
func (reprocessCommand) Help() string {
	return `Processes finished photos again, for example after outputs were lost or a model or pipeline changed. Where the pipeline or its models changed, only the outputs that would differ are made anew; else all are. The condition is an expression, as of when, over pipeline, model, model_version (compared as versions: model < "0.10"), damage, changed, camera, path, folder, file, size (bytes), finished (such as "2026-06-01" or "2026-06-01T12:00:00"), age (days), notes["NAME"] and glob(path, PATTERN). Photos that are gone keep their outputs. On a terminal the command asks first.

Examples:
  burnish reprocess --changed
  burnish reprocess --where 'model < "0.3" and damage > 0.4' --dry-run
  burnish reprocess --where 'glob(path, "holiday/*.jpg")' --yes`
}

// Run forgets results.
func (r *reprocessCommand) Run(h *host) error {
	where := r.Where
	switch {
	case r.Changed && where != "":
		where = "changed and (" + where + ")"
	case r.Changed:
		where = "changed"
	case where == "":
		return errors.New("say which photos: --changed, or --where CONDITION; --dry-run lists them first")
	}
	if _, err := plugin.ParseQuery(where); err != nil {
		return err
	}
	dir, err := r.dir(h)
	if err != nil {
		return err
	}
	q := api.ReprocessRequest{Where: where}
	done, err := r.first(h, "Process again", func() (api.Estimate, error) { return askRecords(h, dir, api.ReprocessEstimate, q) })
	if done || err != nil {
		return err
	}
	a, err := askRecords(h, dir, api.Reprocess, q)
	printAll(h, a.Photos, "to be done again")
	return errors.Join(err, a.Err())
}

// first shows what would be done, or asks, and reports whether that was all.
func (p preview) first(h *host, what string, look func() (api.Estimate, error)) (done bool, err error) {
	if !p.DryRun && (p.Yes || !logging.IsTerminal(h.err)) {
		return false, nil
	}
	would, err := look()
	if err != nil {
		return true, err
	}
	figures := counted(len(would.Would), "photos")
	if would.Work.Outputs > 0 {
		figures = would.Work.Figures(1) + " with one photo at a time"
	}
	if p.DryRun {
		for _, photo := range would.Would {
			fmt.Fprintln(h.out, diag.Printable(photo))
		}
		fmt.Fprintln(h.err, figures)
		return true, would.Problem.Err()
	}
	if len(would.Would) == 0 {
		return false, nil // says so
	}
	return false, confirm(h, fmt.Sprintf("%s %s?", what, figures))
}
