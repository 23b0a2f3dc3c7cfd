// Package remote is burnish work: a machine that works on the photos of owners
// elsewhere. It knows no folder of theirs and keeps nothing but models. What it
// is sent comes from a peer that it does not trust: pipelines may name no file and
// no program, and run in the worker process within its sandbox, one for each
// owner's pipeline.
package remote

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/burnish-photo/burnish/cmd/cluster"
	"github.com/burnish-photo/burnish/ops"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/semaphore"
)

// Options are what a worker is run with.
type Options struct {
	Link     cluster.Link
	Names    cluster.Names
	ID       string // as owners see it; a token
	Folder   string // for models, and for photos while they are worked on
	Version  string // of Burnish
	Places   int    // photos at a time
	Devices  []string
	Require  bool // the devices, rather than fall back to the CPU
	GPU      bool // for classes that ask for one
	Memory   int64
	Sandbox  string // as of worker.sandbox
	Seal     cluster.Seal
	Registry *ops.Registry
	Log      *slog.Logger
}

// Worker works on photos of owners.
type Worker struct {
	options Options
	js      jetstream.JetStream
	places  *semaphore.Weighted
	alone   sync.Mutex   // held by a photo that wants to be alone
	lonely  atomic.Int32 // photos that wait to be alone: no place is held for jobs to come
	engines *engines
	started time.Time

	mu      sync.Mutex
	jobs    map[string]int     // under way
	refuses map[string]refusal // by owner
	done    int64
	failed  int64
	ends    []time.Time // of photos of the last minute
}

// Run works until ctx ends and the photos under way with it.
func Run(ctx context.Context, o Options) error {
	if err := os.MkdirAll(o.Folder, 0o700); err != nil {
		return fmt.Errorf("make the worker's folder: %w", err)
	}
	unlock, err := lock(o.Folder)
	if err != nil {
		return err
	}
	defer unlock()
	for _, name := range []string{"engines", "fetched"} {
		if err := os.RemoveAll(filepath.Join(o.Folder, name)); err != nil {
			return err
		}
	}
	conn, js, err := o.Link.Connect("burnish worker "+o.ID, o.Log)
	if err != nil {
		return err
	}
	defer conn.Close()
	w := &Worker{options: o, js: js, places: semaphore.NewWeighted(int64(o.Places)), jobs: map[string]int{}, refuses: map[string]refusal{}, started: time.Now()}
	w.engines = newEngines(o, js)
	defer w.engines.close()
	o.Log.Info("waits for photos", "worker", o.ID, "servers", o.Link.Servers, "places", o.Places)
	signs, stop := context.WithCancel(context.WithoutCancel(ctx))
	var beating sync.WaitGroup
	beating.Go(func() { w.beat(signs) })
	err = w.pull(ctx)
	stop()
	beating.Wait()
	return err
}

// pull takes jobs until ctx ends, and waits for those under way.
func (w *Worker) pull(ctx context.Context) error {
	var working sync.WaitGroup
	defer working.Wait()
	supply := &supply{worker: w}
	for {
		if err := w.places.Acquire(ctx, 1); err != nil {
			w.options.Log.Info("stops after the photos in progress")
			return nil
		}
		m, from, err := supply.next(ctx)
		if err != nil {
			w.places.Release(1)
			if ctx.Err() != nil {
				continue
			}
			w.options.Log.Debug("no jobs can be had now", "error", err)
			select {
			case <-time.After(time.Second):
			case <-ctx.Done():
			}
			continue
		}
		working.Go(func() { w.handle(m, from) })
	}
}

// begin and end note a job that is under way.
func (w *Worker) begin(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.jobs[id]++
}

func (w *Worker) end(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.jobs[id]--; w.jobs[id] <= 0 {
		delete(w.jobs, id)
	}
}

// refusal is why an owner's jobs are not done, since when it was last found so.
type refusal struct {
	why string
	at  time.Time
}

// refusedFor is how long a refusal is told: an owner that reads it sends nothing,
// so that nothing else would show that the cause is gone.
const refusedFor = 3 * time.Minute

// Signs of life tell of so many refusals, in so many bytes each.
const (
	mostRefusals = 200
	mostRefusal  = 500
)

// refuse notes why jobs of an owner are not done; "" takes it back.
func (w *Worker) refuse(owner, why string) {
	why = cluster.Bounded(why)
	why = strings.ToValidUTF8(why[:min(len(why), mostRefusal)], "")
	w.mu.Lock()
	before, known := w.refuses[owner]
	if why == "" {
		delete(w.refuses, owner)
	} else if known || len(w.refuses) < mostRefusals {
		w.refuses[owner] = refusal{why, time.Now()}
	}
	w.mu.Unlock()
	if why != before.why && why != "" {
		w.options.Log.Warn("the jobs of an owner are refused", "owner", owner, "reason", why)
	}
}

// ended counts a photo.
func (w *Worker) ended(failed bool) {
	now := time.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	if failed {
		w.failed++
	} else {
		w.done++
	}
	if w.ends = append(w.ends, now); len(w.ends) > 10_000 {
		w.ends = w.ends[1:]
	}
}

// errBusy is of a folder that another worker has.
var errBusy = errors.New("another worker uses this folder: give each its own with --folder")
