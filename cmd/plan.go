package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/plugin"
)

type planCommand struct {
	Paths    []string `arg:"" name:"path" help:"Photos and folders of photos."`
	Config   string   `short:"c" placeholder:"FILE" help:"Configuration file; default: the first of ${places}; without any, the built-in pipeline photos."`
	Pipeline string   `short:"p" help:"Pipeline; default: that of the watched folder that holds the photo, or the only one."`
	Output   string   `short:"o" placeholder:"DIR" help:"Output folder; default: that of the watched folder, or out."`
	Summary  bool     `help:"Print sums alone: decisions with their reasons, damage, time and bytes."`
	JSON     bool     `name:"json" help:"Print a JSON object for each photo, or of the sums."`
}

// Help is shown by burnish plan --help.
func (planCommand) Help() string {
	return `Prints for each photo which steps would run and why, which files would be written, and the estimated time and memory. Times come from a short trial of each operator on this machine. Finished photos are recognised by asking the running daemon, or by reading its ledger.

Examples:
  burnish plan -c burnish.yaml ingest/
  burnish plan old.jpg
  burnish plan -c burnish.yaml --summary archive/`
}

// Run plans every photo below the paths.
func (p *planCommand) Run(h *host) error {
	c, where, err := h.loadFound(p.Config)
	if err != nil {
		return err
	}
	pipelines, err := p.pipelines(c, where)
	if err != nil {
		return err
	}
	known := &recall{config: c, daemon: api.Dial(c.StateDir)}
	defer known.close()
	engine, err := h.openEngine(c, plugin.WithPipelines(pipelines...), plugin.WithRecall(known.ask), plugin.WithRecognition())
	if err != nil {
		return err
	}
	if p.Summary {
		err = p.survey(h, c, engine)
	} else {
		err = p.list(h, c, engine)
	}
	if text := known.silence(); text != "" {
		h.logger().Warn(text)
	}
	return errors.Join(err, engine.Close())
}

// list prints the plan of each photo.
func (p *planCommand) list(h *host, c *config.Config, engine *plugin.Engine) error {
	s := &planSummary{json: p.JSON, out: h.out, parallel: engine.Parallel()}
	var fault error
	all, err := p.each(c, func(j job) bool {
		if j.ignored != "" {
			s.add(plugin.Plan{Path: j.path, Reason: j.ignored}, true, nil)
			return true
		}
		plan, err := engine.Plan(h, j.Job)
		if err != nil && !plugin.Planned(err) {
			fault = err
			return false
		}
		s.add(plan, j.named, err)
		return true
	})
	if err := errors.Join(err, fault); err != nil {
		return err
	}
	for _, u := range all.unread {
		s.add(plugin.Plan{Path: u.Path}, true, u)
	}
	return s.finish(h)
}

// way is what becomes of photos below one of the paths.
func (p *planCommand) way(c *config.Config, path, where string) (like plugin.Job, err error) {
	like = plugin.Job{Output: cmp.Or(p.Output, "out"), Pipeline: p.Pipeline}
	if w, watched := p.watch(c, path); watched {
		like.Pipeline, like.Output = w.Pipeline, cmp.Or(p.Output, w.Output)
	}
	like.Pipeline, err = choose(like.Pipeline, c, where)
	return like, err
}

// pipelines are those that photos below the paths may take.
func (p *planCommand) pipelines(c *config.Config, where string) (names []string, err error) {
	for _, path := range p.Paths {
		like, err := p.way(c, path, where)
		if err != nil {
			return nil, err
		}
		names = append(names, like.Pipeline)
		for _, w := range c.Watch {
			if p.Pipeline == "" && inside(w.Folder, path) {
				names = append(names, w.Pipeline)
			}
		}
	}
	return names, nil
}

// each finds the photos, one after the other; one in a watched folder takes that
// folder's way, as the daemon would, unless another pipeline is named. It ends
// where take is false.
func (p *planCommand) each(c *config.Config, take func(job) bool) (all found, err error) {
	for _, path := range p.Paths {
		like, err := p.way(c, path, "")
		if err != nil {
			return all, err
		}
		ended := false
		holder, way := "", like // of the file before
		below, err := eachJob([]string{path}, c.Watch, like, func(j job) bool {
			if folder := filepath.Dir(j.Path); folder != holder || j.named {
				holder, way = folder, plugin.Job{}
				if w, watched := p.watch(c, j.Path); watched {
					way = watchedJob(w)
					way.Root, way.Output = w.Folder, cmp.Or(p.Output, w.Output)
				}
			}
			if way.Output != "" {
				way.Path = j.Path
				j.Job = way
			} else {
				j.Unrecorded = true
			}
			ended = !take(j)
			return !ended
		})
		all.unread, all.ignored = append(all.unread, below.unread...), all.ignored+below.ignored
		if err != nil || ended {
			return all, err
		}
	}
	return all, nil
}

// watch is the watched folder that a path lies in, unless a pipeline is named:
// then it is no photo of the daemon's that is meant.
func (p *planCommand) watch(c *config.Config, path string) (w config.Watch, ok bool) {
	i := slices.IndexFunc(c.Watch, func(w config.Watch) bool { return named(path, w.Folder) })
	if i < 0 || p.Pipeline != "" {
		return w, false
	}
	return c.Watch[i], true
}

// planSummary prints plans and adds them up.
type planSummary struct {
	json     bool
	out      io.Writer
	parallel int

	photos, skipped, failing int
	others                   int // files in folders that are no photos
	seconds, most            float64
}

// add counts a plan and prints it. Of a file that a folder held and that is no
// photo it prints JSON only.
func (s *planSummary) add(p plugin.Plan, named bool, err error) {
	switch {
	case err != nil:
		s.failing++
	case p.Reason == plugin.NotAPhoto && !named:
		if s.others++; !s.json {
			return
		}
	case p.Reason != "":
		s.skipped++
	default:
		s.photos++
		s.seconds += p.Seconds
		s.most = max(s.most, p.Megabytes)
	}
	if s.json {
		fmt.Fprintln(s.out, jsonLine(newPlanLine(p, err)))
		return
	}
	planText(s.out, p, err)
}

func planText(out io.Writer, p plugin.Plan, err error) {
	switch {
	case err != nil:
		reason, hint := reasonOf(err)
		fmt.Fprintf(out, "would fail: %s\n\n", withHint(reason, hint))
		return
	case p.Reason != "":
		fmt.Fprintf(out, "%s: would be skipped: %s\n\n", diag.Printable(p.Path), diag.Printable(p.Reason))
		return
	}
	fmt.Fprintf(out, "%s: %s, %d×%d%s\n", diag.Printable(p.Path), p.Format, p.Width, p.Height, pagesText(p))
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, s := range p.Steps {
		does := "runs"
		if !s.Runs {
			does = "left out"
		}
		fmt.Fprintf(t, "  %s\t%s\t%s\n", s.Name, does, diag.Printable(s.Why))
	}
	for _, o := range p.Outputs {
		if o.LeftOut != "" {
			fmt.Fprintf(t, "  → %s\tnot written\t%s\n", diag.Printable(o.Path), diag.Printable(o.LeftOut))
			continue
		}
		fmt.Fprintf(t, "  → %s\t%d×%d\t\n", diag.Printable(o.Path), o.Width, o.Height)
	}
	t.Flush()
	for _, n := range p.Notes {
		fmt.Fprintf(out, "  %s\n", diag.Printable(n))
	}
	fmt.Fprintf(out, "  about %s, %.0f MB\n\n", duration(p.Seconds), p.Megabytes)
}

// pagesText tells of files with several pages which are taken.
func pagesText(p plugin.Plan) string {
	switch {
	case p.Pages < 2:
		return ""
	case p.Taken < p.Pages:
		return fmt.Sprintf(", the first of %d pages", p.Pages)
	}
	return fmt.Sprintf(", each of %d pages, of which this is the first", p.Pages)
}

// duration writes an estimate no more exactly than it is.
func duration(seconds float64) string {
	if seconds < 10 {
		return fmt.Sprintf("%.1f s", seconds)
	}
	text := time.Duration(seconds * float64(time.Second)).Round(time.Second).String()
	if short, cut := strings.CutSuffix(text, "m0s"); cut {
		text = short + "m"
	}
	if short, cut := strings.CutSuffix(text, "h0m"); cut {
		text = short + "h"
	}
	return text
}

func (s *planSummary) finish(ctx context.Context) error {
	if !s.json {
		fmt.Fprint(s.out, counted(s.photos, "photos"))
		if s.skipped > 0 {
			fmt.Fprintf(s.out, ", %s skipped", counted(s.skipped, "files"))
		}
		if s.others > 0 {
			fmt.Fprintf(s.out, ", %s", counted(s.others, "other files"))
		}
		if s.failing > 0 {
			fmt.Fprintf(s.out, ", %d would fail", s.failing)
		}
		fmt.Fprintf(s.out, "; about %s, %.0f MB, with %d at a time\n", duration(s.seconds/float64(s.parallel)), s.most*float64(s.parallel), s.parallel)
	}
	if s.failing > 0 {
		return errFailures
	}
	return ctx.Err()
}

// planLine is one photo's plan in JSON.
type planLine struct {
	State string `json:"state"`          // planned, skipped or failing
	Hint  string `json:"hint,omitempty"` // what to do about a failure
	plugin.Plan
}

func newPlanLine(p plugin.Plan, err error) planLine {
	if p.Pages < 2 {
		p.Pages, p.Taken = 0, 0
	}
	switch {
	case err != nil:
		reason, hint := reasonOf(err)
		return planLine{"failing", hint, plugin.Plan{Path: p.Path, Reason: reason}}
	case p.Reason != "":
		return planLine{"skipped", "", p}
	}
	return planLine{"planned", "", p}
}
