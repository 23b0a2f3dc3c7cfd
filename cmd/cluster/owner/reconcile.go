package owner

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/burnish-photo/burnish/cmd/cluster"
	"github.com/nats-io/nats.go/jetstream"
)

// Times after which something is done about a silence.
const (
	lostAfter  = 3 * cluster.Lease // a job that was given out, and that no worker names
	stuckAfter = 45 * time.Second  // a queue that does not move while workers are idle
)

// watch follows the workers' signs of life.
func (x *exchange) watch() {
	for x.context.Err() == nil {
		if kv, err := x.js.KeyValue(x.context, x.options.Names.Workers()); err == nil {
			if w, err := kv.WatchAll(x.context); err == nil {
				follow(x, w)
				_ = w.Stop()
			}
		}
		select {
		case <-time.After(2 * time.Second):
		case <-x.context.Done():
		}
	}
}

// follow takes signs in, until none has come for so long that the watch itself
// may be at fault.
func follow(x *exchange, w jetstream.KeyWatcher) {
	silence := time.NewTimer(2 * cluster.Presence)
	defer silence.Stop()
	for {
		select {
		case <-x.context.Done():
			return
		case <-silence.C:
			return
		case entry, open := <-w.Updates():
			if !open {
				return
			}
			silence.Reset(2 * cluster.Presence)
			if entry == nil || time.Since(entry.Created()) > cluster.Presence && entry.Delta() > 0 {
				continue
			}
			if entry.Operation() != jetstream.KeyValuePut {
				x.mu.Lock()
				delete(x.signs, entry.Key())
				x.mu.Unlock()
				continue
			}
			if s, err := cluster.DecodeSign(entry.Value()); err == nil && s.ID == entry.Key() {
				hear(x, s)
			}
		}
	}
}

// hear takes a sign of life in.
func hear(x *exchange, s cluster.Sign) {
	now := time.Now()
	x.mu.Lock()
	defer x.mu.Unlock()
	before, known := x.signs[s.ID]
	if why := s.Refuses[x.id]; why != "" && why != before.Refuses[x.id] {
		x.options.Log.Warn("a worker refuses the jobs of this owner", "worker", s.ID, "reason", cluster.Bounded(why))
	}
	if !known && len(x.signs) >= 10_000 {
		return
	}
	x.signs[s.ID] = heard{s, now}
	if x.takes(s) {
		x.latest = now
		if x.reason != "" {
			x.reason = ""
			x.options.Log.Info("workers answer again: photos are handed to them", "worker", s.ID)
		}
	}
	for _, id := range s.Jobs {
		if e := x.jobs[id]; e != nil {
			e.sign = now
		}
	}
}

// takes reports whether a worker takes the owner's jobs. x.mu is held.
func (x *exchange) takes(s cluster.Sign) bool {
	return s.Protocol == cluster.Protocol && s.Version == x.options.Version && s.Refuses[x.id] == "" && cluster.Meets(x.options.Class.String(), s.GPU, s.Memory)
}

// eligible counts the workers that take the owner's jobs, but for some.
func (x *exchange) eligible(without []string) (n int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for id, s := range x.signs {
		if time.Since(s.at) < cluster.Presence && x.takes(s.Sign) && !slices.Contains(without, id) {
			n++
		}
	}
	return n
}

// away is why photos are worked on here; "" while workers answer. When it begins,
// what is out comes back.
func (x *exchange) away() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.reason != "" || x.options.Fallback == 0 || time.Since(x.latest) < x.options.Fallback {
		return x.reason
	}
	x.reason = fmt.Sprintf("no worker that takes the jobs has answered for %s (cluster.fallback)", x.options.Fallback)
	x.options.Log.Warn("photos are worked on here for now", "reason", x.reason, "out", len(x.jobs))
	x.figures.fallbacks++
	for _, e := range x.jobs {
		e.tell(event{here: x.reason})
	}
	return x.reason
}

// tell lets an errand know, unless it has more to look at than it can take.
func (e *errand) tell(ev event) {
	select {
	case e.events <- ev:
	default:
	}
}

// reconcile notices jobs that get nowhere, and queues that do not move although
// workers are idle: it has been seen that consumers get stuck.
func reconcile(ctx context.Context, x *exchange) error {
	if x.away() != "" {
		return nil
	}
	c, err := x.js.Consumer(ctx, x.options.Names.Jobs(), x.options.Names.Consumer(x.id, x.options.Class.String()))
	if err != nil {
		return offer(ctx, x) // it is gone
	}
	info, err := c.Info(ctx)
	if err != nil {
		return err
	}
	given := info.Delivered.Stream
	x.mu.Lock()
	x.figures.waiting = info.NumPending
	if given != x.at || info.NumPending == 0 {
		x.at, x.moved = given, time.Now()
	}
	stuck := time.Since(x.moved) > stuckAfter && x.idle() > 0
	for _, e := range x.jobs {
		waits := e.seq > given && info.NumPending > 0 // else the queue has lost it
		if e.seq == 0 || waits || time.Since(e.sign) < lostAfter {
			continue
		}
		e.sign = time.Now()
		e.tell(event{lost: fmt.Sprintf("no worker has named it for %s", lostAfter)})
	}
	x.mu.Unlock()
	if !stuck {
		return nil
	}
	x.options.Log.Warn("the queue does not move although workers are idle: it is offered anew", "waiting", info.NumPending)
	x.count(func(f *figures) { f.stuck++ })
	if err := x.js.DeleteConsumer(ctx, x.options.Names.Jobs(), info.Name); err != nil {
		return err
	}
	x.mu.Lock()
	x.moved = time.Now()
	x.mu.Unlock()
	return offer(ctx, x)
}

// idle counts the free places of workers. x.mu is held.
func (x *exchange) idle() (n int) {
	for _, s := range x.signs {
		if time.Since(s.at) < cluster.Presence && x.takes(s.Sign) {
			n += max(0, s.Places-len(s.Jobs))
		}
	}
	return n
}

// bury takes in that a job was given out as often as it may be.
func bury(x *exchange, data []byte) {
	var advisory struct {
		Seq        uint64 `json:"stream_seq"`
		Deliveries int    `json:"deliveries"`
	}
	if json.Unmarshal(data, &advisory) != nil || advisory.Seq == 0 {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, e := range x.jobs {
		if e.seq == advisory.Seq {
			x.figures.dead++
			e.tell(event{dead: fmt.Sprintf("workers were given it %d times, and none came to an end with it", advisory.Deliveries)})
		}
	}
}
