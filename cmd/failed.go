package cmd

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/burnish-photo/burnish/ops/diag"
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
	var a Failures
	err = withRecords(dir, "Failed", None{}, &a, func(r *plugin.Records) (err error) {
		a.Failures, err = r.Failures()
		return err
	})
	if err != nil {
		return err
	}
	for _, failure := range a.Failures {
		if f.JSON {
			if err := json.NewEncoder(h.out).Encode(failure); err != nil {
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
	var a Photos
	err = withRecords(dir, "Retry", paths, &a, func(records *plugin.Records) (err error) {
		a.Photos, err = records.Retry(paths)
		return err
	})
	photos, failed := a.result()
	printAll(h, photos, "to be tried again")
	return errors.Join(err, failed)
}

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
	where, err := plugin.ParseQuery(r.Where)
	if err != nil {
		return err
	}
	dir, err := r.dir(h)
	if err != nil {
		return err
	}
	var a Photos
	err = withRecords(dir, "Reprocess", r.Where, &a, func(records *plugin.Records) (err error) {
		a.Photos, err = records.Reprocess(where)
		return err
	})
	photos, failed := a.result()
	printAll(h, photos, "to be done again")
	return errors.Join(err, failed)
}

func printAll(h *host, photos []string, what string) {
	for _, p := range photos {
		fmt.Fprintln(h.out, diag.Printable(p))
	}
	fmt.Fprintf(h.err, "%s %s\n", counted(len(photos), "photos"), what)
}

type pauseCommand struct{ stateOption }

// Help is shown by burnish pause --help.
func (pauseCommand) Help() string {
	return `The daemon finishes the photos in progress and starts no other until burnish resume, even after a restart. It keeps watching.

Example: burnish pause -c burnish.yaml`
}

// Run pauses.
func (p *pauseCommand) Run(h *host) error { return pause(h, p.stateOption, true) }

type resumeCommand struct{ stateOption }

// Help is shown by burnish resume --help.
func (resumeCommand) Help() string { return "Example: burnish resume -c burnish.yaml" }

// Run ends a pause.
func (p *resumeCommand) Run(h *host) error { return pause(h, p.stateOption, false) }

func pause(h *host, o stateOption, paused bool) error {
	dir, err := o.dir(h)
	if err != nil {
		return err
	}
	err = call(dir, "Pause", paused, &None{})
	if !errors.Is(err, errNoDaemon) {
		return err
	}
	if err := setPaused(dir, paused); err != nil {
		return err
	}
	fmt.Fprintln(h.err, "no daemon is running; this applies to the next one")
	return nil
}
