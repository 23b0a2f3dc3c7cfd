// Package owner is a worker of the daemon's that has photos worked on by other
// machines. The local worker keeps the ledger: it alone decides what there is to
// do, reads back what came, publishes and commits. So what a network does twice,
// late or not at all costs time, never a file.
package owner

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/cmd/cluster"
	"github.com/burnish-photo/burnish/cmd/worker"
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/plugin"
)

// Modes say where photos are worked on.
const (
	Remote = "remote" // by workers of the cluster; here where none has answered for a while
	Both   = "both"   // here while a place is free, else by workers
)

// Options are what an owner is opened with.
type Options struct {
	Link     cluster.Link
	Names    cluster.Names
	Name     string // of the owner, as others see it
	StateDir string
	Version  string // of Burnish
	Mode     string // [Remote] or [Both]
	Class    cluster.Class
	Weight   int           // of its jobs beside other owners'
	Jobs     int           // that are out at a time
	Bytes    int64         // of photos that are out at a time
	Store    int64         // bytes that its bucket may hold
	Fallback time.Duration // without a sign of a worker, after which photos are worked on here; 0: never
	Sweep    time.Duration // age of objects that nobody wants
	Deliver  int           // how often a job is given out before it counts as failed
	Seal     cluster.Seal

	// Parcel is what workers compile a pipeline from, with the files of its models by
	// name; an error says why it cannot travel.
	Parcel func(pipeline string) (cluster.Parcel, map[string]string, error)

	// Stopping ends when the daemon is to stop: jobs that are out are given up.
	Stopping context.Context
	Log      *slog.Logger
}

// Local is what the local worker has to be.
type Local interface {
	Process(context.Context, plugin.Job) (plugin.Result, error)
	Capacity() int
	Describe() worker.Description
	Restarts() (crashed, retired int)
	Memory() worker.Memory
	Records() api.Service
	Maintain(context.Context) error
	Failed() <-chan error
	Close() error
}

// Worker has photos worked on by a cluster.
type Worker struct {
	Local
	options  Options
	folder   string // of photos and outputs on their way
	places   chan struct{}
	proofs   chan struct{} // results that are read back and published
	exchange *exchange
}

// Open wraps a local worker, which the owner closes. It does not wait for NATS.
func Open(ctx context.Context, local Local, o Options) (*Worker, error) {
	w := &Worker{Local: local, options: o, folder: filepath.Join(o.StateDir, "cluster", "transit"), places: make(chan struct{}, max(1, local.Capacity())), proofs: make(chan struct{}, max(1, local.Capacity()))}
	err := os.RemoveAll(w.folder) // what a process that died has left
	if err == nil {
		err = os.MkdirAll(w.folder, 0o700)
	}
	if err != nil {
		return nil, fmt.Errorf("make the folder for photos on their way: %w", err)
	}
	if w.exchange, err = openExchange(ctx, o); err != nil {
		return nil, err
	}
	return w, nil
}

// Capacity is how many photos are worked on at a time, here and elsewhere.
func (w *Worker) Capacity() int { return w.Local.Capacity() + w.options.Jobs }

// Close gives up what is out, and closes the local worker.
func (w *Worker) Close() error {
	w.exchange.close()
	return errors.Join(os.RemoveAll(w.folder), w.Local.Close())
}

// Process has a photo worked on, here or elsewhere.
func (w *Worker) Process(ctx context.Context, j plugin.Job) (plugin.Result, error) {
	if j.Unrecorded || w.exchange.away() != "" {
		return w.here(ctx, j)
	}
	if w.options.Mode == Both {
		select {
		case w.places <- struct{}{}:
			defer func() { <-w.places }()
			return w.Local.Process(ctx, j)
		default:
		}
	}
	parcel, err := w.exchange.parcel(j.Pipeline)
	if err != nil {
		return w.here(ctx, j) // it was told why
	}
	return w.send(ctx, j, parcel)
}

// here works on a photo with the local worker, once a place is free: its process
// is not to take a photo that waits for one that makes no progress.
func (w *Worker) here(ctx context.Context, j plugin.Job) (plugin.Result, error) {
	select {
	case w.places <- struct{}{}:
		defer func() { <-w.places }()
		return w.Local.Process(ctx, j)
	case <-w.options.Stopping.Done():
		return plugin.Result{}, stopped(j)
	case <-ctx.Done():
		return plugin.Result{}, stopped(j)
	}
}

func stopped(j plugin.Job) error {
	return &plugin.Error{Path: j.Path, Kind: plugin.Stopped, Err: errors.New("the daemon is stopping")}
}

// send has a photo worked on elsewhere.
func (w *Worker) send(ctx context.Context, j plugin.Job, parcel string) (plugin.Result, error) {
	began := time.Now()
	folder := filepath.Join(w.folder, rand.Text())
	if err := os.Mkdir(folder, 0o700); err != nil {
		return plugin.Result{}, &plugin.Error{Path: j.Path, Kind: plugin.Unrecorded, Err: err}
	}
	defer os.RemoveAll(folder)
	over := j
	over.HandOver = folder
	r, err := w.Local.Process(ctx, over)
	if err != nil || r.State != plugin.HandedOver {
		return r, err
	}
	if r.Handed == nil || r.Handed.Size > cluster.MostPhoto {
		w.options.Log.Debug("worked on here", "photo", j.Path, "reason", r.Reason)
		return w.here(ctx, j)
	}
	made, err := w.exchange.do(ctx, folder, errand{
		job:  cluster.Job{Content: r.Handed.Content, Size: r.Handed.Size, Parcel: parcel, Pipeline: j.Pipeline, Build: r.Handed.Build, Only: r.Handed.Only, Limits: j.Limits, Alone: j.Exclusive},
		file: r.Handed.File, photo: j.Path,
	})
	switch {
	case errors.Is(err, errHere):
		w.options.Log.Debug("worked on here", "photo", j.Path, "reason", err)
		return w.here(ctx, j)
	case err != nil:
		return plugin.Result{}, stopped(j)
	}
	j.Made = made
	select {
	case w.proofs <- struct{}{}:
		defer func() { <-w.proofs }()
	case <-w.options.Stopping.Done():
		return plugin.Result{}, stopped(j)
	}
	r, err = w.Local.Process(ctx, j)
	r.Elapsed = time.Since(began)
	w.exchange.committed(r, err)
	return r, err
}

// Cluster tells how the cluster stands.
func (w *Worker) Cluster() *api.ClusterStatus { return w.exchange.status() }

// size is bytes for people.
func size(n int64) diag.Size { return diag.Size(n) }
