package remote

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/burnish-photo/burnish/cmd/cluster"
)

// beat gives signs of life until ctx ends, and then takes the last one back.
func (w *Worker) beat(ctx context.Context) {
	tick := time.NewTicker(cluster.Beat)
	defer tick.Stop()
	for {
		within, cancel := context.WithTimeout(ctx, cluster.Beat)
		if kv, err := w.js.KeyValue(within, w.options.Names.Workers()); err == nil {
			if data, err := cluster.Encode(w.sign()); err == nil {
				_, _ = kv.Put(within, w.options.ID, data) // the next one may get through
			}
		}
		cancel()
		select {
		case <-tick.C:
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			if kv, err := w.js.KeyValue(last, w.options.Names.Workers()); err == nil {
				_ = kv.Delete(last, w.options.ID) // else it ends by its age
			}
			return
		}
	}
}

func (w *Worker) sign() cluster.Sign {
	devices := w.engines.devices()
	w.mu.Lock()
	defer w.mu.Unlock()
	recent := time.Now().Add(-time.Minute)
	w.ends = slices.DeleteFunc(w.ends, func(t time.Time) bool { return t.Before(recent) })
	maps.DeleteFunc(w.refuses, func(_ string, r refusal) bool { return time.Since(r.at) > refusedFor })
	refuses := map[string]string{}
	for owner, r := range w.refuses {
		refuses[owner] = r.why
	}
	return cluster.Sign{
		Protocol: cluster.Protocol, ID: w.options.ID, Version: w.options.Version, GPU: w.options.GPU, Memory: w.options.Memory, Devices: devices, Places: w.options.Places,
		Jobs: slices.Sorted(maps.Keys(w.jobs)), Done: w.done, Failed: w.failed, Rate: float64(len(w.ends)), Refuses: refuses, Started: w.started,
	}
}
