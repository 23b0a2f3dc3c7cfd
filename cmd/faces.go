package cmd

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"strings"
	"sync/atomic"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/cmd/app"
	"github.com/burnish-photo/burnish/cmd/faces/imaginary"
	"github.com/burnish-photo/burnish/cmd/faces/immich"
	"github.com/burnish-photo/burnish/cmd/faces/intake"
	"github.com/burnish-photo/burnish/cmd/faces/jobs"
	"github.com/burnish-photo/burnish/cmd/faces/kserve"
	v1 "github.com/burnish-photo/burnish/cmd/faces/v1"
	"github.com/burnish-photo/burnish/cmd/serve"
	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/plugin/tools"
)

// faces are the protocols by which photos are sent in. They share one intake.
type faces struct {
	log    *slog.Logger
	daemon atomic.Pointer[app.App]
	intake *intake.Intake // nil: they are not mounted
	v1     *v1.API
	jobs   *jobs.Jobs

	imaginary *imaginary.Face
	immich    *immich.Face
	kserve    *kserve.Face
}

// mount begins to answer on the site. The state folder is the daemon's alone.
func (f *faces) mount(site *serve.Site, control *api.Mux, stateDir string) error {
	submit := func(ctx context.Context, j plugin.Job) (plugin.Result, error) {
		return app.Submit(ctx, f.daemon.Load(), j)
	}
	in, err := intake.Open(intake.Options{StateDir: stateDir, Submit: submit})
	if err != nil {
		return err
	}
	f.v1 = v1.New(in, release(), site)
	daemon := api.Direct(control)
	progress := func(ctx context.Context, photo string) float64 {
		under, err := api.Progress.Call(ctx, daemon, api.None{})
		if err != nil {
			return 0
		}
		for _, p := range under.Photos {
			if p.Path == photo && p.ExpectedTiles > 0 {
				return float64(p.Tiles) / float64(p.ExpectedTiles)
			}
		}
		return 0
	}
	if f.jobs, err = jobs.Open(jobs.Options{StateDir: stateDir, Intake: in, Log: f.log, Progress: progress}); err != nil {
		return err
	}
	f.jobs.Register(f.v1)
	f.imaginary = imaginary.Mount(site, imaginary.Options{Intake: in, Version: release(), Libvips: tools.Version().Libvips})
	if f.immich, err = immich.Open(immich.Options{StateDir: stateDir, Intake: in, Log: f.log}); err != nil {
		return err
	}
	f.immich.Mount(site)
	f.kserve = kserve.New(in, release(), func() bool {
		h, err := daemon.Health(context.Background())
		return err == nil && h.Ready
	})
	f.kserve.Mount(site)
	f.intake = in
	return nil
}

// close ends the jobs that run; they go on with the next start.
func (f *faces) close() {
	if f.jobs != nil {
		f.jobs.Close()
	}
	if f.immich != nil {
		if err := f.immich.Close(); err != nil {
			f.log.Warn("what was uploaded to Immich", "error", err)
		}
	}
}

// prepare reads what a configuration needs beside its file. What it returns goes
// on with it.
func (f *faces) prepare(c *config.Config) (adopt func(), err error) {
	secret, guard, err := jobs.Webhooks(c.Faces.Jobs.SecretFile, c.Faces.Jobs.AllowHosts)
	if err != nil {
		return nil, err
	}
	i := c.Faces.Immich
	server, err := immich.Prepare(immich.Config{URL: i.URL, Key: os.Getenv(i.KeyEnv), KeyFile: i.KeyFile, Pipeline: i.Pipeline, Tag: i.Tag, Queue: i.Queue})
	if err != nil {
		return nil, fmt.Errorf("faces.immich: %w", err)
	}
	j := jobs.Config{
		Pipelines: offered(c, c.Faces.Jobs.Pipelines), Retain: c.Faces.Jobs.Retain, Space: int64(c.Faces.Jobs.Space), Queue: c.Faces.Jobs.Queue,
		Parallel: max(1, runtime.NumCPU()/2), Secret: secret, Guard: guard,
	}
	if c.Faces.Jobs.Folders {
		j.Folder = func(path string) (plugin.Job, bool) { return folderJob(c, path) }
	}
	return func() {
		if f.intake == nil {
			return
		}
		f.intake.Configure(intake.Config{Queue: c.Faces.Queue, Space: c.Faces.Space, Timeout: c.Faces.Timeout, Bytes: c.Limits.Bytes, MinFree: c.Limits.MinFreeSpace})
		f.v1.Configure(offered(c, c.Faces.Process.Pipelines))
		f.jobs.Configure(j)
		i := c.Faces.Imaginary
		f.imaginary.Configure(imaginary.Config{Enabled: i.Enabled, AllowFormats: i.AllowFormats, Restore: imaginary.Restoring(i.Restore)})
		f.immich.Configure(server)
		f.kserve.Configure(models(c))
	}, nil
}

// folderJob is how a watched folder's photo is read for a job. What becomes of it
// there is none of the job's.
func folderJob(c *config.Config, path string) (plugin.Job, bool) {
	for _, w := range c.Watch {
		if strings.HasPrefix(path, strings.TrimSuffix(w.Folder, "/")+"/") {
			return plugin.Job{Root: w.Folder, Links: plugin.Links(w.Links), Allow: w.AllowFormats, Limits: w.Limits}, true
		}
	}
	return plugin.Job{}, false
}

// models are the pipelines that the inference protocol offers.
func models(c *config.Config) (all []kserve.Pipeline) {
	for _, name := range c.Faces.KServe.Pipelines {
		p := kserve.Pipeline{Name: name}
		for _, o := range c.Pipelines[name].Outputs {
			p.Outputs = append(p.Outputs, o.ID)
		}
		all = append(all, p)
	}
	return all
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
