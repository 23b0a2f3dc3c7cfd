package owner

import (
	"cmp"
	"slices"
	"time"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/cmd/cluster"
	"github.com/burnish-photo/burnish/plugin"
)

// figures are counted since the start.
type figures struct {
	done, failed            int64  // committed
	doubled, stale, refused int64  // results that were dropped
	again, suspects, dead   int64  // jobs that were put in again, alone, or given up
	stuck, fallbacks, full  int64  // queues, times without workers, refusals of the store
	swept                   int64  // objects
	sent, received          int64  // bytes
	waiting                 uint64 // jobs in the queue, of late
}

func (x *exchange) count(f func(*figures)) {
	x.mu.Lock()
	defer x.mu.Unlock()
	f(&x.figures)
}

// committed counts how a photo ended that workers have worked on.
func (x *exchange) committed(r plugin.Result, err error) {
	x.count(func(f *figures) {
		switch {
		case err != nil:
			f.failed++
		case r.State == plugin.Skipped: // somebody was faster
			f.doubled++
		default:
			f.done++
		}
	})
}

// status tells how the cluster stands.
func (x *exchange) status() *api.ClusterStatus {
	now := time.Now()
	x.mu.Lock()
	defer x.mu.Unlock()
	f := x.figures
	s := &api.ClusterStatus{
		Owner: x.id, Epoch: x.epoch, Mode: x.options.Mode, Connected: x.conn.IsConnected(), Here: x.reason,
		Out: len(x.jobs), Waiting: int(f.waiting), Bytes: x.held64, Done: f.done, Failed: f.failed,
		Dropped: map[string]int64{"doubled": f.doubled, "stale": f.stale, "refused": f.refused},
		Again:   map[string]int64{"lost": f.again, "suspect": f.suspects, "dead": f.dead, "stuck": f.stuck},
		Full:    f.full, Fallbacks: f.fallbacks, Swept: f.swept, Sent: f.sent, Received: f.received,
	}
	for _, e := range x.jobs {
		if s.Oldest.IsZero() || e.since.Before(s.Oldest) {
			s.Oldest = e.since.Round(time.Second)
		}
	}
	for id, h := range x.signs {
		if now.Sub(h.at) > cluster.Presence {
			delete(x.signs, id)
			continue
		}
		s.Workers = append(s.Workers, api.ClusterWorker{
			ID: id, Version: h.Version, Devices: h.Devices, Places: h.Places, Busy: len(h.Jobs), Done: h.Sign.Done, Failed: h.Sign.Failed, Rate: h.Rate,
			Refuses: h.Refuses[x.id], Takes: x.takes(h.Sign),
		})
	}
	slices.SortFunc(s.Workers, func(a, b api.ClusterWorker) int { return cmp.Compare(a.ID, b.ID) })
	return s
}
