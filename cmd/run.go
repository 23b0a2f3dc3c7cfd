package cmd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/watcher"
	sd "github.com/coreos/go-systemd/v22/daemon"
)

type runCommand struct {
	Folder string `arg:"" optional:"" help:"Folder to watch, without a configuration file."`
	Output string `short:"o" placeholder:"OUT" help:"Folder for the outputs of FOLDER."`
	State  string `placeholder:"DIR" help:"State folder of FOLDER; default: burnish in the XDG state folder."`
	Config string `short:"c" placeholder:"FILE" help:"Configuration file; default without FOLDER: ./burnish.yaml, else /etc/burnish/burnish.yaml."`
	Once   bool   `help:"Process what is there, then exit: 0 if all went well, 1 if some photos failed."`
}

// Help is shown by burnish run --help.
func (runCommand) Help() string {
	return `The daemon. It takes in what is in the watched folders already, then every photo that arrives. SIGTERM lets it finish the photos in work; a second one ends it at once.

Examples:
  burnish run -c burnish.yaml
  burnish run ~/Pictures/ingest -o ~/Pictures/restored
  burnish run -c burnish.yaml --once`
}

// Run watches until the context ends, or once.
func (r *runCommand) Run(h *host) error {
	c, err := r.configuration(h)
	if err != nil {
		return err
	}
	log := h.logger()
	engine, err := plugin.Open(h, *c, h.registry, plugin.WithLedger(), plugin.WithLog(log))
	if err != nil {
		return err
	}
	d := &daemon{engine: engine, log: log, folders: map[string]config.Watch{}}
	err = errors.Join(d.run(h, c, r.Once), engine.Close(), d.summary(h, r.Once))
	if r.Once && h.Err() != nil {
		err = errors.Join(err, errors.New("stopped before all photos were done"))
	}
	return err
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
		return nil, fmt.Errorf("%w, or watch a folder without one: burnish run FOLDER -o OUT", err)
	}
	c, err := h.load(file)
	if err == nil && len(c.Watch) == 0 {
		err = fmt.Errorf("%s watches no folder: add one under \"watch:\", or use burnish apply", file)
	}
	return c, err
}

// daemon feeds an engine from a watcher.
type daemon struct {
	engine  *plugin.Engine
	log     *slog.Logger
	folders map[string]config.Watch // by watched folder
	working counter

	mu     sync.Mutex
	done   int
	failed map[string]error // by photo; its last failure
}

func (d *daemon) run(ctx context.Context, c *config.Config, once bool) error {
	o := watcher.Options{Once: once, Complete: plugin.Complete, Log: d.log, Exclude: []string{c.StateDir}}
	for _, w := range c.Watch {
		d.folders[w.Folder] = w
		o.Folders = append(o.Folders, w.Config)
		o.Exclude = append(o.Exclude, w.Output)
	}
	if before, err := readState(c.StateDir); err == nil {
		o.Before = before.Folders
	}
	watch, err := watcher.New(o)
	if err != nil {
		return err
	}
	stopKeeping, err := keepState(ctx, c.StateDir, d.log, func() state { return d.state(watch) })
	if err != nil {
		return err
	}
	defer stopKeeping()
	d.announce(c)
	files := make(chan watcher.File)
	var workers sync.WaitGroup
	for range d.engine.Parallel() {
		workers.Go(func() {
			for f := range files {
				d.working.during(func() { d.process(ctx, f) })
			}
		})
	}
	err = watch.Run(ctx, files)
	close(files)
	_, _ = sd.SdNotify(false, sd.SdNotifyStopping)
	workers.Wait()
	return err
}

// state is what burnish status shows.
func (d *daemon) state(w *watcher.Watcher) state {
	d.mu.Lock()
	defer d.mu.Unlock()
	return state{Folders: w.Folders(), Done: d.done, Failed: len(d.failed), Working: int(d.working.n.Load())}
}

// announce says what is watched and where networks run, and tells systemd.
func (d *daemon) announce(c *config.Config) {
	for name, lines := range d.engine.Describe() {
		for _, line := range lines {
			d.log.Info("ready", "pipeline", name, "step", line)
		}
	}
	for _, w := range c.Watch {
		d.log.Info("taking photos from", "folder", w.Folder, "pipeline", w.Pipeline, "output", w.Output, "settle", w.Settle)
	}
	if _, err := sd.SdNotify(false, sd.SdNotifyReady); err != nil {
		d.log.Warn("systemd could not be told that Burnish is ready", "error", err)
	}
}

// process sees one photo to its end, even while the daemon is being stopped.
func (d *daemon) process(ctx context.Context, f watcher.File) {
	w := d.folders[f.Root]
	result, err := d.engine.Process(context.WithoutCancel(ctx), plugin.Job{Path: f.Path, Root: f.Root, Pipeline: w.Pipeline, Output: w.Output})
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case err != nil:
		d.log.Error("failed", "error", err)
		if d.failed == nil {
			d.failed = map[string]error{}
		}
		d.failed[f.Path] = err
		return
	case result.State == plugin.Skipped:
		d.log.Debug("skipped", "photo", f.Path, "reason", result.Reason)
	default:
		d.done++
		d.log.Info("done", attributes(f.Path, result)...)
	}
	delete(d.failed, f.Path)
}

func attributes(photo string, r plugin.Result) []any {
	all := []any{"photo", photo, "outputs", len(r.Outputs), "took", r.Elapsed.Round(time.Millisecond)}
	if r.Reason != "" {
		all = append(all, "reason", r.Reason)
	}
	for _, key := range slices.Sorted(maps.Keys(r.Notes)) {
		all = append(all, key, r.Notes[key])
	}
	return all
}

// summary names every photo that failed in a run of --once.
func (d *daemon) summary(h *host, once bool) error {
	if !once || len(d.failed) == 0 {
		return nil
	}
	fmt.Fprintf(h.err, "%d photos done, %d failed:\n", d.done, len(d.failed))
	for _, photo := range slices.Sorted(maps.Keys(d.failed)) {
		fmt.Fprintln(h.err, " ", d.failed[photo])
	}
	return errFailures
}
