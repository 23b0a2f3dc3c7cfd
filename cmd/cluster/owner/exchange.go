package owner

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/burnish-photo/burnish/cmd/cluster"
	"github.com/burnish-photo/burnish/plugin"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/semaphore"
)

// errHere is a photo that is to be worked on here after all.
var errHere = errors.New("no worker does it")

// exchange is what is out, and how it comes back.
type exchange struct {
	options Options
	id      string // of the owner
	epoch   uint64
	conn    *nats.Conn
	js      jetstream.JetStream
	bytes   *semaphore.Weighted
	// discards bounds the results whose objects are being removed.
	discards *semaphore.Weighted
	stop     context.CancelFunc
	context  context.Context
	running  sync.WaitGroup

	mu      sync.Mutex
	ready   bool // streams and buckets are there
	store   *cluster.Store
	parcels *cluster.Store
	known   map[string]parcelled // by pipeline
	jobs    map[string]*errand   // that are out, by ID
	held    map[string]int       // photos in the store, by content: how many jobs want them
	held64  int64                // their bytes
	signs   map[string]heard     // by worker
	latest  time.Time            // when a worker was last heard of
	reason  string               // why all is worked on here; "" where it is not
	moved   time.Time            // when the queue last moved
	at      uint64               // to where
	figures figures
}

type parcelled struct {
	digest string
	err    error
}

// heard is a worker's last sign of life.
type heard struct {
	cluster.Sign
	at time.Time
}

// errand is a photo that is out. What is below mu is guarded by the exchange.
type errand struct {
	job   cluster.Job
	file  string
	photo string

	since  time.Time
	sign   time.Time // it was published, or named by a worker
	seq    uint64    // in the stream
	events chan event
	unsure bool // whether the photo can be read where it was stored: a worker refused the job
}

// event is what becomes of an errand.
type event struct {
	answer *cluster.Answer
	lost   string // why it is to be put in again
	dead   string // why it is given up
	here   string // why it is to be worked on here
}

// mostDiscards bounds the results whose objects are being removed at a time.
const mostDiscards = 16

func openExchange(ctx context.Context, o Options) (*exchange, error) {
	id, epoch, err := identify(o.StateDir, o.Name)
	if err != nil {
		return nil, err
	}
	x := &exchange{
		options: o, id: id, epoch: epoch, bytes: semaphore.NewWeighted(o.Bytes), discards: semaphore.NewWeighted(mostDiscards), known: map[string]parcelled{}, jobs: map[string]*errand{},
		held: map[string]int{}, signs: map[string]heard{}, latest: time.Now(), moved: time.Now(),
	}
	if x.conn, x.js, err = o.Link.Connect("burnish owner "+id, o.Log); err != nil {
		return nil, err
	}
	x.context, x.stop = context.WithCancel(context.WithoutCancel(ctx))
	x.running.Go(x.run)
	x.running.Go(x.watch)
	return x, nil
}

func (x *exchange) close() {
	x.stop()
	x.running.Wait()
	x.conn.Close()
}

// do has an errand done: it puts the photo into the store, the job into the
// queue, and waits for what becomes of it. The outputs are below folder.
func (x *exchange) do(ctx context.Context, folder string, e errand) (*plugin.Made, error) {
	e.job.Protocol, e.job.Version, e.job.Owner, e.job.Epoch, e.job.ID = cluster.Protocol, x.options.Version, x.id, x.epoch, rand.Text()[:16]
	e.since, e.events = time.Now(), make(chan event, 16)
	weight := min(e.job.Size, x.options.Bytes)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(x.options.Stopping, cancel)()
	defer context.AfterFunc(x.context, cancel)()
	if err := x.bytes.Acquire(ctx, weight); err != nil {
		return nil, err
	}
	defer x.bytes.Release(weight)
	x.enter(&e)
	defer x.leave(&e)
	made, err := pursue(ctx, x, folder, &e)
	if ctx.Err() != nil && err != nil && !errors.Is(err, errHere) {
		err = context.Cause(ctx)
	}
	return made, err
}

// tries bound how often a photo is put in after failures of one kind.
const (
	mostFailures = 3 // with workers; then it counts
	mostRefused  = 5 // then it is worked on here
	mostLost     = 8 // then it counts
	mostDead     = 3 // likewise: given out in vain as often as it may be, each time
	mostCorrupt  = 5 // then it is worked on here
)

// pursue puts an errand in until it has come to an end.
func pursue(ctx context.Context, x *exchange, folder string, e *errand) (*plugin.Made, error) {
	var failed, refused, lost, corrupt, dead int
	for {
		if err := x.put(ctx, e); err != nil {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			return nil, fmt.Errorf("%w: %w", errHere, err)
		}
		var ev event
		select {
		case ev = <-e.events:
		case <-ctx.Done():
			withdraw(x, e)
			return nil, ctx.Err()
		}
		a := ev.answer
		switch {
		case ev.here != "":
			withdraw(x, e)
			return nil, fmt.Errorf("%w: %s", errHere, ev.here)
		case ev.dead != "":
			withdraw(x, e)
			if len(e.job.Avoid) > 0 { // handing it back counts as well: those that may take it were busy
				e.job.Avoid = nil
				continue
			}
			if dead++; dead < mostDead { // servers and stores that fail count as well
				continue
			}
			return failure(e, plugin.Crashed, ev.dead, "burnish retry has it worked on again"), nil
		case ev.lost != "":
			withdraw(x, e)
			if lost++; lost == mostLost {
				return failure(e, plugin.Crashed, fmt.Sprintf("it was given out %d times, and no worker answered: %s", lost, ev.lost), "burnish retry has it worked on again"), nil
			}
			x.count(func(f *figures) { f.again++ })
		case a.Refused != "":
			if refused++; refused == mostRefused {
				return nil, fmt.Errorf("%w: %s: %s", errHere, a.Worker, a.Refused)
			}
			e.unsure = true
			x.avoid(e, a.Worker)
		case a.Suspect:
			e.job.Alone = true
			x.count(func(f *figures) { f.suspects++ })
		case a.Failure != nil:
			failed++
			x.options.Log.Warn("a worker failed with a photo", "photo", e.photo, "worker", a.Worker, "kind", a.Failure.Kind, "error", a.Failure.Reason)
			if enough := mostFailures; failed == enough || a.Failure.Kind == plugin.Crashed && e.job.Alone || failed == 2 && a.Failure.Kind.Permanent() {
				return failure(e, a.Failure.Kind, fmt.Sprintf("worker %s: %s", a.Worker, a.Failure.Reason), a.Failure.Hint), nil
			}
			x.avoid(e, a.Worker)
		default:
			made, err := x.fetch(ctx, filepath.Join(folder, fmt.Sprint(e.job.Try)), e, a)
			if err == nil {
				return made, nil
			}
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			x.options.Log.Warn("what a worker made is refused", "photo", e.photo, "worker", a.Worker, "error", err)
			x.count(func(f *figures) { f.refused++ })
			if corrupt++; corrupt == mostCorrupt {
				return nil, fmt.Errorf("%w: %w", errHere, err)
			}
			x.avoid(e, a.Worker)
		}
	}
}

// avoid keeps an errand from a worker, unless there is no other.
func (x *exchange) avoid(e *errand, worker string) {
	if !slices.Contains(e.job.Avoid, worker) && len(e.job.Avoid) < 50 {
		e.job.Avoid = append(e.job.Avoid, worker)
	}
	if x.eligible(e.job.Avoid) == 0 {
		e.job.Avoid = nil
	}
}

func failure(e *errand, kind plugin.Kind, reason, hint string) *plugin.Made {
	return &plugin.Made{Content: e.job.Content, Build: e.job.Build, Failure: &plugin.MadeFailure{Kind: kind, Reason: reason, Hint: hint}}
}

// put stores the photo, where it is not there yet, and publishes the job.
func (x *exchange) put(ctx context.Context, e *errand) error {
	wait := 500 * time.Millisecond
	for try := 1; ; try++ {
		err := putOnce(ctx, x, e)
		if err == nil || ctx.Err() != nil {
			return err
		}
		if why := x.away(); why != "" {
			return errors.New(why)
		}
		if full(err) {
			x.count(func(f *figures) { f.full++ })
		}
		if try == 1 {
			x.options.Log.Warn("a photo cannot be handed to workers now, and waits", "photo", e.photo, "error", err)
		}
		if x.options.Fallback > 0 && time.Since(e.since) > 4*x.options.Fallback {
			return err
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return ctx.Err()
		}
		wait = min(2*wait, 10*time.Second)
	}
}

func putOnce(ctx context.Context, x *exchange, e *errand) error {
	store := x.opened()
	if store == nil {
		return errors.New("NATS has not answered yet")
	}
	name := cluster.PhotoObject(e.job.Content)
	there, err := false, error(nil)
	if !e.unsure {
		there, err = store.Has(ctx, name)
	}
	if err == nil && !there {
		err = store.Put(ctx, name, e.file)
		x.count(func(f *figures) { f.sent += e.job.Size })
	}
	if err != nil {
		return err
	}
	e.unsure = false
	x.mu.Lock()
	e.job.Try++
	job := e.job
	x.mu.Unlock()
	data, err := cluster.Encode(job)
	if err != nil {
		return err
	}
	class := x.options.Class.String()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	ack, err := x.js.Publish(ctx, x.options.Names.JobSubject(x.id, class), data, jetstream.WithMsgID(fmt.Sprintf("%d-%s-%d", job.Epoch, job.ID, job.Try)))
	if err != nil {
		return err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	e.seq, e.sign = ack.Sequence, time.Now()
	return nil
}

// withdraw takes an errand's job out of the queue.
func withdraw(x *exchange, e *errand) {
	x.mu.Lock()
	seq := e.seq
	e.seq = 0
	x.mu.Unlock()
	if seq == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if s, err := x.js.Stream(ctx, x.options.Names.Jobs()); err == nil {
		_ = s.DeleteMsg(ctx, seq) // where it is gone, it was answered
	}
}

// enter and leave count an errand among those that are out.
func (x *exchange) enter(e *errand) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.jobs[e.job.ID] = e
	x.held[e.job.Content]++
	x.held64 += e.job.Size
}

func (x *exchange) leave(e *errand) {
	x.mu.Lock()
	delete(x.jobs, e.job.ID)
	x.held[e.job.Content]--
	last := x.held[e.job.Content] == 0
	if last {
		delete(x.held, e.job.Content)
	}
	x.held64 -= e.job.Size
	store := x.store
	x.mu.Unlock()
	if last && store != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := store.Remove(ctx, cluster.PhotoObject(e.job.Content)); err != nil {
			x.options.Log.Debug("an object stays until it is swept", "error", err)
		}
	}
}

// full reports whether an error is of a store or stream that holds all it may.
func full(err error) bool {
	var api *jetstream.APIError
	return errors.As(err, &api) && (api.ErrorCode == 10077 || api.ErrorCode == 10023 || api.ErrorCode == 10047 || api.ErrorCode == 10122)
}
