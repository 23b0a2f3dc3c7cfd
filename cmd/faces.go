package cmd

import (
	"context"
	"log/slog"
	"sync/atomic"

	"github.com/burnish-photo/burnish/cmd/app"
	"github.com/burnish-photo/burnish/cmd/faces/intake"
	v1 "github.com/burnish-photo/burnish/cmd/faces/v1"
	"github.com/burnish-photo/burnish/cmd/serve"
	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/plugin"
)

// faces are the protocols by which photos are sent in. They share one intake.
type faces struct {
	log    *slog.Logger
	daemon atomic.Pointer[app.App]
	intake *intake.Intake
	v1     *v1.API
}

// mount begins to answer on the site. The state folder is the daemon's alone.
func (f *faces) mount(site *serve.Site, stateDir string) {
	submit := func(ctx context.Context, j plugin.Job) (plugin.Result, error) { return app.Submit(ctx, f.daemon.Load(), j) }
	in, err := intake.Open(intake.Options{StateDir: stateDir, Submit: submit})
	if err != nil {
		f.log.Error("no photos can be sent in", "error", err)
		return
	}
	f.intake = in
	f.v1 = v1.New(in, release(), site)
}

// configure goes on with another configuration. Before mount it does nothing.
func (f *faces) configure(c *config.Config) {
	if f.intake == nil {
		return
	}
	f.intake.Configure(intake.Config{Queue: c.Faces.Queue, Space: c.Faces.Space, Timeout: c.Faces.Timeout, Bytes: c.Limits.Bytes, MinFree: c.Limits.MinFreeSpace})
	f.v1.Configure(offered(c, c.Faces.Process.Pipelines))
}

// offered are pipelines as requests may ask for them.
func offered(c *config.Config, names []string) (all []v1.Pipeline) {
	for _, name := range names {
		p := v1.Pipeline{Name: name}
		for _, o := range c.Pipelines[name].Outputs {
			p.Outputs = append(p.Outputs, v1.Output{ID: o.ID, Format: o.Format})
		}
		all = append(all, p)
	}
	return all
}
