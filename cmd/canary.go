package cmd

import (
	"errors"
	"fmt"
	"strings"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/cmd/logging"
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/plugin"
)

type canaryCommand struct {
	Show canaryShowCommand `cmd:"" default:"withargs" help:"Show what came of the sample."`
	Go   canaryGoCommand   `cmd:"" help:"Let the other photos follow."`
	Back canaryBackCommand `cmd:"" help:"Put the sample's former outputs back, and hold the change."`
}

// Help is shown by burnish canary --help.
func (canaryCommand) Help() string {
	return `In watched folders with "canary: 2%", a changed pipeline is tried on a sample of the photos that were done before, chosen by their contents; the others wait. The figures compare the new outputs with those that they replaced, which the trash keeps for 30 days. New photos follow the new pipeline in any case.

"go" asks for all photos that the change concerns. "back" puts the sample's former outputs back, and leaves all photos as they are until the pipeline changes again or burnish canary go or burnish reprocess asks for them. Works with and without a running daemon.

Exit status of back: 1 if the outputs of some photos could not be put back.

Examples:
  burnish canary
  burnish canary go --pipeline photos
  burnish canary back --yes`
}

type canaryShowCommand struct {
	stateOption
	JSON bool `name:"json" help:"Print a JSON object per line, one for each change."`
}

// Run prints figures and photos.
func (c *canaryShowCommand) Run(h *host) error {
	dir, err := c.dir(h)
	if err != nil {
		return err
	}
	a, err := askRecords(h, dir, api.Canary, api.None{})
	if err != nil {
		return err
	}
	for _, t := range a.Trials {
		if c.JSON {
			fmt.Fprintln(h.out, jsonLine(t))
			continue
		}
		for _, line := range t.Lines() {
			fmt.Fprintln(h.out, diag.Printable(line))
		}
	}
	if len(a.Trials) == 0 {
		fmt.Fprintln(h.err, "no change is tried on a sample")
	}
	return nil
}

// meant is how a trial is named.
type meant struct {
	stateOption
	Pipeline string `placeholder:"NAME" help:"Pipeline that was changed, where there are several."`
	Folder   string `placeholder:"FOLDER" help:"Watched folder, where there are several."`
	Yes      bool   `short:"y" help:"Do not ask."`
}

// decision asks on a terminal, and names the trial.
func (m meant) decision(h *host, what func(plugin.Trial) string) (dir string, q api.CanaryDecision, err error) {
	if dir, err = m.dir(h); err != nil {
		return "", q, err
	}
	q.Pipeline = m.Pipeline
	if m.Folder != "" {
		folders, err := absolute([]string{m.Folder})
		if err != nil {
			return "", q, err
		}
		q.Folder = folders[0]
	}
	if m.Yes || !logging.IsTerminal(h.err) {
		return dir, q, nil
	}
	a, err := askRecords(h, dir, api.Canary, api.None{})
	if err != nil {
		return "", q, err
	}
	for _, t := range a.Trials {
		if (q.Pipeline == "" || q.Pipeline == t.Pipeline) && (q.Folder == "" || q.Folder == t.Trial.Folder) {
			if err := confirm(h, what(t)); err != nil {
				return "", q, err
			}
		}
	}
	return dir, q, nil
}

type canaryGoCommand struct{ meant }

// Run lets the others follow.
func (c *canaryGoCommand) Run(h *host) error {
	dir, q, err := c.decision(h, func(t plugin.Trial) string {
		done := ""
		if t.Verdict == "" && !t.Ready() {
			done = fmt.Sprintf(" (%d of the %d of the sample are done)", t.Done+t.Failed, t.Chosen)
		}
		return fmt.Sprintf("Process %s of %s again%s?", counted(t.Waiting, "photos"), t.Folder, done)
	})
	if err != nil {
		return err
	}
	a, err := askRecords(h, dir, api.CanaryGo, q)
	if err != nil {
		return err
	}
	fmt.Fprintf(h.err, "%s follow\n", counted(len(a.Photos), "photos"))
	return a.Err()
}

type canaryBackCommand struct{ meant }

// Run puts outputs back.
func (c *canaryBackCommand) Run(h *host) error {
	dir, q, err := c.decision(h, func(t plugin.Trial) string {
		return fmt.Sprintf("Put the former outputs of %s of %s back?", counted(t.Done, "photos"), t.Folder)
	})
	if err != nil {
		return err
	}
	records, err := openRecords(h, dir)
	if err != nil {
		return err
	}
	n, err := c.back(h, records, q)
	fmt.Fprintf(h.err, "%s have their former outputs; the change is held\n", counted(n, "photos"))
	return errors.Join(err, records.Close())
}

func (c *canaryBackCommand) back(h *host, records *records, q api.CanaryDecision) (n int, err error) {
	for {
		page, err := askOpen(h, records, api.CanaryBack, q)
		n += len(page.Back)
		if err != nil {
			return n, err
		}
		if !page.More {
			if page.Problem == nil {
				return n, nil
			}
			for line := range strings.SplitSeq(page.Problem.Err().Error(), "\n") {
				fmt.Fprintln(h.out, diag.Printable(line))
			}
			return n, errFailures
		}
		q.Run = page.Run
		if h.Err() != nil {
			return n, h.Err()
		}
	}
}
