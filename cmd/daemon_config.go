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

// opened keeps an error from becoming a worker that is not nil.
func opened[W app.Worker](w W, err error) (app.Worker, error) {
	if err != nil {
		return nil, err
	}
	return w, nil
}
