package cmd

import (
	"cmp"
	"context"
	"slices"

	"github.com/burnish-photo/burnish/cmd/app"
	"github.com/burnish-photo/burnish/cmd/pace"
	"github.com/burnish-photo/burnish/cmd/serve"
	"github.com/burnish-photo/burnish/cmd/worker"
	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/plugin"
)

// appConfig is a configuration file as the daemon takes it.
func appConfig(c *config.Config, w app.Workers) app.Config {
	a := app.Config{StateDir: c.StateDir, Workers: w, MinFreeSpace: c.Limits.MinFreeSpace, QueuePerFolder: c.Limits.QueuePerFolder, ScrubRate: c.Scrub.Rate, Requests: c.Faces.On(), RequestsInRow: c.Faces.Priority}
	a.Serve = serve.Config{
		Listen: c.Listen, BasePath: c.HTTP.BasePath, Hosts: c.HTTP.Hosts, RequireToken: c.HTTP.RequireToken,
		Proxies: serve.Proxies{Networks: c.HTTP.Networks(), Unix: slices.Contains(c.HTTP.TrustedProxies, config.UnixProxy)},
	}
	a.Pace = pace.Rules{Quiet: quietHours(c.QuietHours), LoadBelow: c.Limits.LoadBelow.Part(), OffOnly: c.Limits.OnBattery == config.PauseOnBattery}
	for i, w := range c.Watch {
		a.Folders = append(a.Folders, app.Folder{Watch: w.Config, Priority: w.Priority, Pace: pace.Rules{Quiet: quietHours(w.QuietHours), LoadBelow: w.LoadBelow.Part()}, Digest: c.WatchDigest(i), Job: watchedJob(w)})
	}
	return a
}

func quietHours(all []config.Hours) (hours []pace.Hours) {
	for _, h := range all {
		hours = append(hours, h)
	}
	return hours
}

// watchedJob is what is done with a watched folder's photos.
func watchedJob(w config.Watch) plugin.Job {
	return plugin.Job{
		Links: plugin.Links(w.Links), Pipeline: w.Pipeline, Output: w.Output, Review: w.Review, Allow: w.AllowFormats, Limits: w.Limits, Quarantine: w.OnQuarantine.Move,
		OnChange: cmp.Or(w.OnChange, plugin.AskFirst), Canary: w.Canary > 0,
		After: plugin.After{Move: w.OnSuccess.Move, Trash: w.OnSuccess.Trash, KeepSidecars: w.OnSuccess.Sidecars == config.KeepSidecars},
	}
}

// workers opens workers with one configuration, in a process of their own unless
// this one is asked for.
type workers struct {
	options   worker.Options
	inProcess bool
}

// Open opens a worker.
func (w workers) Open(ctx context.Context) (app.Worker, error) {
	if w.inProcess {
		return opened(worker.OpenLocal(ctx, w.options))
	}
	return opened(worker.Supervise(w.options))
}

// Check opens a worker without the ledger, and closes it.
func (w workers) Check(ctx context.Context) (identity string, err error) {
	w.options.Trial = true
	trial, err := w.Open(ctx)
	if err != nil {
		return "", err
	}
	return trial.Describe().Identity, trial.Close()
}

// Renew has the worker that is open get ready to go on with the configuration.
func (w workers) Renew(ctx context.Context, now app.Worker) (app.Renewal, error) {
	switch now := now.(type) {
	case *worker.Supervised:
		r, err := now.Renew(w.options, func() error { _, err := w.Check(ctx); return err })
		if r == nil || err != nil {
			return nil, err
		}
		return renewal[*worker.Supervised]{r}, nil
	case *worker.Local:
		r, err := now.Renew(ctx, w.options)
		if r == nil || err != nil {
			return nil, err
		}
		return renewal[*worker.Local]{r}, nil
	}
	return nil, nil
}

// renewal is one of a worker of type W.
type renewal[W app.Worker] struct {
	ready interface {
		Identity() string
		TakeOver() (W, error)
		Discard() error
	}
}

func (r renewal[W]) Identity() string { return r.ready.Identity() }

func (r renewal[W]) TakeOver() (app.Worker, error) { return opened(r.ready.TakeOver()) }

func (r renewal[W]) Discard() error { return r.ready.Discard() }

// opened keeps an error from becoming a worker that is not nil.
func opened[W app.Worker](w W, err error) (app.Worker, error) {
	if err != nil {
		return nil, err
	}
	return w, nil
}
