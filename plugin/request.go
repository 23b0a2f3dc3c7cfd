package plugin

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin/adhoc"
	"github.com/burnish-photo/burnish/plugin/admission"
	"github.com/burnish-photo/burnish/plugin/beneath"
	"github.com/burnish-photo/burnish/plugin/naming"
	"github.com/burnish-photo/burnish/plugin/output"
	"github.com/burnish-photo/burnish/plugin/source"
)

// maxInline is how many pipelines are kept compiled that came with jobs.
const maxInline = 64

// inlineName is the name, in messages, of pipelines that came with jobs.
const inlineName = "inline"

// pipelineOf is a job's pipeline, for use until done is called.
func pipelineOf(ctx context.Context, e *Engine, j Job) (p *pipeline, done func(), err error) {
	switch {
	case j.Inline != "" && j.Pipeline != "":
		return nil, nil, fmt.Errorf("%s: the job names the pipeline %q and brings one of its own; it must be one of them", j.Path, j.Pipeline)
	case j.Inline != "" && !j.Unrecorded:
		return nil, nil, fmt.Errorf("%s: a job with a pipeline of its own is one that no records are kept of", j.Path)
	case j.Inline != "":
		p, done, err = e.inline.Take(ctx, j.Inline)
		if err != nil {
			err = fmt.Errorf("%s: %w", j.Path, err)
		}
		return p, done, err
	}
	p, ok := e.pipelines[j.Pipeline]
	if !ok {
		return nil, nil, fmt.Errorf("%s: there is no pipeline %q%s", j.Path, j.Pipeline, diag.Suggest(j.Pipeline, slices.Sorted(maps.Keys(e.pipelines))))
	}
	return p, func() {}, nil
}

// compileInline compiles a pipeline that came with a job.
func compileInline(ctx context.Context, e *Engine, text string, reg *ops.Registry, env ops.Env) (*pipeline, error) {
	if len(text) > adhoc.MaxText {
		return nil, fmt.Errorf("pipeline %s: must be at most %d bytes, got %d", inlineName, adhoc.MaxText, len(text))
	}
	root, err := diag.Parse(inlineName, []byte(text))
	if err != nil {
		return nil, err
	}
	var p Pipeline
	if faults, _ := diag.Decode(root, &p).Split(); len(faults) > 0 {
		return nil, faults.In(inlineName)
	}
	if err := diag.Check(p); err != nil {
		return nil, fmt.Errorf("pipeline %s: %w", inlineName, err)
	}
	if len(p.Outputs) != 1 || p.Outputs[0].Tiles() {
		return nil, fmt.Errorf("pipeline %s: must have one output that is one file, got %d", inlineName, len(p.Outputs))
	}
	if used := p.Graph(nil).Resources(reg); len(used) > 0 {
		return nil, fmt.Errorf("pipeline %s: its steps must open no files and run no programs, got %s", inlineName, strings.Join(used, ", "))
	}
	return e.compile(ctx, inlineName, p, reg, env)
}

// requestOf says which file j's photo is, and what of it is taken.
func (c *Config) requestOf(j Job, allPages bool) (r source.Request, err error) {
	r = source.Request{Name: j.Path, Links: beneath.Any, Allow: j.Allow}
	if r.Path, err = filepath.Abs(j.Path); err != nil {
		return r, err
	}
	r.Root = filepath.Dir(r.Path)
	if j.Root != "" {
		if r.Root, err = filepath.Abs(j.Root); err != nil {
			return r, err
		}
		r.Links = j.Links.beneath()
		if j.Links == FollowLinks {
			r.Barred = c.barred(r.Root)
		}
	}
	r.Limits = c.limitsOf(j, r.Root)
	r.Limits.AllPages = allPages
	return r, nil
}

func (l Links) beneath() beneath.Links {
	switch l {
	case FollowLinks:
		return beneath.Any
	case InsideLinks:
		return beneath.Inside
	}
	return beneath.None
}

// barred are the folders that links below root must not lead into: Burnish's
// own, and what is watched for itself.
func (c *Config) barred(root string) []string {
	folders := []string{c.StateDir}
	for _, f := range c.Routes {
		folders = append(folders, f.Output)
		if f.Source != root {
			folders = append(folders, f.Source)
		}
	}
	return folders
}

// limitsOf are the limits for a job's photo: those of its folder, or the general
// ones.
func (c *Config) limitsOf(j Job, root string) source.Limits {
	own, general := j.Limits, c.Limits
	limit := func(name string, own, general float64) source.Limit {
		if own <= 0 {
			return source.Limit{Most: general, Key: "limits." + name}
		}
		return source.Limit{Most: own, Key: fmt.Sprintf("limits.%s of the watched folder %s", name, root)}
	}
	return source.Limits{
		Megapixels: limit("megapixels", own.Megapixels, general.Megapixels),
		Pages:      limit("pages", float64(own.Pages), float64(general.Pages)),
		Bytes:      limit("bytes", float64(own.Bytes), float64(general.Bytes)),
		Metadata:   limit("metadata", float64(own.Metadata), float64(general.Metadata)),
	}
}

// demand is what the pipeline asks for to process a photo of that size.
func (p *pipeline) demand(width, height, pixel int) admission.Demand {
	return admission.Demand{Width: width, Height: height, PixelBytes: pixel, Steps: p.graph.EstimateCost(width, height, pixel).Bytes}
}

// admit waits until there is memory for the photo.
func (e *Engine) admit(ctx context.Context, t *task, h vips.Header) (release func(), err error) {
	demand := t.pipeline.demand(h.Width, h.Height, h.PixelBytes)
	demand.Metadata = t.src.Metadata()
	if info, err := t.src.File.JPEG(); err == nil { // what cannot be read, others will say
		demand.Coefficients = info.CoefficientBytes()
	}
	release, err = e.memory.Admit(ctx, t.pipeline.mixed, demand.EstimateMemory())
	if lacks := (*admission.InsufficientMemoryError)(nil); errors.As(err, &lacks) {
		if !lacks.Configured { // another day, or another machine, may have it
			return nil, t.request.Fail(Starved, err, admission.ThisHost.Remedy())
		}
		return nil, t.request.Fail(TooLarge, err, "raise limits.memory, or give promptcir a smaller tile")
	}
	return release, err
}

// dateNote is what is to be said of the date in outputs' names: that it is the
// file's and why; "" where it is the photo's, or in no name.
func (t *task) dateNote(src *ops.Source) string {
	named := slices.ContainsFunc(t.pipeline.outputs, func(o output.Config) bool { return o.Path.Dated() })
	if !named || !src.Taken.IsZero() {
		return ""
	}
	why := t.src.DateFault()
	if why == "" {
		why = "the photo bears no date"
	}
	return fmt.Sprintf("the file's own time, %s: %s", src.ModTime.Format(time.DateTime), why)
}

// facts are what output templates may name.
func (t *task) facts(date time.Time) (naming.Facts, error) {
	dir, err := filepath.Rel(t.request.Root, filepath.Dir(t.request.Path))
	if err != nil || !filepath.IsLocal(dir) {
		return naming.Facts{}, fmt.Errorf("%s does not lie below %s", t.request.Path, t.request.Root)
	}
	if date.IsZero() {
		date = t.src.File.Info.ModTime()
	}
	return naming.Facts{Dir: dir, Name: filepath.Base(t.request.Path), Hash: t.src.KnownHash(), Pipeline: t.pipeline.name, Date: date}, nil
}

// Complete reports whether a photo has its end, as far as its format tells: it
// is how a host sees that a quiet file is not merely stalled. The photo lies
// below root, which is reached as the job's will be. It reads the headers and the
// last 64 KiB, never waits, needs no engine, and may be called from any
// goroutine. True does not mean that the photo decodes.
func Complete(root, path string, links Links) (bool, error) {
	f, err := source.Open(root, path, links.beneath())
	if err != nil {
		return false, err
	}
	defer f.Close()
	return f.Complete()
}
