package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// fault is something that goes wrong while photos go through.
type fault struct {
	name   string
	inject func(context.Context, *trial) error
}

var faults = []fault{
	{"none", func(context.Context, *trial) error { return nil }},
	{"kill -9 of workers, 8 times", killWorkers},
	{"kill -9 of the stream's leader", killLeader},
	{"partition of 30 s: o1, w1, w2", partition},
	{"restart of all NATS servers", restartServers},
	{"full object store for 15 s", fullStore},
	{"slow worker: stopped 9/10 of 20 s", slowWorker},
	{"corrupt models at two workers", corruptModels},
	{"late results: two stopped 30 s", lateResults},
}

func killWorkers(_ context.Context, t *trial) error {
	for range 8 {
		w := t.workers[rand.IntN(len(t.workers))]
		w.end(syscall.SIGKILL)
		time.Sleep(time.Second)
		if err := w.begin(); err != nil {
			return err
		}
		time.Sleep(time.Second)
	}
	return nil
}

func killLeader(ctx context.Context, t *trial) error {
	s, err := t.js.Stream(ctx, "burnish_jobs")
	if err != nil {
		return err
	}
	info, err := s.Info(ctx)
	if err != nil {
		return err
	}
	for _, m := range t.servers {
		if info.Cluster != nil && m.name == info.Cluster.Leader {
			m.end(syscall.SIGKILL)
			time.Sleep(10 * time.Second)
			return m.begin()
		}
	}
	return fmt.Errorf("the leader of %s is not known", info.Config.Name)
}

func partition(_ context.Context, t *trial) error {
	cut := []string{"o1", "w1", "w2"}
	for _, up := range []bool{false, true} {
		for _, name := range cut {
			if err := t.network.link(name, up); err != nil {
				return err
			}
		}
		if !up {
			time.Sleep(30 * time.Second)
		}
	}
	return nil
}

func restartServers(_ context.Context, t *trial) error {
	for _, m := range t.servers {
		m.end(syscall.SIGTERM)
	}
	time.Sleep(3 * time.Second)
	for _, m := range t.servers {
		if err := m.begin(); err != nil {
			return err
		}
	}
	return nil
}

// fullStore leaves no room for further photos: servers drop what is stored above a
// bound, so the bound is what is there.
func fullStore(ctx context.Context, t *trial) error {
	limit := func(most func(stored uint64) int64) error {
		names := t.js.StreamNames(ctx)
		for name := range names.Name() {
			if !strings.HasPrefix(name, "OBJ_burnish_photos_") {
				continue
			}
			s, err := t.js.Stream(ctx, name)
			if err != nil {
				return err
			}
			c := s.CachedInfo().Config
			c.MaxBytes = most(s.CachedInfo().State.Bytes)
			if _, err := t.js.UpdateStream(ctx, c); err != nil {
				return err
			}
		}
		return names.Err()
	}
	if err := limit(func(stored uint64) int64 { return max(int64(stored), 20_000) }); err != nil {
		return err
	}
	time.Sleep(15 * time.Second)
	return limit(func(uint64) int64 { return 1 << 30 })
}

func slowWorker(_ context.Context, t *trial) error {
	w := t.workers[2]
	for range 40 {
		w.family(syscall.SIGSTOP)
		time.Sleep(450 * time.Millisecond)
		w.family(syscall.SIGCONT)
		time.Sleep(50 * time.Millisecond)
	}
	return nil
}

// corruptModels changes the models that workers keep, and starts them again.
func corruptModels(_ context.Context, t *trial) error {
	for _, w := range t.workers[:2] {
		w.end(syscall.SIGTERM)
		kept, err := filepath.Glob(t.path(w.name, "models", "*"))
		if err != nil || len(kept) == 0 {
			return fmt.Errorf("%s keeps no model: %w", w.name, err)
		}
		for _, file := range kept {
			data, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			data[len(data)/2] ^= 0xff
			if err := os.WriteFile(file, data, 0o600); err != nil {
				return err
			}
		}
		if err := w.begin(); err != nil {
			return err
		}
	}
	return nil
}

func lateResults(_ context.Context, t *trial) error {
	time.Sleep(time.Second)
	for _, w := range t.workers[:2] {
		w.family(syscall.SIGSTOP)
	}
	time.Sleep(30 * time.Second)
	for _, w := range t.workers[:2] {
		w.family(syscall.SIGCONT)
	}
	return nil
}
