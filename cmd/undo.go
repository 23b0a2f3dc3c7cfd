package cmd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/cmd/logging"
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/plugin"
)

type undoCommand struct {
	stateOption
	Paths  []string `arg:"" optional:"" name:"path" help:"Photos, folders of them, or their outputs."`
	Since  since    `placeholder:"TIME" help:"What was done since then: 90m, 2h, 3d, or a date such as 2026-06-01."`
	Where  string   `placeholder:"CONDITION" help:"Photos to undo; see burnish reprocess --help."`
	Redo   bool     `help:"Bring back what was undone."`
	DryRun bool     `name:"dry-run" help:"Show what would be done, and why not; change nothing."`
	Yes    bool     `short:"y" help:"Do not ask."`
	JSON   bool     `name:"json" help:"Print a JSON object per line."`
}

// Help is shown by burnish undo --help.
func (undoCommand) Help() string {
	return `Puts the files of photos back as they were before Burnish processed them, newest first: originals return to their places, with their names, times, modes and sidecars, and outputs go to the trash of the state folder, where they stay for 30 days. Several conditions must all hold. A photo that was undone is not processed again until burnish reprocess asks for it or its content changes; --redo brings back what was undone.

A photo is refused, with the reason, where its original or an output has changed since, where another file has taken a place, and where its original is missing. Nothing is ever overwritten; the other photos are undone. On a terminal the command asks first. It works with and without a running daemon; to continue an interrupted command, repeat it.

Exit status: 0 if all photos are undone; 1 if some were refused; 2 if nothing could be undone; 130 if interrupted.

Examples:
  burnish undo --since 1h --dry-run
  burnish undo ingest/holiday/ restored/a.png
  burnish undo --where 'pipeline == "photos" and model == "lite"' --since 2026-06-01
  burnish undo --redo --since 10m`
}

// Run undoes.
func (u *undoCommand) Run(h *host) error {
	if len(u.Paths) == 0 && u.Since.IsZero() && u.Where == "" {
		return errors.New("name what to undo: --since TIME, --where CONDITION, or photos; --dry-run shows it first")
	}
	if u.Where != "" {
		if _, err := plugin.ParseQuery(u.Where); err != nil {
			return err
		}
	}
	dir, err := u.dir(h)
	if err != nil {
		return err
	}
	paths, err := absolute(u.Paths)
	if err != nil {
		return err
	}
	records, err := openRecords(h, dir)
	if err != nil {
		return err
	}
	q := plugin.UndoRequest{Since: u.Since.Time, Where: u.Where, Paths: paths, Redo: u.Redo, Dry: u.DryRun}
	return errors.Join(u.undo(h, records, q), records.Close())
}

func (u *undoCommand) undo(h *host, records *records, q plugin.UndoRequest) error {
	if !u.DryRun && !u.Yes && logging.IsTerminal(h.err) {
		try := q
		try.Dry = true
		plan := undoing{host: h, command: u, silent: true}
		if err := plan.pages(records, try); err != nil {
			return err
		}
		if plan.photos == 0 {
			return errors.Join(plan.unused(q.Paths), plan.finish())
		}
		if err := confirm(h, plan.question()); err != nil {
			return err
		}
	}
	run := undoing{host: h, command: u}
	if err := run.pages(records, q); err != nil {
		return err
	}
	return errors.Join(run.unused(q.Paths), run.finish())
}

// undoing is one run over the journal.
type undoing struct {
	*host
	command *undoCommand
	silent  bool // counts alone

	used            []bool
	photos, refused int
	originals       int
	outputs         int
	bytes           int64
	looked          int
}

// pages goes through the journal.
func (u *undoing) pages(records *records, q plugin.UndoRequest) error {
	u.used = make([]bool, len(q.Paths))
	defer clearLine(u.host)
	for {
		page, err := askOpen(u, records, api.Undo, q)
		for _, p := range page.Photos {
			u.add(p)
		}
		for i, used := range page.Used {
			u.used[i] = u.used[i] || used
		}
		if err != nil || page.Next == 0 {
			return err
		}
		u.looked += page.Entries
		statusLine(u.host, fmt.Sprintf("%s, %d refused, %d journal entries", counted(u.photos, "photos"), u.refused, u.looked))
		q.Before, q.Run = page.Next, page.Run
		if u.Err() != nil {
			return u.Err()
		}
	}
}

func (u *undoing) add(p plugin.UndonePhoto) {
	if p.Problem != "" {
		u.refused++
	} else {
		u.photos++
		u.originals += p.Originals
		u.outputs += p.Outputs
		u.bytes += p.Bytes
	}
	if u.silent {
		return
	}
	clearLine(u.host)
	if u.command.JSON {
		state := u.state()
		if p.Problem != "" {
			state = "refused"
		}
		fmt.Fprintln(u.out, jsonLine(struct {
			State string `json:"state"`
			plugin.UndonePhoto
		}{state, p}))
		return
	}
	fmt.Fprintln(u.out, u.text(p))
}

// state is what becomes of a photo that is not refused.
func (u *undoing) state() string {
	switch {
	case u.command.DryRun && u.command.Redo:
		return "would-redo"
	case u.command.DryRun:
		return "would-undo"
	case u.command.Redo:
		return "redone"
	}
	return "undone"
}

func (u *undoing) text(p plugin.UndonePhoto) string {
	if p.Problem != "" {
		return withHint(fmt.Sprintf("refused  %s: %s", p.Path, p.Problem), p.Hint)
	}
	var parts []string
	put := func(n int, one, what string) {
		switch {
		case n == 1 && one != "":
			parts = append(parts, one)
		case n > 0:
			parts = append(parts, counted(n, what))
		}
	}
	if u.command.Redo {
		put(p.Outputs, "1 output back", "outputs back")
		put(p.Originals, "original moved away", "originals moved away")
	} else {
		put(p.Originals, "original put back", "originals put back")
		put(p.Sidecars, "1 sidecar", "sidecars")
		put(p.Outputs, "1 output to the trash", "outputs to the trash")
		put(p.Restored, "1 replaced file restored", "replaced files restored")
	}
	put(len(p.Missing), "1 file was gone", "files were gone")
	if len(parts) == 0 {
		parts = append(parts, "nothing was left to do")
	}
	return diag.Printable(fmt.Sprintf("%-8s %s: %s", u.state(), p.Path, strings.Join(parts, ", ")))
}

// question asks whether what the run has counted is to be done.
func (u *undoing) question() string {
	what := fmt.Sprintf("Undo %s: %s put back, %s (%s) to the trash", counted(u.photos, "photos"), counted(u.originals, "originals"), counted(u.outputs, "outputs"), diag.Size(u.bytes))
	if u.command.Redo {
		what = fmt.Sprintf("Redo %s: %s (%s) brought back, %s moved away", counted(u.photos, "photos"), counted(u.outputs, "outputs"), diag.Size(u.bytes), counted(u.originals, "originals"))
	}
	if u.refused > 0 {
		what += fmt.Sprintf("; %d refused", u.refused)
	}
	return what + "?"
}

// unused are the paths of which the journal tells nothing.
func (u *undoing) unused(paths []string) error {
	var errs []error
	for i, path := range paths {
		if !u.used[i] {
			what := "nothing that could be undone is known of it"
			if u.command.Redo {
				what = "nothing was undone of it"
			}
			errs = append(errs, fmt.Errorf("%s: %s", path, what))
		}
	}
	return errors.Join(errs...)
}

// finish tells what the run came to.
func (u *undoing) finish() error {
	if !u.command.JSON {
		fmt.Fprintf(u.err, "%s %s, %d refused\n", counted(u.photos, "photos"), strings.ReplaceAll(u.state(), "would-", "to "), u.refused)
	}
	if u.refused > 0 {
		return errFailures
	}
	return nil
}

// records are those of a state folder, asked of its daemon or, where none runs,
// open for as long as the command needs them.
type records struct {
	daemon *api.Client
	own    *plugin.Records
}

// openRecords finds out who has the records.
func openRecords(ctx context.Context, stateDir string) (*records, error) {
	r := &records{daemon: api.Dial(stateDir)}
	_, err := api.Lookup.Call(ctx, r.daemon, plugin.Question{})
	if !errors.Is(err, api.ErrNoDaemon) {
		return r, err
	}
	r.own, err = plugin.OpenRecords(stateDir)
	return r, err
}

// Close gives them back.
func (r *records) Close() error {
	r.daemon.Close()
	if r.own == nil {
		return nil
	}
	return r.own.Close()
}

// askOpen calls a verb of open records.
func askOpen[Q, A any](ctx context.Context, r *records, v api.Verb[Q, A], q Q) (A, error) {
	if r.own != nil {
		return v.Call(ctx, api.Direct(api.Records(r.own, plugin.OpenDesk(r.own, slog.Default()))), q)
	}
	return v.Call(ctx, r.daemon, q)
}
