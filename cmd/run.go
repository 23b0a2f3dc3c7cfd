package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/cmd/app"
	"github.com/burnish-photo/burnish/cmd/logging"
	"github.com/burnish-photo/burnish/cmd/notify"
	"github.com/burnish-photo/burnish/cmd/serve"
	"github.com/burnish-photo/burnish/cmd/worker"
	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/plugin/admission"
)

type runCommand struct {
	token string // of the NATS server in the daemon

	Folder string   `arg:"" optional:"" help:"Folder to watch, without a configuration file."`
	Output string   `short:"o" placeholder:"OUT" help:"Output folder for FOLDER."`
	State  string   `placeholder:"DIR" help:"State folder for FOLDER; default: burnish in the XDG state folder."`
	Config string   `short:"c" placeholder:"FILE" help:"Configuration file; default, without FOLDER: the first of ${places}."`
	Listen []string `placeholder:"ADDRESS" help:"Serve the page and the HTTP API there, too: HOST:PORT, or the path of a Unix socket."`
	Once   bool     `help:"Process existing photos, then exit: 0 on success, 1 if some photos failed, 130 if interrupted."`

	Cluster clusterFlag `placeholder:"HOST:PORT" help:"Run a NATS server in the daemon, and hand photos to machines that run burnish work; default: 127.0.0.1:4222."`

	InProcess bool `help:"Process photos in this process instead of a worker process; for debugging."`
}

// Help is shown by burnish run --help.
func (runCommand) Help() string {
	return `Processes existing photos of watched folders, then new ones. On SIGTERM or SIGINT (Ctrl-C) it finishes the photos in progress and exits. A second one ends it at once. On SIGHUP it reads its configuration file again, as on burnish reload; if its terminal closed, it exits instead.

The page and the HTTP API are served where "listen" in the configuration says, and at --listen.

Examples:
  burnish run -c burnish.yaml
  burnish run ~/Pictures/ingest -o ~/Pictures/restored --listen 127.0.0.1:8722
  burnish run -c burnish.yaml --once`
}

// Run watches until the context ends, or once.
func (r *runCommand) Run(h *host) error {
	outliveReaders()
	inherited, err := inheritedSockets()
	if err != nil {
		return err
	}
	var asked <-chan struct{}
	if !r.Once {
		asked = h.hangups.listen() // from now on, so that none ends a daemon that starts
	}
	n, recent := notifier{}, logging.NewRecent()
	log := slog.New(logging.Tell(recent.Keep(logging.NewSampler(h.logger().Handler())), n.hear))
	shown := &shownConfiguration{host: h, reloads: r.Folder == "" && !r.Once}
	sent := &faces{log: log}
	load := func(context.Context) (app.Config, error) { return r.load(h, log, &n, shown, sent) }
	if r.Cluster.address != "" {
		c, _, err := r.configuration(h)
		if err != nil {
			return err
		}
		token, shut, err := r.Cluster.embed(c.StateDir, log)
		if err != nil {
			return err
		}
		defer shut()
		r.token = token
	}
	c, err := load(h)
	if err != nil {
		return err
	}
	n.open(c.StateDir, log)
	defer n.close(r.Once)
	o := app.Options{Config: c, Version: release(), Log: log, Once: r.Once, Notify: systemd{log}}
	var site *serve.Site
	if !r.Once {
		o.Lines = func(photo string) (lines []api.LogLine) {
			for _, l := range recent.Of(photo) {
				lines = append(lines, api.LogLine{Time: l.Time, Level: l.Level.String(), Text: l.Text})
			}
			return lines
		}
		o.Site = func(control *api.Mux) *serve.Site {
			api.HandleConfiguration(control, shown.now)
			site = newSite(c.StateDir, control, inherited, log)
			if err := sent.mount(site, control, c.StateDir); err != nil {
				log.Error("no photos can be sent in", "error", err)
			}
			return site
		}
	}
	if !r.Once && logging.IsTerminal(h.err) {
		o.Notify = &greeting{Notifier: o.Notify, greet: func() { greet(h.err, site.Addresses()) }}
	}
	if shown.reloads {
		o.Load = load
	}
	d, err := app.New(h, o)
	if err != nil {
		return err
	}
	sent.daemon.Store(d)
	if !r.Once {
		go reloadOnHangup(h, asked, d, log)
	}
	err = d.Run(h)
	sent.close()
	err = errors.Join(err, d.Close())
	if r.Once {
		err = errors.Join(err, h.printSummary(d.Summary()))
	}
	if r.Once && h.Err() != nil {
		fmt.Fprintln(h.err, "interrupted before all photos were done; repeat the command to continue")
		err = errors.Join(err, errInterrupted)
	}
	return err
}

// greeting greets whoever has started the daemon, once it is ready.
type greeting struct {
	app.Notifier
	once  sync.Once
	greet func()
}

// Ready says that the daemon is ready, also after a reload.
func (g *greeting) Ready() {
	g.Notifier.Ready()
	g.once.Do(g.greet)
}

// greet tells a person how to open the page.
func greet(w io.Writer, addresses []string) {
	if len(addresses) == 0 {
		fmt.Fprintln(w, "no page is served: start with --listen 127.0.0.1:8722, or set \"listen\" in the configuration, and open http://127.0.0.1:8722/")
		return
	}
	fmt.Fprintf(w, "the page is at %s\n", strings.Join(addresses, " and "))
}

// reloadOnHangup reads the configuration again whenever SIGHUP asks for it.
func reloadOnHangup(h *host, asked <-chan struct{}, d *app.App, log *slog.Logger) {
	for {
		select {
		case <-asked:
			if err := d.Reload(h); err != nil {
				log.Debug("SIGHUP changed nothing", "error", err) // the daemon has said why
			}
		case <-h.Done():
			return
		}
	}
}

// load reads what the command line names.
func (r *runCommand) load(h *host, log *slog.Logger, n *notifier, shown *shownConfiguration, sent *faces) (app.Config, error) {
	c, source, err := r.configuration(h)
	if err != nil {
		return app.Config{}, err
	}
	places := c.ListenPlaces()
	if err := c.AddListen(r.Listen); err != nil {
		return app.Config{}, fmt.Errorf("--listen: %w", err)
	}
	told, err := notify.Open(notifySettings(c.Notify))
	if err != nil {
		return app.Config{}, err
	}
	adopt, err := sent.prepare(c)
	if err != nil {
		return app.Config{}, err
	}
	w, err := withCluster(h, c, workers{
		options:   worker.Options{Config: c, Source: source, Registry: h.registry, Version: release(), Verbose: h.verbose, Log: log, Share: admission.ShareOf(c.Limits.Share.Part(), admission.Cores())},
		inProcess: r.InProcess || !c.Worker.Process,
	}, &r.Cluster, r.token)
	if err != nil {
		return app.Config{}, err
	}
	a := appConfig(c, w)
	a.Serve.Places = places
	a.Adopted = func() {
		n.use(told)
		adopt()
		shown.inUse.Store(&source)
	}
	return a, nil
}

// configuration is also given as the text that it was read from.
func (r *runCommand) configuration(h *host) (*config.Config, worker.Source, error) {
	switch {
	case r.Folder == "":
		return r.fromFile(h)
	case r.Config != "":
		return nil, worker.Source{}, errors.New("give either -c FILE or FOLDER -o OUT, not both")
	case r.Output == "":
		return nil, worker.Source{}, fmt.Errorf("%s: name the folder for the outputs with -o OUT", r.Folder)
	}
	paths, err := absolute([]string{r.Folder, r.Output})
	if err == nil && r.State != "" {
		r.State, err = filepath.Abs(r.State)
	}
	if err != nil {
		return nil, worker.Source{}, err
	}
	source := worker.Source{File: "burnish run"}
	if source.Folder, err = os.Getwd(); err != nil {
		return nil, source, err
	}
	if source.Text, err = config.ForFolder(paths[0], paths[1], r.State); err != nil {
		return nil, worker.Source{}, err
	}
	c, faults := config.Parse(source.File, source.Folder, source.Text, h.registry)
	if errs, _ := faults.Split(); len(errs) > 0 {
		var all []string
		for _, f := range errs {
			all = append(all, f.Message) // its place means nothing to the user
		}
		return nil, worker.Source{}, errors.New(strings.Join(all, "\n"))
	}
	return c, source, nil
}

func (r *runCommand) fromFile(h *host) (*config.Config, worker.Source, error) {
	if r.Output != "" || r.State != "" {
		return nil, worker.Source{}, errors.New("-o and --state belong to FOLDER; with a configuration, set \"output\" and \"state_dir\" in it")
	}
	file, err := find(r.Config)
	if err != nil {
		return nil, worker.Source{}, fmt.Errorf("%w; or watch a folder without one: burnish run FOLDER -o OUT", err)
	}
	source := worker.Source{File: file}
	if source.Folder, err = filepath.Abs(filepath.Dir(file)); err != nil {
		return nil, source, err
	}
	all := func(all diag.Diagnostics) diag.Diagnostics { return all }
	c, text, err := h.readText(file, diag.Diagnostics.Portable)
	source.Text = text
	if err == nil && len(c.Watch) == 0 && (r.Once || !c.Faces.On()) {
		err = fmt.Errorf("%s watches no folder: add one under \"watch:\", or use burnish apply", file)
	}
	if err == nil && len(c.Watch) > 0 && (r.Once || !slices.ContainsFunc(c.Watch, isThere)) {
		c, source.Text, err = h.readText(file, all) // which says what is wrong with the folders
	}
	return c, source, err
}

// printSummary tells what a run of --once did, and names every photo that failed.
func (h *host) printSummary(s app.Summary) error {
	done, skipped := counted(s.Done, "photos")+" done", countedEach(s.Skipped)
	if len(s.Failures) > 0 {
		if skipped != "" {
			fmt.Fprintln(h.err, skipped)
		}
		fmt.Fprintf(h.err, "%s, %d failed:\n", done, len(s.Failures))
		for _, failure := range s.Failures {
			reason, hint := reasonOf(failure)
			fmt.Fprintln(h.err, " ", withHint(reason, hint))
		}
		return errFailures
	}
	switch {
	case s.Done == 0 && skipped == "":
		done = "nothing to do: there are no photos"
	case s.Done == 0 && s.Skipped[app.InReview] == 0:
		done = "nothing to do: " + skipped
	case skipped != "":
		done += ", " + skipped
	}
	fmt.Fprintln(h.err, done)
	return nil
}

// isThere reports whether a watched folder is. Of several one may come later,
// as a disk does.
func isThere(w config.Watch) bool {
	info, err := os.Stat(w.Folder)
	return err == nil && info.IsDir()
}
