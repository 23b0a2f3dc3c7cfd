package cmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/cmd/app"
	"github.com/burnish-photo/burnish/cmd/worker"
	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/plugin/tools"
	"github.com/burnish-photo/burnish/watcher"
)

// Times that checks may take.
const (
	answerWait = 5 * time.Second  // for the daemon
	countWait  = 30 * time.Second // for the folders below each watched one
)

// examineSandbox tells how the worker would be confined.
func examineSandbox(c *config.Config) tools.Finding {
	o := worker.Foresee(c)
	f := tools.Found("sandbox", "%s; system calls %s", o.Files, o.Calls)
	if o.Open != "" {
		return f.Warn("%s", o.Open)
	}
	return f
}

// examineDaemon asks whether a daemon answers; status is that of a running one,
// or nil.
func examineDaemon(ctx context.Context, stateDir string) (f tools.Finding, status *api.DaemonStatus) {
	f = tools.Found("daemon", "none runs with the state folder %s", stateDir)
	runs, err := app.Running(stateDir)
	switch {
	case errors.Is(err, os.ErrPermission):
		f.Detail = err.Error()
		return f.Warn("run burnish doctor as root or as the daemon's user"), nil
	case err != nil:
		f.Detail = err.Error()
		return f.Fail("restart the daemon"), nil
	case !runs:
		return f, nil
	}
	status, err = app.ReadStatus(stateDir)
	if err != nil {
		status = &api.DaemonStatus{}
	}
	f.Detail = fmt.Sprintf("burnish %s runs, process %d", status.Version, status.PID)
	ctx, stop := context.WithTimeout(ctx, answerWait)
	defer stop()
	switch err := api.Reach(ctx, stateDir); {
	case errors.Is(err, os.ErrPermission):
		f.Detail += "; this user may not use its control socket"
		return f.Warn("run burnish doctor as root or as the daemon's user"), status
	case err != nil:
		f.Detail += fmt.Sprintf(", but does not answer on %s/%s: %v", stateDir, api.SocketName, err)
		return f.Fail("restart the daemon"), status
	}
	f.Detail += ", and answers"
	if status.Sandbox != "" {
		f.Detail += "; sandbox: " + status.Sandbox
	}
	if status.Version != release() {
		f.Detail += ", while this command is " + release()
		return f.Warn("restart the daemon, so that it runs the installed version"), status
	}
	return f, status
}

// examineWatching tells of each watched folder whether events or polling find
// its photos, as a running daemon has found out or as it looks, and how far the
// limit of inotify watches is.
func examineWatching(ctx context.Context, c *config.Config, status *api.DaemonStatus) (all []tools.Finding) {
	folders := 0
	for _, w := range c.Watch {
		if _, err := os.Stat(w.Folder); err != nil {
			continue // which is told elsewhere
		}
		f, n := foresee(ctx, w.Config)
		folders += n
		if status != nil {
			f = watched(f, w.Folder, status)
		}
		all = append(all, f)
	}
	limit := watcher.ReadWatchLimit()
	f := tools.Found("inotify", "%s, for %s", limit, counted(folders, "folders"))
	if remedy := limit.Short(folders); remedy != "" && status == nil {
		f.Detail += ": too few, so that folders would be polled"
		f = f.Warn("%s", remedy)
	}
	return append(all, f)
}

// foresee tells how a folder would be watched, and how many watches that takes.
func foresee(ctx context.Context, w watcher.Config) (f tools.Finding, watches int) {
	ctx, stop := context.WithTimeout(ctx, countWait)
	defer stop()
	f = tools.Found("watching", "%s", w.Folder)
	o, err := watcher.Foresee(ctx, w)
	if err != nil {
		f.Detail = err.Error()
		return f.Fail("make the folder readable for the user that runs Burnish"), 0
	}
	least := ""
	if o.Partial {
		least = "at least "
	}
	f.Detail += fmt.Sprintf(": %s%s", least, counted(o.Folders, "folders"))
	if o.Polled == "" {
		f.Detail += ", by events"
		watches = o.Folders
	} else {
		f.Detail += ", by polling: " + o.Polled
	}
	if o.Unreadable != "" {
		f.Detail += "; " + o.Unreadable
		f = f.Fail("make the folder readable for the user that runs Burnish, or exclude it")
	}
	return f, watches
}

// watched is f with what the daemon has found out about the folder.
func watched(f tools.Finding, folder string, status *api.DaemonStatus) tools.Finding {
	for _, s := range status.Folders {
		if s.Folder != folder {
			continue
		}
		f.Detail += fmt.Sprintf("; the daemon: %s", s.Mode)
		if s.Mode == watcher.Degraded {
			what, remedy := s.Reason, "restart the daemon"
			if at := strings.LastIndex(s.Reason, ": "); at >= 0 {
				what, remedy = s.Reason[:at], s.Reason[at+2:]
			}
			f.Detail += ": " + what
			return f.Fail("%s", remedy)
		}
		if s.Reason != "" {
			f.Detail += ": " + s.Reason
		}
	}
	return f
}
