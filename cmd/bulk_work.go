package cmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/burnish-photo/burnish/cmd/bulk"
	"github.com/burnish-photo/burnish/cmd/pace"
	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/plugin"
)

// bulkWork is what a command does with many files: it lists them, in order, says
// what lies ahead, and works on those that it has not done before it was
// interrupted.
type bulkWork struct {
	h       *host
	order   bulk.Order
	rules   pace.Rules // when photos may begin
	silent  bool
	scan    *scanning
	files   []listed
	job     func(file) plugin.Job
	run     *bulk.Run // nil: it cannot be kept
	told    sync.Once // that the run cannot be kept
	engine  *plugin.Engine
	begun   bool // by a command that was interrupted
	resumed int  // files that it has done
}

// listed is a file with what was seen of it when it was found.
type listed struct {
	file
	size    int64
	modTime time.Time
}

func newBulkWork(h *host, order string, quiet bool) *bulkWork {
	return &bulkWork{h: h, order: bulk.Order(order), silent: quiet, scan: &scanning{h: h}}
}

// take lists a file. It reports false once the command is to end.
func (w *bulkWork) take(f file) bool {
	l := listed{file: f}
	if info, err := os.Stat(f.path); err == nil { // else the engine says what is wrong with it
		l.size, l.modTime = info.Size(), info.ModTime()
	}
	w.files = append(w.files, l)
	w.scan.found(len(w.files))
	return w.h.Err() == nil
}

// scanned puts the files in order once all are found. Those that are named keep
// theirs, unless an order by time is asked for.
func (w *bulkWork) scanned() error {
	clearLine(w.h)
	if w.order != bulk.ByPath {
		bulk.Sort(w.files, w.order, func(l *listed) string { return l.path }, func(l *listed) time.Time { return l.modTime })
	}
	return w.h.Err()
}

// sources are the absolute paths of the files.
func (w *bulkWork) sources() (all []string) {
	for _, f := range w.files {
		all = append(all, fullPath(f.path))
	}
	return all
}

// fullPath is a path as it is without a working directory; "" stays.
func fullPath(path string) string {
	if full, err := filepath.Abs(path); path != "" && err == nil {
		return full
	}
	return path
}

// process works on the files that are left. The key tells the work from any other:
// the last of it are paths.
func (w *bulkWork) process(engine *plugin.Engine, o reporting, key []string, unread []*plugin.Error) error {
	w.engine = engine
	if err := w.resume(key); err != nil {
		return err
	}
	var bytes int64
	for _, f := range w.files {
		bytes += f.size
	}
	o.total, o.bytes = w.resumed+len(w.files)+len(unread), bytes
	if w.run != nil {
		o.again = "repeat the command to continue"
	}
	if w.resumed > 0 && !w.silent {
		fmt.Fprintf(w.h.err, "%s done before the command was interrupted, %d left\n", counted(w.resumed, "files"), len(w.files))
	}
	w.estimate(bytes)
	r := newReport(w.h, o)
	r.before(w.resumed)
	for _, u := range unread {
		r.add(listed{file: file{path: u.Path, named: true}}, plugin.Result{}, u)
	}
	w.all(r)
	err := r.finish()
	if w.run != nil {
		end := w.run.Finish
		if errors.Is(err, errInterrupted) {
			end = w.run.Close
		}
		if err := end(); err != nil {
			w.h.logger().Debug("the state of the run stays", "error", err)
		}
	}
	return err
}

// resume takes what was done out of the list.
func (w *bulkWork) resume(key []string) (err error) {
	state := config.DefaultStateDir()
	if len(w.files) < 2 || state == "" {
		return nil
	}
	here, _ := os.Getwd()
	w.run, err = bulk.Open(filepath.Join(state, "runs"), strings.Join(os.Args, " "), append(key, here)...)
	if errors.Is(err, bulk.ErrBusy) {
		return fmt.Errorf("%w: wait for it, or stop it and repeat this one", err)
	}
	if err != nil {
		w.h.logger().Debug("what is done is not kept for a repeated command", "error", err)
		return nil
	}
	w.begun = w.run.Begun()
	left := w.files[:0]
	for _, f := range w.files {
		if f.ignored == "" && w.run.Done(fullPath(f.path), f.size, f.modTime) {
			w.resumed++
		} else {
			left = append(left, f)
		}
	}
	w.files = left
	return nil
}

// Where an estimate is made before the work: from so many files, of so many.
const (
	worthEstimate = 50
	estimateFrom  = 16
)

// estimate says how long the work takes, from a few of the files.
func (w *bulkWork) estimate(bytes int64) {
	if w.silent || len(w.files) < worthEstimate {
		return
	}
	var seconds float64
	var seen, planned int
	for i := range estimateFrom {
		f := w.files[i*(len(w.files)-1)/(estimateFrom-1)]
		j := w.job(f.file)
		j.Sample = true
		plan, err := w.engine.Plan(w.h, j)
		if err == nil || plugin.Planned(err) {
			seconds += plan.Seconds
			planned++
		}
		seen++
		statusLine(w.h, fmt.Sprintf("estimating: %d of %d", seen, estimateFrom))
	}
	clearLine(w.h)
	if planned == 0 || w.h.Err() != nil {
		return
	}
	parallel := w.engine.Parallel()
	total := seconds / float64(planned) * float64(len(w.files)) / float64(parallel)
	fmt.Fprintf(w.h.err, "%s, %s: about %s with %d at a time, estimated from %d of them\n", counted(len(w.files), "files"), diag.Size(bytes), duration(total), parallel, planned)
}

// all works on the files, as many at a time as the engine takes, until the command
// is interrupted.
func (w *bulkWork) all(r *report) {
	ctx := context.Context(w.h)
	queue := make(chan listed)
	var workers sync.WaitGroup
	for range w.engine.Parallel() {
		workers.Go(func() {
			for f := range queue {
				result, err := w.engine.Process(ctx, w.job(f.file))
				r.add(f, result, err)
				if err == nil {
					w.keep(f, result)
				}
			}
		})
	}
	ready := patience{rules: w.rules, tell: r.note}
	for _, f := range w.files {
		ready.wait(ctx)
		if ctx.Err() != nil {
			break
		}
		if f.ignored != "" {
			r.add(f, plugin.Result{State: plugin.Skipped, Reason: f.ignored}, nil)
			continue
		}
		select {
		case queue <- f:
		case <-ctx.Done():
		}
	}
	close(queue)
	workers.Wait()
}

// keep writes down that a file is done.
func (w *bulkWork) keep(f listed, result plugin.Result) {
	if w.run == nil {
		return
	}
	var outputs []string
	for _, o := range result.Outputs {
		outputs = append(outputs, o.Path)
	}
	if err := w.run.Add(fullPath(f.path), f.size, f.modTime, outputs); err != nil {
		w.told.Do(func() {
			w.h.logger().Warn("what is done cannot be kept for a repeated command", "error", err)
		})
	}
}

// scanning shows how many files were found.
type scanning struct {
	h    *host
	told time.Time
}

func (s *scanning) found(n int) {
	if n%100 != 0 || time.Since(s.told) < lineOnTerminal {
		return
	}
	s.told = time.Now()
	statusLine(s.h, fmt.Sprintf("%d files found", n))
}
