package cmd

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/cmd/app"
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/watcher"
)

type statusCommand struct {
	stateOption
	Watch bool `short:"w" help:"Update the status until q or Ctrl-C."`
	JSON  bool `name:"json" help:"Print JSON; with --watch, one line per change."`
}

// Help is shown by burnish status --help.
func (statusCommand) Help() string {
	return `Shows whether the daemon runs, its counts and rate since the start, photos in progress, waiting and arriving, devices, and the last error. For each watched folder it shows the state (watching, polling or degraded) with reason and remedy. Without a running daemon it shows the last known status.

Exit status: 0 if the daemon runs, no folder is degraded and no circuit breaker is open; otherwise 1. With --watch: 0.

Examples:
  burnish status -c burnish.yaml
  burnish status --watch
  burnish status --json | jq .folders`
}

// Run prints the state.
func (s *statusCommand) Run(h *host) error {
	dir, err := s.dir(h)
	if err != nil {
		return err
	}
	if s.Watch {
		return s.watch(h, dir)
	}
	now, err := lookAt(dir)
	if err != nil {
		return err
	}
	if err := s.print(h.out, now); err != nil {
		return err
	}
	if !now.Running || now.DaemonStatus != nil && degraded(now.DaemonStatus) {
		return errFailures
	}
	return nil
}

// lookAt looks at the state in dir.
func lookAt(dir string) (api.Standing, error) {
	runs, err := app.Running(dir)
	var left *api.DaemonStatus
	if err == nil {
		left, err = app.ReadStatus(dir)
	}
	now := api.Stand(runs, dir, left)
	if errors.Is(err, os.ErrPermission) {
		return now, fmt.Errorf("%w; run burnish status as root or as the daemon's user", err)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return now, err
	}
	return now, nil
}

func (s *statusCommand) print(out io.Writer, now api.Standing) error {
	if s.JSON {
		return printLine(out, now)
	}
	printState(out, now)
	return nil
}

// inReview is how many photos wait for a decision.
func inReview(s *api.DaemonStatus) (n int) {
	for _, waiting := range s.Review {
		n += waiting
	}
	return n
}

func degraded(s *api.DaemonStatus) bool {
	if slices.ContainsFunc(s.Held, func(h api.HeldFolder) bool { return !h.Wanted }) {
		return true
	}
	for _, f := range s.Folders {
		if f.Mode == watcher.Degraded {
			return true
		}
	}
	return false
}

func printState(out io.Writer, now api.Standing) {
	dir, runs, s := now.Dir, now.Running, now.DaemonStatus
	const moment = time.DateTime
	switch {
	case s == nil && runs:
		fmt.Fprintf(out, "burnish is starting (state folder %s)\n", diag.Printable(dir))
		return
	case s == nil:
		fmt.Fprintf(out, "burnish is not running (state folder %s, no previous status)\n", diag.Printable(dir))
		return
	case runs:
		fmt.Fprintf(out, "burnish %s is running, process %d\n", s.Version, s.PID)
	default:
		fmt.Fprintf(out, "burnish is not running (state folder %s); its last status, of %s:\n", diag.Printable(dir), s.Written.Local().Format(moment))
	}
	fmt.Fprintf(out, "since %s: %s done, %d failed, %d in progress, %d waiting%s\n", s.Started.Local().Format(moment), counted(s.Done, "photos"), s.Failed, s.Working, s.Waiting, speed(now))
	printNames(out, "in progress", s.InWork, s.Working)
	if k := s.Cluster; k != nil && runs {
		text := fmt.Sprintf("%d of them with %s", k.Out, counted(len(k.Workers), "workers"))
		if k.Here != "" {
			text = k.Here
		}
		fmt.Fprintf(out, "cluster: %s; see burnish cluster status\n", text)
	}
	printNames(out, "waiting", s.Next, s.Waiting)
	if n := inReview(s); n > 0 {
		fmt.Fprintf(out, "review: %s in review; burnish review lists them\n", counted(n, "photos"))
	}
	for _, f := range s.Folders {
		printNames(out, "arriving", f.Names, f.Arriving)
	}
	if e := s.LastError; e != nil {
		fmt.Fprintf(out, "last error: %s  %s\n", e.Time.Local().Format(moment), withHint(e.Reason, e.Hint))
	}
	if r := s.Reload; r != nil {
		printReload(out, r)
	}
	for _, step := range devices(s) {
		fmt.Fprintf(out, "device: %s\n", diag.Printable(step))
	}
	if s.Sandbox != "" {
		fmt.Fprintf(out, "sandbox: %s\n", s.Sandbox)
	}
	if s.Calls != "" {
		fmt.Fprintf(out, "system calls: %s\n", s.Calls)
	}
	if s.Shut != "" {
		fmt.Fprintf(out, "on hold: %s\n", diag.Printable(s.Shut))
	}
	if s.Ledger != "" {
		fmt.Fprintf(out, "at start: %s\n", diag.Printable(s.Ledger))
	}
	for _, c := range s.Changes {
		fmt.Fprintf(out, "changed: %s: %s\n", diag.Printable(c.Folder), diag.Printable(c.Text))
	}
	if s.Scrub != nil {
		fmt.Fprintln(out, scrubText(*s.Scrub))
	}
	for _, h := range s.Held {
		how := "on hold"
		if h.Wanted {
			how = "waits"
		}
		fmt.Fprintf(out, "%s: %s: %s\n", how, diag.Printable(h.Folder), diag.Printable(h.Reason))
	}
	for _, f := range s.Folders {
		on := f.Filesystem
		if on != "" {
			on += ", "
		}
		fmt.Fprintf(out, "%-9s %s (%s%s in %s, %d arriving)\n", f.Mode, diag.Printable(f.Folder), on, counted(f.Files, "files"), counted(f.Folders, "folders"), f.Arriving)
		if f.Reason != "" {
			fmt.Fprintf(out, "          %s\n", diag.Printable(f.Reason))
		}
	}
}

// printReload tells how the latest reload ended.
func printReload(out io.Writer, r *api.ReloadStatus) {
	at := r.Time.Local().Format(time.DateTime)
	if r.Error == "" {
		fmt.Fprintf(out, "configuration: reloaded %s\n", at)
		return
	}
	fmt.Fprintf(out, "configuration: the reload of %s failed, the one before stays in use:\n", at)
	for line := range strings.Lines(r.Error) {
		fmt.Fprintf(out, "  %s\n", diag.Printable(strings.TrimSuffix(line, "\n")))
	}
}

// speed is the rate and the time left, in words.
func speed(s api.Standing) string {
	if s.Rate == 0 {
		return ""
	}
	text := "; " + rateText(1, time.Duration(60/s.Rate*float64(time.Second)))
	if s.ETA > 0 {
		text += ", about " + duration(s.ETA) + " left"
	}
	return text
}

// devices are what the pipelines' networks run on, each once.
func devices(s *api.DaemonStatus) (all []string) {
	for _, steps := range s.Steps {
		all = append(all, steps...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// printNames prints some of n files.
func printNames(out io.Writer, what string, names []string, n int) {
	if len(names) == 0 {
		return
	}
	shown := names[:min(len(names), app.NamesShown)]
	for _, name := range shown {
		fmt.Fprintf(out, "  %s: %s\n", what, diag.Printable(name))
	}
	if n > len(shown) {
		fmt.Fprintf(out, "  %s: and %d more\n", what, n-len(shown))
	}
}

// scrubText tells of the background verification.
func scrubText(s api.ScrubStatus) string {
	found, ended := s.Latest()
	text := fmt.Sprintf("background verification: %s, %s so far", counted(s.Count.Photos, "photos"), diag.Size(s.Count.Bytes))
	if !s.Finished.IsZero() {
		text = fmt.Sprintf("background verification: %s, %s", counted(s.Count.Photos, "photos"), diag.Size(s.Count.Bytes))
	}
	if !ended.IsZero() {
		text += ", last ended " + ended.Local().Format(time.DateTime)
	}
	if len(found) > 0 {
		kinds := map[string]int{}
		for kind, n := range found {
			kinds[kind] = n
		}
		text += ": " + countedEach(kinds) + "; burnish verify lists them"
	}
	return text
}
