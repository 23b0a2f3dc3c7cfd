package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/burnish-photo/burnish/cmd/logging"
	"github.com/burnish-photo/burnish/cmd/survey"
	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/plugin"
)

// survey plans all photos, several at a time, and prints sums.
func (p *planCommand) survey(h *host, c *config.Config, engine *plugin.Engine) error {
	total, err := p.count(h, c)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(h)
	defer cancel(nil)
	s := &survey.Survey{}
	progress := newProgress(h, total, "planned")
	var mu sync.Mutex
	add := func(plan plugin.Plan, bytes int64, err error) {
		mu.Lock()
		defer mu.Unlock()
		failed := (*plugin.Error)(nil)
		errors.As(err, &failed)
		s.Add(plan, failed)
		progress.add(bytes)
	}
	queue := make(chan job)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for j := range queue {
				plan, err := engine.Plan(ctx, j.Job)
				if err != nil && !plugin.Planned(err) {
					cancel(err)
					continue
				}
				add(plan, plan.Bytes, err)
			}
		})
	}
	all, err := p.each(c, func(j job) bool {
		if j.ignored != "" {
			add(plugin.Plan{Path: j.path, Reason: j.ignored, Cause: "ignored by name"}, 0, nil)
			return true
		}
		select {
		case queue <- j:
			return true
		case <-ctx.Done():
			return false
		}
	})
	close(queue)
	workers.Wait()
	progress.end()
	if err := errors.Join(err, context.Cause(ctx)); err != nil {
		return err
	}
	for _, u := range all.unread {
		s.Add(plugin.Plan{}, u)
	}
	s.Ignored = all.ignored
	s.Sum(engine.Parallel())
	if p.JSON {
		fmt.Fprintln(h.out, jsonLine(s))
	} else {
		printSurvey(h.out, s)
	}
	if s.Failing > 0 {
		return errFailures
	}
	return nil
}

// count is how many files there are to plan.
func (p *planCommand) count(h *host, c *config.Config) (n int, err error) {
	_, err = p.each(c, func(job) bool {
		if n++; n%1000 == 0 {
			statusLine(h, fmt.Sprintf("%d files found", n))
		}
		return h.Err() == nil
	})
	clearLine(h)
	if err == nil {
		err = h.Err()
	}
	return n, err
}

func printSurvey(out io.Writer, s *survey.Survey) {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, d := range s.Decisions {
		fmt.Fprintf(t, "%s\t%d\t%s\n", d.Decision, d.Photos, diag.Printable(d.Cause))
	}
	t.Flush()
	if len(s.Steps) > 0 {
		fmt.Fprintln(out, "\nsteps:")
		for _, step := range s.Steps {
			fmt.Fprintf(t, "  %s\truns on %d\tleft out of %d\n", diag.Printable(step.Name), step.Runs, step.LeftOut)
		}
		t.Flush()
	}
	if s.Damage != nil {
		fmt.Fprintf(out, "\ndamage of %s:\n", counted(s.Damage.Known, "photos"))
		most := 1
		for _, n := range s.Damage.Tenths {
			most = max(most, n)
		}
		for i, n := range s.Damage.Tenths {
			line := fmt.Sprintf("  %.1f–%.1f %9d %s", float64(i)/10, float64(i+1)/10, n, strings.Repeat("█", (n*40+most-1)/most))
			fmt.Fprintln(out, strings.TrimRight(line, " "))
		}
	}
	text := fmt.Sprintf("\n%s, %s", counted(s.Photos, "photos"), diag.Size(s.Bytes))
	for _, n := range []struct {
		n    int
		what string
	}{{s.Skipped, "skipped"}, {s.Others, "other files"}, {s.Ignored, "ignored by name"}, {s.Failing, "would fail"}} {
		if n.n > 0 {
			text += ", " + counted(n.n, n.what)
		}
	}
	fmt.Fprintf(out, "%s; about %s, %.0f MB of memory, %s of outputs, with %d at a time\n", text, duration(s.Seconds), s.Megabytes, diag.Size(s.Written), s.Parallel)
}

// progress shows how far a command over many photos is: on a terminal in a line
// that is replaced, elsewhere in a line now and then. It is safe for concurrent
// use.
type progress struct {
	h    *host
	verb string
	mu   sync.Mutex
	m    survey.Meter
	told time.Time
}

// Times between two lines.
const (
	lineOnTerminal = 200 * time.Millisecond
	lineInLog      = 30 * time.Second
)

func newProgress(h *host, total int, verb string) *progress {
	now := time.Now()
	p := &progress{h: h, verb: verb, m: survey.Meter{Total: int64(total)}, told: now}
	p.m.Start(now)
	return p
}

func (p *progress) add(bytes int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.m.Add(bytes)
	now := time.Now()
	every := lineInLog
	if logging.IsTerminal(p.h.err) {
		every = lineOnTerminal
	}
	if now.Sub(p.told) < every {
		return
	}
	p.told = now
	if text := meterText(&p.m, p.verb, now); logging.IsTerminal(p.h.err) {
		statusLine(p.h, text)
	} else {
		fmt.Fprintln(p.h.err, text)
	}
}

func (p *progress) end() { clearLine(p.h) }

// meterText is how far the work is, in words.
func meterText(m *survey.Meter, verb string, now time.Time) string {
	done, total := m.Done()
	text := fmt.Sprintf("%d of %d %s", done, total, verb)
	if rate := rateText(int(done), time.Duration(float64(done)/max(m.PerSecond(now), 1e-9)*float64(time.Second))); rate != "" {
		text += ", " + rate
	}
	if left, ok := m.Left(now); ok {
		text += ", about " + duration(left.Seconds()) + " left"
	}
	return text
}
