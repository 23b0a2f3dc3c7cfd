package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/config/strict"
	"github.com/burnish-photo/burnish/plugin"
)

type applyCommand struct {
	Paths     []string `arg:"" name:"path" help:"Photos, and folders of photos."`
	Output    string   `short:"o" required:"" placeholder:"DIR" help:"Folder that the outputs' paths are below."`
	Config    string   `short:"c" placeholder:"FILE" help:"Configuration file; default: the first of ${places}, else the built-in pipeline photos."`
	Pipeline  string   `short:"p" help:"Pipeline to use; needed where the file has several."`
	Overwrite bool     `help:"Replace files in DIR that Burnish does not know as its own."`
	Allow     []string `placeholder:"FORMAT" help:"Take in jxl, jp2, svg, pdf, psd, bmp … too: what reads them is not safe for files of unknown origin."`
	JSON      bool     `name:"json" help:"Print one JSON object for every file."`
}

// Help is shown by burnish apply --help.
func (applyCommand) Help() string {
	return `Every regular file is reported as done, skipped or failed. What is a photo is told by content, not by name. The ledger of the daemon plays no part.

Examples:
  burnish apply holiday/ -o restored/
  burnish apply -c burnish.yaml -p photos a.jpg b.jpg -o out/ --json`
}

// Run processes the paths.
func (a *applyCommand) Run(h *host) error {
	outliveReaders()
	c, where, err := h.loadFound(a.Config)
	if err != nil {
		return err
	}
	if a.Pipeline, err = choose(a.Pipeline, c, where); err != nil {
		return err
	}
	jobs, unread, err := a.jobs()
	if err != nil {
		return err
	}
	if len(jobs)+len(unread) == 0 {
		fmt.Fprintln(h.err, "no files there")
		return nil
	}
	var sources []string
	for _, j := range jobs {
		if path, err := filepath.Abs(j.Path); err == nil {
			sources = append(sources, path)
		}
	}
	engine, err := plugin.Open(h, *c, h.registry, plugin.WithVersion(release()), plugin.WithLog(h.logger()), plugin.WithPipelines(a.Pipeline), plugin.WithSources(sources...))
	if err != nil {
		return err
	}
	r := newReport(h, a.JSON, len(jobs)+len(unread))
	for _, u := range unread {
		r.add(u.Path, plugin.Result{}, u)
	}
	processAll(h, engine, jobs, r)
	return errors.Join(engine.Close(), r.finish())
}

// choose is the pipeline of that name, or the only one; where names the
// configuration in messages.
func choose(name string, c *config.Config, where string) (string, error) {
	names := slices.Sorted(maps.Keys(c.Pipelines))
	switch {
	case name == "" && len(names) == 1:
		return names[0], nil
	case len(names) == 0:
		return "", fmt.Errorf("%s has no pipelines: add one under \"pipelines:\"", where)
	case name == "":
		return "", fmt.Errorf("%s has several pipelines; choose one with -p: %s", where, strings.Join(names, ", "))
	case !slices.Contains(names, name):
		return "", fmt.Errorf("there is no pipeline %q%s; %s has %s", name, strict.Suggest(name, names), where, strings.Join(names, ", "))
	}
	return name, nil
}

// jobs lists the regular files below the paths, each once. What can not be
// looked into is a failure of its own; links are followed only where they were
// named.
func (a *applyCommand) jobs() (jobs []plugin.Job, unread []*plugin.Error, err error) {
	out, err := filepath.Abs(a.Output)
	if err != nil {
		return nil, nil, err
	}
	seen := map[string]bool{}
	add := func(path, root string) {
		if absolute, err := filepath.Abs(path); err == nil && !seen[absolute] {
			seen[absolute] = true
			jobs = append(jobs, plugin.Job{Path: path, Root: root, Pipeline: a.Pipeline, Output: a.Output, Overwrite: a.Overwrite, Allow: a.Allow})
		}
	}
	for _, named := range a.Paths {
		info, err := os.Stat(named)
		if err != nil || !info.IsDir() {
			add(named, filepath.Dir(named)) // the engine says what is wrong with it
			continue
		}
		root, err := filepath.EvalSymlinks(named)
		if err != nil {
			return nil, nil, err
		}
		if inside(root, out) {
			return nil, nil, fmt.Errorf("the output folder %s is, or holds, the folder %s: originals could be overwritten; choose another with -o", a.Output, named)
		}
		_ = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				unread = append(unread, &plugin.Error{Path: path, Kind: plugin.Unreadable, Err: err, Remedy: "check its permissions"})
			case d.IsDir() && inside(path, out):
				return filepath.SkipDir // our own outputs
			case d.Type().IsRegular():
				add(path, root)
			}
			return nil // one bad folder does not end the walk
		})
	}
	return jobs, unread, nil
}

// inside reports whether path is folder or lies in it.
func inside(path, folder string) bool {
	absolute, err := filepath.Abs(path)
	return err == nil && config.Within(absolute, folder)
}

func processAll(ctx context.Context, e *plugin.Engine, jobs []plugin.Job, r *report) {
	queue := make(chan plugin.Job)
	var workers sync.WaitGroup
	for range e.Parallel() {
		workers.Go(func() {
			for j := range queue {
				result, err := e.Process(ctx, j)
				r.add(j.Path, result, err)
			}
		})
	}
	for _, j := range jobs {
		queue <- j
	}
	close(queue)
	workers.Wait()
}

// line is one file's report in JSON.
type line struct {
	Path    string            `json:"path"`
	State   string            `json:"state"` // done, skipped or failed
	Reason  string            `json:"reason,omitempty"`
	Kind    plugin.Kind       `json:"kind,omitempty"` // of a failure
	Outputs []string          `json:"outputs,omitempty"`
	Notes   map[string]string `json:"notes,omitempty"`
	Seconds float64           `json:"seconds"`
}

func newLine(path string, result plugin.Result, err error) line {
	l := line{Path: path, State: string(result.State), Reason: result.Reason, Notes: result.Notes, Seconds: result.Elapsed.Seconds()}
	for _, o := range result.Outputs {
		l.Outputs = append(l.Outputs, o.Path)
	}
	if err != nil {
		l.State, l.Reason = "failed", err.Error()
		var known *plugin.Error
		if errors.As(err, &known) {
			l.Kind = known.Kind
		}
	}
	return l
}

// text is the report for people.
func (l line) text() string {
	switch l.State {
	case "failed":
		return "failed   " + l.Reason
	case string(plugin.Skipped):
		return "skipped  " + l.Path + ": " + l.Reason
	}
	how := fmt.Sprintf("%.1f s", l.Seconds)
	switch {
	case l.Notes["left_alone"] != "":
		how = "left alone, " + l.Notes["left_alone"] + ", " + how
	case l.Notes["device"] != "":
		how = fmt.Sprintf("%s on %s, %s", l.Notes["model"], l.Notes["device"], how)
	}
	if out := l.Notes["left_out"]; out != "" {
		how = "without " + out + ", " + how
	}
	return fmt.Sprintf("done     %s → %s (%s)%s", l.Path, strings.Join(l.Outputs, ", "), how, l.warnings())
}

// warnings say what the outputs could not keep, and which are not written.
func (l line) warnings() string {
	var all []string
	for _, kind := range [][2]string{{"not_kept:", "not kept: "}, {"further_pictures:", "gain map or further picture "}, {"film:", "film: "}, {"appended_data:", "appended data: "}, {"colours", ""}} {
		for key, note := range l.Notes {
			if text := kind[1] + note; strings.HasPrefix(key, kind[0]) && !strings.HasSuffix(note, " kept") && !slices.Contains(all, text) {
				all = append(all, text)
			}
		}
	}
	slices.Sort(all)
	if note := l.Notes["date"]; note != "" {
		all = append(all, "date: "+note)
	}
	if out := l.Notes["not_written"]; out != "" {
		all = append(all, "not written: "+out)
	}
	if len(all) == 0 {
		return ""
	}
	return "; " + strings.Join(all, "; ")
}

func (l line) json() string { return jsonLine(l) }

// jsonLine is a value of plain fields as one line.
func jsonLine(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprintf(`{"state":"failed","reason":%q}`, err)
	}
	return string(text)
}
