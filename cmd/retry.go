package cmd

import (
	"errors"
	"fmt"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/plugin"
)

type retryCommand struct {
	stateOption
	Paths  []string `arg:"" optional:"" name:"path" help:"Failed photos, or folders of them."`
	Failed bool     `help:"Retry all failed photos."`
	Where  string   `placeholder:"CONDITION" help:"Those that it describes; see burnish reprocess --help. failure and state are known, too."`
	preview
}

// Help is shown by burnish retry --help.
func (retryCommand) Help() string {
	return `Retries failed photos, including those in quarantine, and resets their strikes. Originals that were moved to quarantine are moved back. A running daemon starts at once; otherwise the next one does. On a terminal the command asks before it retries all, or what a condition describes.

Examples:
  burnish retry --failed
  burnish retry -c burnish.yaml ingest/holiday/
  burnish retry --where 'failure == "unwritable" and age < 1' --dry-run`
}

// Run makes failed photos new ones.
func (r *retryCommand) Run(h *host) error {
	if r.Failed && len(r.Paths) > 0 || !r.Failed && len(r.Paths) == 0 && r.Where == "" {
		return errors.New("name the photos to retry, or use --failed for all")
	}
	if r.Where != "" {
		if _, err := plugin.ParseQuery(r.Where); err != nil {
			return err
		}
	}
	dir, err := r.dir(h)
	if err != nil {
		return err
	}
	paths, err := absolute(r.Paths)
	if err != nil {
		return err
	}
	q := api.RetryRequest{Paths: paths, Where: r.Where}
	r.Yes = r.Yes || len(paths) > 0 && r.Where == "" // who names photos means them
	done, err := r.first(h, "Retry", func() (api.Estimate, error) { return askRecords(h, dir, api.RetryEstimate, q) })
	if done || err != nil {
		return err
	}
	a, err := askRecords(h, dir, api.Retry, q)
	printAll(h, a.Photos, "to be tried again")
	return errors.Join(err, a.Err())
}

func printAll(h *host, photos []string, what string) {
	for _, p := range photos {
		fmt.Fprintln(h.out, diag.Printable(p))
	}
	fmt.Fprintf(h.err, "%s %s\n", counted(len(photos), "photos"), what)
}
