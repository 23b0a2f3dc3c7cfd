package cmd

import (
	"fmt"
	"time"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/plugin"
)

type failedCommand struct {
	stateOption
	JSON bool `name:"json" help:"Print a JSON object per line."`
}

// Help is shown by burnish failed --help.
func (failedCommand) Help() string {
	return `Lists photos that will be retried and photos in quarantine, with the reasons. Works with and without a running daemon.

Example: burnish failed -c burnish.yaml`
}

// Run prints a line for every photo.
func (f *failedCommand) Run(h *host) error {
	dir, err := f.dir(h)
	if err != nil {
		return err
	}
	a, err := askRecords(h, dir, api.Failed, api.None{})
	if err != nil {
		return err
	}
	for _, failure := range a.Failures {
		if f.JSON {
			if err := printLine(h.out, failure); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintln(h.out, withHint(failureText(failure), failure.Hint))
	}
	if len(a.Failures) == 0 && !f.JSON {
		fmt.Fprintln(h.out, "no failures")
	}
	return nil
}

func failureText(f plugin.Failure) string {
	state := "retrying   "
	if f.Quarantined {
		state = "quarantine "
	}
	text := fmt.Sprintf("%s %s  attempt %d, %s: %s", state, f.Time.Local().Format(time.DateTime), f.Attempts, f.Kind, f.Reason)
	if f.MovedTo != "" {
		text += " (moved to " + f.MovedTo + ")"
	}
	return text
}
