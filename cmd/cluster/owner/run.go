package owner

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/burnish-photo/burnish/cmd/cluster"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// run prepares streams and buckets, and takes results in, until the exchange is
// closed. Whatever fails is tried again.
func (x *exchange) run() {
	told := false
	for x.context.Err() == nil {
		err := prepare(x.context, x)
		if err == nil {
			told = false
			err = x.serve()
		}
		if err != nil && x.context.Err() == nil && !told {
			told = true
			x.options.Log.Warn("the cluster cannot be used now, and is tried again", "error", err)
		}
		select {
		case <-time.After(time.Second):
		case <-x.context.Done():
		}
	}
}

// prepare makes what the owner needs. Jobs of an earlier epoch are taken back:
// nobody waits for them.
func prepare(ctx context.Context, x *exchange) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	n, o := x.options.Names, x.options
	if err := o.Link.Prepare(ctx, x.js, n); err != nil {
		return err
	}
	bucket := jetstream.ObjectStoreConfig{Bucket: n.Photos(x.id), Replicas: max(1, o.Link.Replicas), MaxBytes: o.Store, TTL: 24 * time.Hour}
	if _, err := x.js.CreateOrUpdateObjectStore(ctx, bucket); err != nil {
		return fmt.Errorf("make the bucket %s: %w", bucket.Bucket, err)
	}
	store, err := cluster.OpenStore(ctx, x.js, bucket.Bucket, o.Seal)
	if err != nil {
		return err
	}
	parcels, err := cluster.OpenStore(ctx, x.js, n.Parcels(), cluster.Seal{})
	if err != nil {
		return err
	}
	x.mu.Lock()
	first := !x.ready && len(x.jobs) == 0
	x.mu.Unlock()
	if first {
		s, err := x.js.Stream(ctx, n.Jobs())
		if err == nil {
			err = s.Purge(ctx, jetstream.WithPurgeSubject(n.JobSubject(x.id, "*")))
		}
		if err != nil {
			return fmt.Errorf("take back jobs of before: %w", err)
		}
	}
	if err := offer(ctx, x); err != nil {
		return err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.store, x.parcels, x.ready = store, parcels, true
	maps.DeleteFunc(x.known, func(_ string, p parcelled) bool { return p.err == nil }) // the bucket may be a new one
	return nil
}

// offer makes the consumer that workers take the owner's jobs from.
func offer(ctx context.Context, x *exchange) error {
	n, o := x.options.Names, x.options
	class := o.Class.String()
	_, err := x.js.CreateOrUpdateConsumer(ctx, n.Jobs(), jetstream.ConsumerConfig{
		Durable: n.Consumer(x.id, class), FilterSubject: n.JobSubject(x.id, class), AckPolicy: jetstream.AckExplicitPolicy, AckWait: cluster.Lease,
		MaxDeliver: o.Deliver, MaxAckPending: 10_000,
		Metadata: map[string]string{"burnish-owner": x.id, "burnish-class": class, "burnish-version": o.Version, "burnish-weight": fmt.Sprint(max(1, o.Weight)), "burnish-protocol": fmt.Sprint(cluster.Protocol)},
	})
	if err != nil {
		return fmt.Errorf("offer jobs to workers: %w", err)
	}
	return nil
}

// serve takes results in, and minds what is out, until something fails.
func (x *exchange) serve() error {
	ctx, cancel := context.WithCancel(x.context)
	defer cancel()
	n := x.options.Names
	dead, err := x.conn.Subscribe("$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES."+n.Jobs()+"."+n.Consumer(x.id, x.options.Class.String()), func(m *nats.Msg) { bury(x, m.Data) })
	if err != nil {
		return err
	}
	defer func() { _ = dead.Unsubscribe() }()
	x.running.Go(func() { mind(ctx, x) })
	for {
		err := listen(ctx, x)
		if x.context.Err() != nil {
			return nil
		}
		if errors.Is(err, jetstream.ErrConsumerNotFound) || errors.Is(err, jetstream.ErrStreamNotFound) || errors.Is(err, jetstream.ErrConsumerDeleted) {
			return err // it is made again
		}
		if err != nil {
			x.options.Log.Debug("results are waited for again", "error", err)
		}
		select {
		case <-time.After(500 * time.Millisecond):
		case <-ctx.Done():
			return nil
		}
	}
}

// mind looks after what is out, and sweeps.
func mind(ctx context.Context, x *exchange) {
	tick, swept := time.NewTicker(cluster.Beat), time.Now()
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		within, cancel := context.WithTimeout(ctx, 20*time.Second)
		if err := reconcile(within, x); err != nil && ctx.Err() == nil {
			x.options.Log.Debug("what is out cannot be looked at", "error", err)
		}
		cancel()
		if time.Since(swept) > max(x.options.Sweep/4, 5*time.Second) {
			swept = time.Now()
			x.sweep(ctx)
		}
	}
}

// sweep removes objects that no job wants.
func (x *exchange) sweep(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	n, err := x.opened().Sweep(ctx, x.options.Sweep, func(name string) bool {
		x.mu.Lock()
		defer x.mu.Unlock()
		for _, e := range x.jobs {
			if name == cluster.PhotoObject(e.job.Content) || len(name) > len(cluster.OutputsOf(e.job.ID)) && name[:len(cluster.OutputsOf(e.job.ID))] == cluster.OutputsOf(e.job.ID) {
				return true
			}
		}
		return false
	})
	if n > 0 {
		x.count(func(f *figures) { f.swept += int64(n) })
		x.options.Log.Debug("objects that nobody wants are removed", "objects", n)
	}
	if err != nil && ctx.Err() == nil {
		x.options.Log.Debug("sweep", "error", err)
	}
}

// opened is the store; nil where there is none yet.
func (x *exchange) opened() *cluster.Store {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.store
}
