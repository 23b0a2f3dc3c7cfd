package cmd

import (
	"fmt"
	"io"
	"sync"

	"github.com/burnish-photo/burnish/config/strict"
	"github.com/burnish-photo/burnish/plugin"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// report prints a line a file as they finish, under a progress bar where
// standard error is a terminal. It is safe for concurrent use.
type report struct {
	json bool
	out  io.Writer

	mu        sync.Mutex
	failed    int
	conflicts int
	total     int
	bars      *mpb.Progress
	bar       *mpb.Bar
	summary   io.Writer
}

func newReport(h *host, json bool, total int) *report {
	r := &report{json: json, out: h.out, total: total, summary: h.err}
	if !terminal(h.err) || total == 0 {
		return r
	}
	r.bars = mpb.New(mpb.WithOutput(h.err), mpb.WithWidth(40))
	r.bar = r.bars.AddBar(int64(total),
		mpb.PrependDecorators(decor.CountersNoUnit("%d of %d photos ")),
		mpb.AppendDecorators(decor.OnComplete(decor.AverageETA(decor.ET_STYLE_GO), "")))
	if terminal(h.out) {
		r.out = r.bars // lines go above the bar
	}
	return r
}

func (r *report) add(path string, result plugin.Result, err error) {
	l := newLine(path, result, err)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		r.failed++
	}
	if l.Kind == plugin.Conflict {
		r.conflicts++
	}
	if r.json {
		fmt.Fprintln(r.out, l.json())
	} else {
		fmt.Fprintln(r.out, strict.Printable(l.text()))
	}
	if r.bar != nil {
		r.bar.Increment()
	}
}

// finish ends the bar; its error says that some files failed.
func (r *report) finish() error {
	if r.bars != nil {
		r.bars.Wait()
	}
	if r.failed == 0 {
		return nil
	}
	if r.conflicts > 0 {
		fmt.Fprintln(r.summary, "--overwrite replaces files that are there; originals stay safe all the same")
	}
	fmt.Fprintf(r.summary, "%d of %d files failed\n", r.failed, r.total)
	return errFailures
}
