package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/burnish-photo/burnish/cmd/logging"
	"github.com/burnish-photo/burnish/cmd/survey"
	"github.com/burnish-photo/burnish/plugin"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// errInterrupted is an exit with code 130 for which everything has been said.
var errInterrupted = errors.New("interrupted")

// reporting is how a report looks.
type reporting struct {
	json, quiet bool
	strict      bool      // a file that is named and skipped has failed
	overwrite   bool      // files that are there are replaced
	out         io.Writer // for lines
	total       int       // files, those that were done before among them
	bytes       int64     // of files to come
	again       string    // how an interrupted command goes on; "" for not by itself

	instead func(plugin.Result) []string // what to call the outputs of a file that is done; nil: by their paths
}

// report prints a line a file as they finish, under a progress bar where
// standard error is a terminal, and adds them up. It is safe for concurrent use.
type report struct {
	reporting
	ctx     context.Context
	began   time.Time
	summary io.Writer

	mu        sync.Mutex
	counts    map[outcome]int
	meter     survey.Meter
	told      time.Time // the last line of progress
	failures  []error
	conflicts int
	bars      *mpb.Progress
	bar       *mpb.Bar
}

// outcome is how a file counts in the summary.
type outcome string

const (
	doneNow    outcome = "done"
	doneBefore outcome = "already done"
	notPhoto   outcome = "not a photo"
	ownMake    outcome = "made by Burnish"
	skipped    outcome = "skipped"
	failed     outcome = "failed"
)

func newReport(h *host, o reporting) *report {
	now := time.Now()
	r := &report{reporting: o, ctx: h, began: now, told: now, summary: h.err, counts: map[outcome]int{}, meter: survey.Meter{Total: int64(o.total), Bytes: o.bytes}}
	r.meter.Start(now)
	if !logging.IsTerminal(h.err) || o.total == 0 || o.quiet {
		return r
	}
	r.bars = mpb.New(mpb.WithOutput(h.err), mpb.WithWidth(40))
	r.bar = r.bars.AddBar(int64(o.total),
		mpb.PrependDecorators(decor.CountersNoUnit("%d of %d "+numbered(o.total, "photos")+" ")),
		mpb.AppendDecorators(decor.Any(func(s decor.Statistics) string { return r.pace(s.Completed) })))
	if logging.IsTerminal(r.out) {
		r.out = r.bars // lines go above the bar
	}
	return r
}

// before counts files that an interrupted command has done.
func (r *report) before(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts[doneBefore] += n
	for range n {
		r.meter.Skip(0)
	}
	if r.bar != nil && n > 0 {
		r.bar.IncrBy(n)
	}
}

// pace is the rate and the time left, for the bar; "" where none is known yet.
func (r *report) pace(completed bool) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	text := rateText(r.counts[doneNow], now.Sub(r.began))
	if left, ok := r.meter.Left(now); ok && !completed {
		text += ", about " + duration(left.Seconds()) + " left"
	}
	return strings.TrimPrefix(text, ", ")
}

// note prints a line about the work, above the bar where there is one.
func (r *report) note(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.quiet:
	case r.bars != nil:
		fmt.Fprintln(r.bars, text)
	default:
		fmt.Fprintln(r.summary, text)
	}
}

// progress prints a line now and then where there is no bar. The lock is held.
func (r *report) progress() {
	now := time.Now()
	if r.bar != nil || r.quiet || now.Sub(r.told) < lineInLog {
		return
	}
	r.told = now
	seen := 0
	for _, n := range r.counts {
		seen += n
	}
	text := fmt.Sprintf("progress: %d of %s", seen, counted(r.total, "files"))
	if rate := rateText(r.counts[doneNow], now.Sub(r.began)); rate != "" {
		text += ", " + rate
	}
	if left, ok := r.meter.Left(now); ok {
		text += ", about " + duration(left.Seconds()) + " left"
	}
	fmt.Fprintln(r.summary, text)
}

func rateText(n int, in time.Duration) string {
	switch perSecond := float64(n) / in.Seconds(); {
	case n == 0:
		return ""
	case perSecond >= 1:
		return fmt.Sprintf("%.1f photos/s", perSecond)
	default:
		return fmt.Sprintf("%.1f photos/min", perSecond*60)
	}
}

// add tells of a file. One that a folder held and that is no photo, or
// Burnish's own, is only counted, except in JSON.
func (r *report) add(f listed, result plugin.Result, err error) {
	if err != nil && r.ctx.Err() != nil && stopped(err) {
		return // neither done nor at fault
	}
	if known := (*plugin.Error)(nil); f.shown != "" && errors.As(err, &known) {
		known.Path = f.shown
	}
	if err == nil && result.State == plugin.Skipped && f.named && r.strict && !strings.HasPrefix(result.Reason, "already done") {
		err = fmt.Errorf("%s: %s", cmp.Or(f.shown, f.path), result.Reason)
	}
	l := newLine(cmp.Or(f.shown, f.path), result, err)
	if r.instead != nil && err == nil {
		l.Outputs = r.instead(result)
	}
	o := outcomeOf(l)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts[o]++
	if o == doneNow || o == failed {
		r.meter.Add(f.size)
	} else {
		r.meter.Skip(f.size)
	}
	defer r.progress()
	if err != nil {
		r.failures = append(r.failures, err)
	}
	if l.Kind == plugin.Conflict {
		r.conflicts++
	}
	switch {
	case r.json:
		fmt.Fprintln(r.out, l.json())
	case r.quiet && o != failed, (o == notPhoto || o == ownMake) && !f.named:
	case r.quiet:
		fmt.Fprintln(r.summary, withHint(l.text(), l.Hint))
	default:
		fmt.Fprintln(r.out, withHint(l.text(), l.Hint))
	}
	if r.bar != nil {
		r.bar.Increment()
	}
}

func stopped(err error) bool {
	var known *plugin.Error
	return errors.As(err, &known) && known.Kind == plugin.Stopped
}

func outcomeOf(l line) outcome {
	switch {
	case l.State == "failed":
		return failed
	case l.State != string(plugin.Skipped):
		return doneNow
	case strings.HasPrefix(l.Reason, "already done"):
		return doneBefore
	case l.Reason == plugin.NotAPhoto:
		return notPhoto
	case strings.HasPrefix(l.Reason, string(ownMake)):
		return ownMake
	}
	return skipped
}

// maxListed is how many failures the end of a report names.
const maxListed = 20

// finish ends the bar and sums up; its error says that some files failed, or
// that the command was interrupted.
func (r *report) finish() error {
	seen := 0
	for _, n := range r.counts {
		seen += n
	}
	cut := r.ctx.Err() != nil && seen < r.total
	if r.bars != nil {
		if seen < r.total {
			r.bar.Abort(false)
		}
		r.bars.Wait()
	}
	r.list()
	if r.total > 1 && !r.quiet && !r.json {
		fmt.Fprintln(r.summary, r.sum())
	}
	if r.conflicts > 0 && !r.json && !r.overwrite {
		fmt.Fprintln(r.summary, "--overwrite replaces existing files, but never originals")
	}
	switch {
	case cut:
		text := fmt.Sprintf("interrupted: %d of %s done", seen, counted(r.total, "files"))
		if r.again != "" {
			text += "; " + r.again
		}
		fmt.Fprintln(r.summary, text)
		return errInterrupted
	case r.counts[failed] > 0:
		return errFailures
	}
	return nil
}

// list names the failures once more, where they are lost among other lines.
func (r *report) list() {
	if len(r.failures) == 0 || r.total < 2 || r.quiet {
		return
	}
	fmt.Fprintf(r.summary, "%d of %d files failed:\n", len(r.failures), r.total)
	for i, f := range r.failures {
		if i == maxListed {
			fmt.Fprintf(r.summary, "  and %d more\n", len(r.failures)-i)
			break
		}
		reason, hint := reasonOf(f)
		fmt.Fprintln(r.summary, " ", withHint(reason, hint))
	}
}

// sum is the counts in a line.
func (r *report) sum() string {
	var parts []string
	for _, o := range []struct {
		outcome
		text string
	}{{doneNow, "done"}, {doneBefore, "already done"}, {skipped, "skipped"}, {ownMake, "made by Burnish"}, {notPhoto, "other files"}, {failed, "failed"}} {
		if n := r.counts[o.outcome]; n > 0 {
			parts = append(parts, counted(n, o.text))
		}
	}
	if len(parts) == 0 {
		parts = []string{"nothing done"}
	}
	took := time.Since(r.began)
	text := fmt.Sprintf("%s in %s", strings.Join(parts, ", "), duration(took.Seconds()))
	if rate := rateText(r.counts[doneNow], took); rate != "" && r.counts[doneNow] > 1 {
		text += " (" + rate + ")"
	}
	return text
}

// short is a path as people would write it here.
func short(path string) string {
	here, err := os.Getwd()
	if err != nil {
		return path
	}
	rel, err := filepath.Rel(here, path)
	if err != nil || !filepath.IsLocal(rel) {
		return path
	}
	return rel
}
