package cmd

import (
	"errors"
	"fmt"
	"time"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/plugin"
)

type reviewCommand struct {
	List    reviewListCommand    `cmd:"" default:"withargs" help:"List photos whose results wait."`
	Approve reviewApproveCommand `cmd:"" help:"Publish results that wait."`
	Reject  reviewRejectCommand  `cmd:"" help:"Give results up; the originals stay as they are."`
	Try     reviewTryCommand     `cmd:"" help:"Make results anew with another strength."`
}

// Help is shown by burnish review --help.
func (reviewCommand) Help() string {
	return `In watched folders with "review: true", results wait in the state folder until they are approved or rejected: here, or on the page of the daemon. Works with and without a running daemon; without one, the next daemon publishes what was approved.

Photos are named by paths, their folders, a condition as of burnish reprocess, or --all.

Examples:
  burnish review
  burnish review try --strength 0.5 ingest/dune.jpg
  burnish review approve ingest/holiday/
  burnish review reject --where 'notes["model"] == ""'`
}

// selected is how photos in review are named.
type selected struct {
	stateOption
	Paths []string `arg:"" optional:"" name:"path" help:"Photos in review, or folders of them."`
	Where string   `placeholder:"CONDITION" help:"Photos for which this expression is true; see burnish reprocess."`
}

// selection is what the options name.
func (s selected) selection(all bool) (api.ReviewSelection, error) {
	if _, err := plugin.ParseQuery(s.Where); s.Where != "" && err != nil {
		return api.ReviewSelection{}, err
	}
	paths, err := absolute(s.Paths)
	return api.ReviewSelection{Paths: paths, Where: s.Where, All: all}, err
}

type reviewListCommand struct {
	selected
	JSON bool `name:"json" help:"Print a JSON object per line."`
}

// Run prints a line for every photo.
func (r *reviewListCommand) Run(h *host) error {
	dir, err := r.dir(h)
	if err != nil {
		return err
	}
	chosen, err := r.selection(true)
	if err != nil {
		return err
	}
	a, err := askRecords(h, dir, api.Review, api.ReviewQuery{ReviewSelection: chosen})
	if err != nil {
		return err
	}
	for _, e := range a.Entries {
		if r.JSON {
			if err := printLine(h.out, e); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintln(h.out, reviewText(e))
	}
	if len(a.Entries) == 0 && !r.JSON {
		fmt.Fprintln(h.out, "nothing waits for review")
	}
	return nil
}

func reviewText(e plugin.Reviewed) string {
	text := fmt.Sprintf("%-8s  %s  %s", e.Progress, e.Made.Local().Format(time.DateTime), diag.Printable(e.Path))
	if e.Strength != nil {
		text += fmt.Sprintf(", strength %g", *e.Strength)
	}
	if e.Stale != "" {
		text += "; cannot be published: " + e.Stale
	}
	if e.Reason != "" {
		text += ": " + diag.Printable(e.Reason)
	}
	for _, file := range e.Files {
		text += "\n          " + diag.Printable(file)
	}
	return text
}

// deciding are the options of a decision.
type deciding struct {
	selected
	All bool `help:"All photos in review."`
}

// decide asks for a decision and prints the photos that it is about.
func (d deciding) decide(h *host, what string, ask func(dir string, chosen api.ReviewSelection) (api.Requeued, error)) error {
	if len(d.Paths) == 0 && d.Where == "" && !d.All {
		return errors.New("name the photos, or use --where CONDITION or --all")
	}
	dir, err := d.dir(h)
	if err != nil {
		return err
	}
	chosen, err := d.selection(d.All)
	if err != nil {
		return err
	}
	a, err := ask(dir, chosen)
	printAll(h, a.Photos, what)
	return errors.Join(err, a.Err())
}

type reviewApproveCommand struct{ deciding }

// Run lets results be published.
func (r *reviewApproveCommand) Run(h *host) error {
	return r.decide(h, "approved, to be published", func(dir string, chosen api.ReviewSelection) (api.Requeued, error) {
		return askRecords(h, dir, api.ReviewApprove, chosen)
	})
}

type reviewRejectCommand struct{ deciding }

// Run gives results up.
func (r *reviewRejectCommand) Run(h *host) error {
	return r.decide(h, "rejected", func(dir string, chosen api.ReviewSelection) (api.Requeued, error) {
		return askRecords(h, dir, api.ReviewReject, chosen)
	})
}

type reviewTryCommand struct {
	deciding
	Strength float64 `required:"" placeholder:"0..1" help:"How much of the restoration is applied."`
}

// Run lets results be made anew.
func (r *reviewTryCommand) Run(h *host) error {
	return r.decide(h, "to be made anew", func(dir string, chosen api.ReviewSelection) (api.Requeued, error) {
		return askRecords(h, dir, api.ReviewTry, api.ReviewTryRequest{ReviewSelection: chosen, Strength: r.Strength})
	})
}
