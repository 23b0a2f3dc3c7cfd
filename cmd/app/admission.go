package app

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/ops/event"
	"github.com/burnish-photo/burnish/plugin/schedule"
)

// recheckEvery is how often a closed admission, of all folders or of one, is
// looked at again without any other cause.
const recheckEvery = 5 * time.Second

func pauseFile(stateDir string) string { return filepath.Join(stateDir, "paused") }

// SetPaused makes the file that says so, or removes it. A running daemon is
// asked instead: see [App.Pause].
func SetPaused(stateDir string, paused bool) error {
	if paused {
		return os.WriteFile(pauseFile(stateDir), []byte("burnish resume ends the pause\n"), 0o640)
	}
	if err := os.Remove(pauseFile(stateDir)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func isPaused(stateDir string) bool {
	_, err := os.Stat(pauseFile(stateDir))
	return err == nil
}

// admit decides whether photos may begin: not while Burnish is paused nor in
// quiet hours, and none of a folder whose outputs have no space. What is under
// way goes on. It returns when to decide again.
func (a *App) admit(now time.Time) time.Duration {
	if a.options.Once { // what a person has started is done now
		return time.Hour
	}
	why := ""
	if a.paused {
		why = "paused, until burnish resume"
	}
	ruled := a.current.config.paced()
	if ruled {
		a.host.Look(now)
	}
	if why == "" {
		why = a.current.config.Pace.Why(now, &a.host)
	}
	switch {
	case why != "" && a.closed == "":
		a.log.Info("processing paused", event.Paused.Attr(), "reason", why)
	case why == "" && a.closed != "":
		a.log.Info("processing resumed", event.Resumed.Attr())
	}
	a.closed = why
	if low := a.current.pauseFull(a, now); low || why != "" || ruled {
		return recheckEvery
	}
	return time.Minute
}

// paced reports whether there is any rule of when photos may begin.
func (c Config) paced() bool {
	return c.Pace.Any() || slices.ContainsFunc(c.Folders, func(f Folder) bool { return f.Pace.Any() })
}

// pauseFull pauses the folders whose outputs have no space, and those whose rules
// of pace let none of their photos begin now.
func (s *session) pauseFull(a *App, now time.Time) (low bool) {
	for _, f := range s.config.Folders {
		folder := f.Watch.Folder
		why := s.config.lacksSpace(f.Job.Output, s.config.StateDir)
		if (why == "") != (s.low[folder] == "") {
			if why != "" {
				a.log.Warn("folder paused: low disk space", event.DiskLow.Attr(), "folder", folder, "reason", why)
			} else {
				a.log.Info("folder resumed", event.DiskOK.Attr(), "folder", folder)
			}
		}
		s.low[folder] = why
		waits := f.Pace.Why(now, &a.host)
		switch {
		case waits != "" && s.waits[folder] == "":
			a.log.Info("folder paused", event.Paused.Attr(), "folder", folder, "reason", waits)
		case waits == "" && s.waits[folder] != "":
			a.log.Info("folder resumed", event.Resumed.Attr(), "folder", folder)
		}
		s.waits[folder] = waits
		s.queue.Pause(folder, cmp.Or(why, waits))
		low = low || why != ""
	}
	return low
}

// tellBreakers tells of folders whose circuit breakers opened or closed since.
func (s *session) tellBreakers(log *slog.Logger, now time.Time) {
	why := map[string]string{}
	for _, p := range s.queue.Paused() {
		why[p.Folder] = p.Reason
	}
	for _, f := range s.queue.Stats(now) {
		switch {
		case f.Breaker == schedule.BreakerOpen && !s.open[f.Folder]:
			s.open[f.Folder] = true
			log.Warn("folder paused: its photos fail for one cause", event.BreakerOpened.Attr(), "folder", f.Folder, "reason", why[f.Folder])
		case f.Breaker == schedule.BreakerClosed && s.open[f.Folder]:
			delete(s.open, f.Folder)
			log.Info("folder resumed: its photos succeed again", event.BreakerClosed.Attr(), "folder", f.Folder)
		}
	}
}

// freeSpace is what a file system says is free. Object stores that are mounted say
// 16 EiB, which a Size cannot hold.
func freeSpace(s syscall.Statfs_t) diag.Size {
	return diag.Size(min(float64(s.Bavail)*float64(s.Bsize), 1<<62))
}

func (c Config) lacksSpace(folders ...string) string {
	for _, folder := range folders {
		free, err := FreeSpace(folder)
		if err != nil {
			continue // the work itself says what is wrong
		}
		if free < c.MinFreeSpace {
			return fmt.Sprintf("%s are free below %s, limits.min_free_space requires %s: free some", free, folder, c.MinFreeSpace)
		}
	}
	return ""
}

// FreeSpace is what users may still write to the file system of a folder.
func FreeSpace(folder string) (diag.Size, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(folder, &s); err != nil {
		return 0, err
	}
	return freeSpace(s), nil
}
