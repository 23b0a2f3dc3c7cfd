package cmd

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/plugin/schedule"
)

// lookEvery is how often a gate that is shut, in whole or in part, is looked at
// again without any other cause.
const lookEvery = 5 * time.Second

// gate keeps photos from beginning: while Burnish is paused, in quiet hours,
// and where a disk is nearly full. What is under way is let through.
type gate struct {
	config *config.Config
	log    *slog.Logger
	open   bool   // --once: what a person has started is done now
	paused bool   // by burnish pause; survives a restart as a file
	shut   string // why nothing may begin, or ""
	low    map[string]string
}

func newGate(c *config.Config, log *slog.Logger, open bool) gate {
	g := gate{config: c, log: log, open: open, low: map[string]string{}}
	_, err := os.Stat(pauseFile(c.StateDir))
	g.paused = err == nil
	return g
}

func pauseFile(stateDir string) string { return filepath.Join(stateDir, "paused") }

// setPaused makes the file that says so, or removes it.
func setPaused(stateDir string, paused bool) error {
	if paused {
		return os.WriteFile(pauseFile(stateDir), []byte("burnish resume ends the pause\n"), 0o640)
	}
	if err := os.Remove(pauseFile(stateDir)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// look brings the gate up to date and returns when to look again.
func (g *gate) look(now time.Time, q *schedule.Queue) time.Duration {
	if g.open {
		return time.Hour
	}
	why := ""
	if g.paused {
		why = "paused, until burnish resume"
	}
	for _, h := range g.config.QuietHours {
		if why == "" && h.Contains(now) {
			why = "quiet hours " + h.String()
		}
	}
	if why != g.shut {
		if why != "" {
			g.log.Info("no further photo begins", "reason", why)
		} else {
			g.log.Info("photos begin again")
		}
		g.shut = why
	}
	low := g.lookAtDisks(q)
	if why != "" || low || len(g.config.QuietHours) > 0 {
		return lookEvery
	}
	return time.Minute
}

// closed reports whether nothing may begin.
func (g *gate) closed() bool { return g.shut != "" }

// lookAtDisks blocks the folders whose outputs have no space.
func (g *gate) lookAtDisks(q *schedule.Queue) (low bool) {
	for _, w := range g.config.Watch {
		why := g.tooFull(w.Output, g.config.StateDir)
		if (why == "") != (g.low[w.Folder] == "") {
			if why != "" {
				g.log.Warn("photos of a folder wait for space", "folder", w.Folder, "reason", why)
			} else {
				g.log.Info("there is space again", "folder", w.Folder)
			}
		}
		g.low[w.Folder] = why
		q.Pause(w.Folder, why)
		low = low || why != ""
	}
	return low
}

func (g *gate) tooFull(folders ...string) string {
	for _, folder := range folders {
		var s syscall.Statfs_t
		if syscall.Statfs(folder, &s) != nil {
			continue // the work itself says what is wrong
		}
		if free := diag.Size(s.Bavail) * diag.Size(s.Bsize); free < g.config.Limits.MinFreeSpace {
			return fmt.Sprintf("%s are free below %s, limits.min_free_space requires %s: free some", free, folder, g.config.Limits.MinFreeSpace)
		}
	}
	return ""
}
