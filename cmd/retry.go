package cmd

import (
	"errors"
	"fmt"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/ops/diag"
)

type retryCommand struct {
	stateOption
	Paths  []string `arg:"" optional:"" name:"path" help:"Failed photos, or folders of them."`
	Failed bool     `help:"Retry all failed photos."`
}

// Help is shown by burnish retry --help.
func (retryCommand) Help() string {
	return `Retries failed photos, including those in quarantine, and resets their strikes. Originals that were moved to quarantine are moved back. A running daemon starts at once; otherwise the next one does.

Examples:
  burnish retry --failed
  burnish retry -c burnish.yaml ingest/holiday/`
}

// Run makes failed photos new ones.
func (r *retryCommand) Run(h *host) error {
	if r.Failed == (len(r.Paths) > 0) {
		return errors.New("name the photos to retry, or use --failed for all")
	}
	dir, err := r.dir(h)
	if err != nil {
		return err
	}
	paths, err := absolute(r.Paths)
	if err != nil {
		return err
	}
	a, err := askRecords(h, dir, api.Retry, api.RetryRequest{Paths: paths})
	printAll(h, a.Photos, "to be tried again")
	return errors.Join(err, a.Err())
}

func printAll(h *host, photos []string, what string) {
	for _, p := range photos {
		fmt.Fprintln(h.out, diag.Printable(p))
	}
	fmt.Fprintf(h.err, "%s %s\n", counted(len(photos), "photos"), what)
}
