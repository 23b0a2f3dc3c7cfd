package cmd

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/burnish-photo/burnish/config/strict"
	"github.com/burnish-photo/burnish/watcher"
)

type statusCommand struct {
	stateOption
	JSON bool `name:"json" help:"Print JSON."`
}

// Help is shown by burnish status --help.
func (statusCommand) Help() string {
	return `Says whether the daemon runs, and for every watched folder how its photos are found: watching (by file system events), polling, or degraded, with the reason and the remedy. Where no daemon runs it shows what the last one left.

Exit code 0: it runs, no folder is degraded and none is held; 1: otherwise.

Examples:
  burnish status -c burnish.yaml
  burnish status --json | jq .folders`
}

// Run prints the state.
func (s *statusCommand) Run(h *host) error {
	dir, err := s.dir(h)
	if err != nil {
		return err
	}
	runs, err := running(dir)
	var left *state
	if err == nil {
		left, err = readState(dir)
	}
	if errors.Is(err, os.ErrPermission) {
		return fmt.Errorf("%w; run burnish status as root or as the daemon's user", err)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	err = nil
	if s.JSON {
		err = json.NewEncoder(h.out).Encode(struct {
			Running bool   `json:"running"`
			Dir     string `json:"state_dir"`
			*state
		}{runs, dir, left})
	} else {
		printState(h.out, dir, runs, left)
	}
	if err == nil && (!runs || left != nil && left.degraded()) {
		err = errFailures
	}
	return err
}

func (s *state) degraded() bool {
	if len(s.Held) > 0 {
		return true
	}
	for _, f := range s.Folders {
		if f.Mode == watcher.Degraded {
			return true
		}
	}
	return false
}

func printState(out io.Writer, dir string, runs bool, s *state) {
	const moment = time.DateTime
	switch {
	case s == nil && runs:
		fmt.Fprintf(out, "burnish is starting with the state folder %s\n", strict.Printable(dir))
		return
	case s == nil:
		fmt.Fprintf(out, "burnish does not run with the state folder %s, and has left no state there\n", strict.Printable(dir))
		return
	case runs:
		fmt.Fprintf(out, "burnish %s runs, process %d, since %s\n", s.Version, s.PID, s.Started.Local().Format(moment))
	default:
		fmt.Fprintf(out, "burnish does not run with the state folder %s; what it left at %s:\n", strict.Printable(dir), s.Written.Local().Format(moment))
	}
	fmt.Fprintf(out, "%d photos done, %d failed, %d in work, %d waiting\n", s.Done, s.Failed, s.Working, s.Waiting)
	if s.Sandbox != "" {
		fmt.Fprintf(out, "sandbox: %s\n", s.Sandbox)
	}
	if s.Calls != "" {
		fmt.Fprintf(out, "system calls: %s\n", s.Calls)
	}
	if s.Shut != "" {
		fmt.Fprintf(out, "no photo begins: %s\n", strict.Printable(s.Shut))
	}
	if s.Ledger != "" {
		fmt.Fprintf(out, "at its start: %s\n", strict.Printable(s.Ledger))
	}
	for _, h := range s.Held {
		fmt.Fprintf(out, "photos of %s wait: %s\n", strict.Printable(h.Folder), strict.Printable(h.Reason))
	}
	for _, f := range s.Folders {
		on := f.Filesystem
		if on != "" {
			on += ", "
		}
		fmt.Fprintf(out, "%-9s %s (%s%d files in %d folders, %d arriving)\n", f.Mode, strict.Printable(f.Folder), on, f.Files, f.Folders, f.Arriving)
		if f.Reason != "" {
			fmt.Fprintf(out, "          %s\n", strict.Printable(f.Reason))
		}
	}
}
