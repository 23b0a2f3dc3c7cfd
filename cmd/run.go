package cmd

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"

	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/watcher"
)

type runCommand struct {
	Folder string `arg:"" optional:"" help:"Folder to watch, without a configuration file."`
	Output string `short:"o" placeholder:"OUT" help:"Output folder for FOLDER."`
	State  string `placeholder:"DIR" help:"State folder for FOLDER; default: burnish in the XDG state folder."`
	Config string `short:"c" placeholder:"FILE" help:"Configuration file; default, without FOLDER: the first of ${places}."`
	Once   bool   `help:"Process existing photos, then exit: 0 on success, 1 if some photos failed, 130 if interrupted."`

	InProcess bool `help:"Process photos in this process instead of a worker process; for debugging."`
}

// Help is shown by burnish run --help.
func (runCommand) Help() string {
	return `Processes existing photos of watched folders, then new ones. On SIGTERM, SIGINT (Ctrl-C) or SIGHUP it finishes the photos in progress and exits. A second SIGTERM or SIGINT ends it at once.

Examples:
  burnish run -c burnish.yaml
  burnish run ~/Pictures/ingest -o ~/Pictures/restored
  burnish run -c burnish.yaml --once`
}

// Run watches until the context ends, or once.
func (r *runCommand) Run(h *host) error {
	outliveReaders()
	c, err := r.configuration(h)
	if err != nil {
		return err
	}
	log := slog.New(newFolding(h.logger().Handler()))
	w, err := r.worker(h, c, log)
	if err != nil {
		return err
	}
	d := newDaemon(c, w, log, r.Once)
	err = errors.Join(d.run(h), d.worker.close(), d.summary(h))
	if r.Once && h.Err() != nil {
		fmt.Fprintln(h.err, "interrupted before all photos were done; repeat the command to continue")
		err = errors.Join(err, errInterrupted)
	}
	return err
}

// worker is an engine in a process of its own, unless this one is asked for.
func (r *runCommand) worker(h *host, c *config.Config, log *slog.Logger) (worker, error) {
	if c.Worker.Process && !r.InProcess {
		return supervise(r, c, h, log)
	}
	engine, err := plugin.Open(h, c.Engine(), h.registry, plugin.WithLedger(), plugin.WithVersion(release()), plugin.WithLog(log))
	if err != nil {
		return nil, err
	}
	return local{engine}, nil
}

func (r *runCommand) configuration(h *host) (*config.Config, error) {
	switch {
	case r.Folder == "":
		return r.fromFile(h)
	case r.Config != "":
		return nil, errors.New("give either -c FILE or FOLDER -o OUT, not both")
	case r.Output == "":
		return nil, fmt.Errorf("%s: name the folder for the outputs with -o OUT", r.Folder)
	}
	c, err := h.load("")
	if err != nil {
		return nil, err
	}
	if r.State != "" {
		if c.StateDir, err = filepath.Abs(r.State); err != nil {
			return nil, err
		}
	}
	w := config.Watch{Config: watcher.DefaultConfig(), Pipeline: config.DefaultPipeline}
	if w.Folder, err = filepath.Abs(r.Folder); err != nil {
		return nil, err
	}
	if w.Output, err = filepath.Abs(r.Output); err != nil {
		return nil, err
	}
	c.Watch = []config.Watch{w}
	return c, diag.Check(c)
}

func (r *runCommand) fromFile(h *host) (*config.Config, error) {
	if r.Output != "" || r.State != "" {
		return nil, errors.New("-o and --state belong to FOLDER; with a configuration, set \"output\" and \"state_dir\" in it")
	}
	file, err := find(r.Config)
	if err != nil {
		return nil, fmt.Errorf("%w; or watch a folder without one: burnish run FOLDER -o OUT", err)
	}
	c, err := h.load(file)
	if err == nil && len(c.Watch) == 0 {
		err = fmt.Errorf("%s watches no folder: add one under \"watch:\", or use burnish apply", file)
	}
	if err == nil && (r.Once || !slices.ContainsFunc(c.Watch, isThere)) {
		return h.loadHere(file) // which says what is wrong with the folders
	}
	return c, err
}

// isThere reports whether a watched folder is. Of several one may come later,
// as a disk does.
func isThere(w config.Watch) bool {
	info, err := os.Stat(w.Folder)
	return err == nil && info.IsDir()
}
