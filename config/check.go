package config

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/ops/graph"
	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/plugin/naming"
	"github.com/burnish-photo/burnish/plugin/output"
	"github.com/burnish-photo/burnish/watcher/paths"
)

// Check finds every fault of the configuration. Faults name no file.
func (c *Config) Check(reg *ops.Registry) diag.Diagnostics {
	faults := diag.Validate(c.root, c)
	if len(c.Pipelines) > maxNamed || len(c.Fragments) > maxNamed {
		return append(faults, diag.At(c.root, "must be at most %d pipelines and as many fragments, got %d and %d", maxNamed, len(c.Pipelines), len(c.Fragments)))
	}
	env := ops.Env{Folder: c.folder, Models: c.Restore.Models}
	reg, undeclared := c.Registry(reg)
	faults = append(faults, undeclared...)
	for _, name := range slices.Sorted(maps.Keys(c.Pipelines)) {
		p := c.Pipelines[name]
		faults = append(faults, graph.Check(p.Graph(c.Fragments), reg, env)...)
		faults = append(faults, checkPaths(p.Outputs)...)
		if p.Pages == plugin.AllPages {
			faults = append(faults, checkPages(p.Outputs)...)
		}
	}
	faults = append(faults, c.checkWorker()...)
	faults = append(faults, c.checkReview()...)
	faults = append(faults, c.checkCanary()...)
	faults = append(faults, c.checkNotify()...)
	faults = append(faults, c.checkFaces()...)
	return append(faults, c.checkFragments(reg, env)...)
}

// checkWorker warns of paths that the sandbox cannot open, since they are not
// there or misspelt.
func (c *Config) checkWorker() (faults diag.Diagnostics) {
	for _, list := range []struct {
		key   string
		paths []string
	}{{"read", c.Worker.Read}, {"write", c.Worker.Write}} {
		for i, path := range list.paths {
			if _, err := os.Stat(path); err != nil {
				f := diag.Warn(diag.Find(c.root, "worker", list.key, strconv.Itoa(i)), "the sandbox of the worker process cannot open this: %v", err).WithHint("create it or correct the path")
				f.HostOnly = true
				faults = append(faults, f)
			}
		}
	}
	return faults
}

// checkCanary finds folders where there is nothing to try: no photo is done anew, or
// each waits to be looked at.
func (c *Config) checkCanary() (faults diag.Diagnostics) {
	for i, w := range c.Watch {
		at := diag.Find(c.root, "watch", strconv.Itoa(i), "canary")
		switch {
		case w.Canary == 0:
		case w.OnChange == plugin.KeepOutputs:
			faults = append(faults, diag.At(at, "canary tries a changed pipeline, and on_change: keep makes nothing anew").WithHint("take one of them out"))
		case !w.OnSuccess.Keeps():
			faults = append(faults, diag.At(at, "canary puts former outputs back beside originals that stay where they are, and on_success moves them").WithHint("take one of them out"))
		case w.Review:
			faults = append(faults, diag.At(at, "canary tries a changed pipeline, and with review: true every result waits to be looked at").WithHint("take one of them out"))
		}
	}
	return faults
}

// checkReview warns of folders whose review keeps little back: another folder
// writes to the same place without.
func (c *Config) checkReview() (faults diag.Diagnostics) {
	for i, w := range c.Watch {
		for _, other := range c.Watch {
			if !w.Review || other.Review || other.Output != w.Output {
				continue
			}
			faults = append(faults, diag.Warn(diag.Find(c.root, "watch", strconv.Itoa(i), "review"), "the watched folder %s writes to %s without review", other.Folder, w.Output).
				WithHint("give it \"review: true\", too, or another output folder"))
		}
	}
	return faults
}

// checkFragments looks at the fragments that no pipeline uses.
func (c *Config) checkFragments(reg *ops.Registry, env ops.Env) (faults diag.Diagnostics) {
	used := map[string]bool{}
	for _, p := range c.Pipelines {
		maps.Copy(used, graph.Uses(p.Steps, c.Fragments))
	}
	for _, name := range slices.Sorted(maps.Keys(c.Fragments)) {
		if used[name] {
			continue
		}
		for _, f := range graph.CheckFragment(name, c.Fragments, reg, env) {
			if f.Line == 0 {
				at := diag.Find(c.root, "fragments", name)
				f.Line, f.Column = at.Line, at.Column
			}
			faults = append(faults, f)
		}
		faults = append(faults, diag.Warn(diag.Find(c.root, "fragments", name), "no pipeline uses the fragment %s", name))
	}
	return faults
}

// checkPaths tries the outputs' paths on a photo at the root of its folder:
// none may leave the output folder, and no two be the same.
func checkPaths(outputs []output.Config) (faults diag.Diagnostics) {
	seen, ids := map[string]bool{}, map[string]bool{}
	for _, o := range outputs {
		if o.ID != "" && ids[o.ID] && o.PathNode() != nil {
			faults = append(faults, diag.At(o.PathNode(), "another output of this pipeline has the id %s", o.ID))
		}
		ids[o.ID] = true
		if o.PathNode() == nil || o.Path.String() == "" {
			continue // a fault of its own
		}
		path, err := o.Path.Path(naming.Facts{Dir: ".", Name: "photo.jpg", Hash: "hash", Pipeline: "pipeline"})
		switch {
		case err != nil:
			faults = append(faults, diag.At(o.PathNode(), "%s", err))
		case seen[path]:
			faults = append(faults, diag.At(o.PathNode(), "another output of this pipeline has the same path"))
		}
		seen[path] = true
	}
	return faults
}

// checkPages requires {page} in the paths of outputs whose format holds one page.
func checkPages(outputs []output.Config) (faults diag.Diagnostics) {
	for _, o := range outputs {
		if o.PathNode() == nil || o.Path.Has("page") || o.Joins() {
			continue
		}
		faults = append(faults, diag.At(o.PathNode(), "all pages are taken, but a %s file holds one", o.Format).WithHint("put {page} into the path"))
	}
	return faults
}

// NoStateDir says why there is no state folder.
const NoStateDir = noStateDir + "; " + stateDirHint

const (
	noStateDir   = "must be set, since neither XDG_STATE_HOME nor HOME is"
	stateDirHint = "name a folder that is the user's alone (state_dir, or --state)"
)

// Validate judges all but the pipelines' steps.
func (c *Config) Validate() error {
	var errs []error
	invalid := func(field, hint, format string, args ...any) {
		errs = append(errs, diag.InvalidHint(field, hint, format, args...))
	}
	if c.StateDir == "" && (len(c.Watch) > 0 || c.Faces.On()) {
		invalid("state_dir", stateDirHint, "%s", noStateDir)
	}
	switch {
	case c.Version == 0:
		invalid("version", "write version: 1", "must be 1, got nothing")
	case c.Version != 1:
		invalid("version", "", "must be 1, the only version that this Burnish reads, got %d", c.Version)
	}
	if len(c.Pipelines) == 0 && !c.Faces.Imaginary.Enabled {
		invalid("pipelines", "add one with its outputs", "the file describes no pipeline")
	}
	if n := len(c.Watch); n > maxWatch {
		invalid("watch", "watch a folder above them", "must be at most %d folders, got %d", maxWatch, n)
		return errors.Join(errs...)
	}
	errs = append(errs, c.validateListen(), c.validateFaces())
	p := places{}
	for i := range c.Watch {
		errs = append(errs, c.validateWatch(i, p))
	}
	return errors.Join(errs...)
}

// maxNamed bounds the pipelines, and the fragments, since each is written out.
const maxNamed = 500

// maxWatch bounds the watched folders, since each is compared with all others.
const maxWatch = 1000

// places are paths with links resolved, each looked up once.
type places map[string]string

func (p places) real(path string) string {
	if _, ok := p[path]; !ok {
		p[path] = paths.Resolve(path)
	}
	return p[path]
}

func (p places) within(path, folder string) bool { return paths.Within(p.real(path), p.real(folder)) }

func (c *Config) validateWatch(i int, p places) error {
	var errs []error
	w := &c.Watch[i]
	invalid := func(field, hint, format string, args ...any) {
		errs = append(errs, diag.InvalidHint(fmt.Sprintf("watch.%d.%s", i, field), hint, format, args...))
	}
	if _, ok := c.Pipelines[w.Pipeline]; !ok {
		invalid("pipeline", "", "there is no pipeline %q%s", w.Pipeline, diag.Suggest(w.Pipeline, slices.Sorted(maps.Keys(c.Pipelines))))
	}
	for j, format := range w.AllowFormats {
		if known := ops.UntrustedFormats(); !slices.Contains(known, format) {
			invalid(fmt.Sprintf("allow_formats.%d", j), "", "must be one of %s, got %q", strings.Join(known, ", "), format)
		}
	}
	if w.Output == "" {
		invalid("output", "name one, outside of the watched folders", "the watched folder %s needs an output folder", w.Folder)
		return errors.Join(errs...)
	}
	if p.within(w.Folder, w.Output) {
		invalid("output", "choose another", "the output folder %s is, or holds, the watched folder %s: originals could be overwritten", w.Output, w.Folder)
	}
	if p.within(c.StateDir, w.Folder) {
		invalid("folder", "set state_dir elsewhere", "the state folder %s lies inside the watched folder %s", c.StateDir, w.Folder)
	}
	if w.Review && p.within(c.StateDir, w.Output) {
		invalid("review", "set state_dir elsewhere", "the state folder %s lies inside the output folder %s, where results could be seen before they are approved", c.StateDir, w.Output)
	}
	c.validateMove(p, w.OnQuarantine.Move, func(format string, args ...any) { invalid("on_quarantine.move", "choose another", format, args...) })
	c.validateMove(p, w.OnSuccess.Move, func(format string, args ...any) { invalid("on_success", "choose another", format, args...) })
	for j := range i {
		if c.Watch[j].Folder == w.Folder {
			invalid("folder", "watch a folder once", "the folder %s is already watched", w.Folder)
		} else if p.within(w.Folder, c.Watch[j].Folder) || p.within(c.Watch[j].Folder, w.Folder) {
			invalid("folder", "watch the outer one alone", "the folder %s and the watched %s lie inside each other: a photo would be taken twice", w.Folder, c.Watch[j].Folder)
		}
	}
	for j := range c.Watch {
		if j != i && p.within(c.Watch[j].Folder, w.Output) {
			invalid("output", "choose another", "the output folder %s holds the watched folder %s", w.Output, c.Watch[j].Folder)
		}
	}
	return errors.Join(errs...)
}

// validateMove judges a folder that originals are moved to.
func (c *Config) validateMove(p places, folder string, invalid func(format string, args ...any)) {
	for _, w := range c.Watch {
		if folder != "" && p.within(folder, w.Folder) {
			invalid("the folder %s lies inside the watched folder %s, so that what is moved there would be taken in again", folder, w.Folder)
		}
		if folder != "" && (p.within(folder, w.Output) || p.within(w.Output, folder)) {
			invalid("the folder %s and the output folder %s meet, so that outputs could replace originals", folder, w.Output)
		}
	}
}

// DefaultStateDir is the user's state folder; "" where the environment does not tell. A
// folder for all, such as /tmp, is none: whoever makes it first owns it.
func DefaultStateDir() string {
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "burnish")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	return filepath.Join(home, ".local", "state", "burnish")
}
