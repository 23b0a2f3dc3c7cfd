package remote

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/burnish-photo/burnish/cmd/cluster"
	"github.com/burnish-photo/burnish/cmd/worker"
	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/plugin/output/staging"
	"github.com/nats-io/nats.go/jetstream"
)

// mostEngines bounds the worker processes that are open, those in use apart.
const mostEngines = 4

// againAfter is how long a parcel that could not be opened is not tried again.
const againAfter = 30 * time.Second

// engines are the worker processes, one for each parcel. Each has a folder and a
// sandbox of its own: owners do not meet in one.
type engines struct {
	options Options
	js      jetstream.JetStream

	mu     sync.Mutex
	open   map[string]*engine        // by parcel
	stores map[string]*cluster.Store // by owner
	shared *cluster.Store
}

// engine is a worker process for one parcel. What is below mu of engines is
// guarded by it.
type engine struct {
	worker *worker.Supervised
	state  string // folder that it may write to
	folder string
	ready  chan struct{} // closed when it is open or has failed
	err    error
	tried  time.Time

	users int
	used  time.Time
}

func newEngines(o Options, js jetstream.JetStream) *engines {
	return &engines{options: o, js: js, open: map[string]*engine{}, stores: map[string]*cluster.Store{}}
}

// take is the engine of a parcel, for use until done.
func (s *engines) take(ctx context.Context, parcel string) (e *engine, done func(), err error) {
	s.mu.Lock()
	e = s.open[parcel]
	if e != nil && e.err != nil && e.users == 0 && time.Since(e.tried) > againAfter {
		e = nil
	}
	first := e == nil
	if first {
		e = &engine{ready: make(chan struct{}), tried: time.Now()}
		s.open[parcel] = e
	}
	e.users++
	s.mu.Unlock()
	if first {
		err := s.start(ctx, e, parcel)
		s.mu.Lock()
		e.err = err
		s.mu.Unlock()
		close(e.ready)
	}
	<-e.ready
	done = func() {
		s.mu.Lock()
		e.users--
		e.used = time.Now()
		idle := s.surplus()
		s.mu.Unlock()
		for _, e := range idle {
			e.close()
		}
	}
	if e.err != nil {
		done()
		return nil, nil, e.err
	}
	return e, done, nil
}

// surplus takes out the engines that nobody uses beyond the bound. s.mu is held.
func (s *engines) surplus() (all []*engine) {
	for len(s.open) > mostEngines {
		oldest := ""
		for parcel, e := range s.open {
			if e.users == 0 && (oldest == "" || e.used.Before(s.open[oldest].used)) {
				oldest = parcel
			}
		}
		if oldest == "" {
			return all
		}
		all = append(all, s.open[oldest])
		delete(s.open, oldest)
	}
	return all
}

func (e *engine) close() {
	if e.worker != nil {
		_ = e.worker.Close()
	}
	_ = os.RemoveAll(e.folder)
}

// close ends all; nothing is under way any more.
func (s *engines) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.open {
		e.close()
	}
}

// start fetches a parcel with its models, and opens a worker process with it.
func (s *engines) start(ctx context.Context, e *engine, digest string) (err error) {
	store, err := s.parcels(ctx)
	if err != nil {
		return err
	}
	e.folder = filepath.Join(s.options.Folder, "engines", digest[:16])
	e.state = filepath.Join(e.folder, "state")
	models := filepath.Join(e.folder, "models")
	if err := errors.Join(os.RemoveAll(e.folder), os.MkdirAll(e.state, 0o700), os.MkdirAll(models, 0o700)); err != nil {
		return err
	}
	p, err := s.parcel(ctx, store, digest)
	if err != nil {
		return err
	}
	for _, m := range p.Models {
		file, err := s.model(ctx, store, m)
		if err == nil {
			err = os.Link(file, filepath.Join(models, m.Name))
		}
		if err != nil {
			return fmt.Errorf("the model %s: %w", m.Name, err)
		}
	}
	own := map[string]any{
		"state_dir": e.state, "restore": map[string]any{"models": models},
		"worker": map[string]any{"sandbox": s.options.Sandbox},
	}
	if len(s.options.Devices) > 0 {
		own["restore"] = map[string]any{"models": models, "device": s.options.Devices, "require_device": s.options.Require}
	}
	c, text, err := config.Foreign([]byte(p.Text), own, e.folder, s.options.Registry)
	if err != nil {
		return err
	}
	e.worker, err = worker.Supervise(worker.Options{
		Config: c, Source: worker.Source{File: "parcel", Folder: e.folder, Text: text}, Registry: s.options.Registry, Version: s.options.Version, Trial: true, Log: s.options.Log,
	})
	if err == nil {
		s.options.Log.Info("worker process started for a pipeline", "parcel", digest[:12], "sandbox", e.worker.Describe().Sandbox)
	}
	return err
}

// parcel fetches a parcel, which its digest vouches for.
func (s *engines) parcel(ctx context.Context, store *cluster.Store, digest string) (cluster.Parcel, error) {
	data, err := store.Small(ctx, cluster.ParcelObject(digest))
	if err != nil {
		return cluster.Parcel{}, err
	}
	if cluster.Digest(data) != digest {
		return cluster.Parcel{}, fmt.Errorf("the parcel: %w", cluster.ErrCorrupt)
	}
	return cluster.DecodeParcel(data)
}

// model is the path of a model's file, fetched once and kept. What is kept is
// verified each time that an engine is opened with it.
func (s *engines) model(ctx context.Context, store *cluster.Store, m cluster.Model) (string, error) {
	folder := filepath.Join(s.options.Folder, "models")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", err
	}
	file := filepath.Join(folder, m.Digest)
	if digest, err := staging.Digest(file); err == nil && digest == m.Digest {
		return file, nil
	}
	if err := os.Remove(file); err == nil {
		s.options.Log.Warn("a model that was kept is not as it was, and is fetched again", "model", m.Name)
	}
	fetched := filepath.Join(s.options.Folder, "fetched")
	if err := os.MkdirAll(fetched, 0o700); err != nil {
		return "", err
	}
	part := filepath.Join(fetched, rand.Text()) // pipelines that share a model may fetch it at once
	if err := store.Get(ctx, cluster.ModelObject(m.Digest), part, m.Size, m.Digest); err != nil {
		return "", err
	}
	return file, os.Rename(part, file)
}

// parcels and photos are buckets, opened once.
func (s *engines) parcels(ctx context.Context) (*cluster.Store, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var err error
	if s.shared == nil {
		s.shared, err = cluster.OpenStore(ctx, s.js, s.options.Names.Parcels(), cluster.Seal{})
	}
	return s.shared, err
}

func (s *engines) photos(ctx context.Context, owner string) (*cluster.Store, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stores[owner] == nil {
		store, err := cluster.OpenStore(ctx, s.js, s.options.Names.Photos(owner), s.options.Seal)
		if err != nil {
			return nil, err
		}
		s.stores[owner] = store
	}
	return s.stores[owner], nil
}

// devices are what the engines say of where networks run.
func (s *engines) devices() (all []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.open {
		select {
		case <-e.ready:
		default:
			continue
		}
		if e.worker == nil {
			continue
		}
		for _, lines := range e.worker.Describe().Steps {
			for _, line := range lines {
				if !slices.Contains(all, line) && len(all) < 20 {
					all = append(all, line)
				}
			}
		}
	}
	slices.Sort(all)
	return all
}
