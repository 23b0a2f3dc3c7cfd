package cmd

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"

	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/watcher"
)

type runCommand struct {
	Folder string `arg:"" optional:"" help:"Folder to watch, without a configuration file."`
	Output string `short:"o" placeholder:"OUT" help:"Folder for the outputs of FOLDER."`
	State  string `placeholder:"DIR" help:"State folder of FOLDER; default: burnish in the XDG state folder."`
	Config string `short:"c" placeholder:"FILE" help:"Configuration file; default without FOLDER: the first of ${places}."`
	Once   bool   `help:"Process what is there, then exit: 0 if all went well, 1 if some photos failed, 130 if it was interrupted."`

	InProcess bool `help:"Work on photos in this process rather than in one that may crash; for debugging."`
}

// Help is shown by burnish run --help.
func (runCommand) Help() string {
	return `The daemon. It takes in what is in the watched folders already, then every photo that arrives. SIGTERM, SIGINT (Ctrl-C) or SIGHUP lets it finish the photos in work; a second SIGTERM or SIGINT ends it at once.

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
		fmt.Fprintln(h.err, "interrupted before all photos were done; the same command does the rest")
		err = errors.Join(err, errInterrupted)
	}
	return err
}

// worker is an engine in a process of its own, unless this one is asked for.
func (r *runCommand) worker(h *host, c *config.Config, log *slog.Logger) (worker, error) {
	if c.Worker.Process && !r.InProcess {
		return supervise(r, c, h, log)
	}
	engine, err := plugin.Open(h, *c, h.registry, plugin.WithLedger(), plugin.WithVersion(release()), plugin.WithLog(log))
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
	return c, c.Validate()
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
