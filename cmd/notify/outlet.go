package notify

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"sync"
	"time"

	"github.com/burnish-photo/burnish/cmd/webhook"
	"github.com/burnish-photo/burnish/ops/event"
)

const (
	deliverTimeout = time.Minute // for one try
	maxAge         = 72 * time.Hour
	maxRefusals    = 5 // of one message, with an answer that would stay the same
)

// backoff is how long a message waits after that many failed tries.
var backoff = func(tries int) time.Duration {
	wait := min(10*time.Second<<min(tries-1, 10), time.Hour)
	return wait/2 + rand.N(wait)
}

// outlet delivers the messages of one receiver, one after the other.
type outlet struct {
	target target
	spool  spool
	log    *slog.Logger
	stop   context.CancelFunc
	ended  chan struct{}
	wake   chan struct{} // a message came
	now    chan struct{} // closed by drain: tries wait no more

	mu   sync.Mutex // held while the spool changes
	once sync.Once
}

func newOutlet(t target, s spool, log *slog.Logger) *outlet {
	ctx, stop := context.WithCancel(context.Background())
	o := &outlet{target: t, spool: s, log: log, stop: stop, ended: make(chan struct{}), wake: make(chan struct{}, 1), now: make(chan struct{})}
	go o.run(ctx)
	return o
}

// put makes a message wait. What cannot be written is sent from memory, once.
func (o *outlet) put(m Message) {
	o.mu.Lock()
	lost, err := o.spool.put(m)
	o.mu.Unlock()
	if lost > 0 || err != nil {
		go o.log.Warn("notifications are lost", event.NotificationFailed.Attr(), "to", o.target.name, "messages", lost, "error", err)
	}
	if err != nil {
		go o.direct(m)
	}
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// direct sends a message that could not be written down, as where the disk is full.
func (o *outlet) direct(m Message) {
	ctx, stop := context.WithTimeout(context.Background(), deliverTimeout)
	defer stop()
	if err := o.target.send(ctx, m); err != nil {
		o.log.Warn("notification not delivered", event.NotificationFailed.Attr(), "to", o.target.name, "error", err)
	}
}

func (o *outlet) run(ctx context.Context) {
	defer close(o.ended)
	for tries := 0; ctx.Err() == nil; {
		waiting := o.spool.waiting()
		if len(waiting) == 0 {
			select {
			case <-o.wake:
			case <-o.now:
				return
			case <-ctx.Done():
			}
			continue
		}
		wait, done := o.deliver(ctx, waiting[0], tries+1)
		if done {
			tries = 0
			continue
		}
		tries++
		select {
		case <-time.After(wait):
		case <-o.now:
			return
		case <-ctx.Done():
		}
	}
}

// deliver tries the message in a file, and removes it once it is delivered or
// given up. Else it returns when to try again.
func (o *outlet) deliver(ctx context.Context, file string, try int) (wait time.Duration, done bool) {
	m, err := o.spool.read(file)
	if unread := (*fs.PathError)(nil); errors.As(err, &unread) && !errors.Is(err, fs.ErrNotExist) && try < maxRefusals {
		return backoff(try), false // no file can be opened for now
	}
	if err != nil { // damaged, or gone for others
		_ = os.Remove(file)
		return 0, true
	}
	sending, stop := context.WithTimeout(ctx, deliverTimeout)
	defer stop()
	err = o.target.send(sending, m)
	if err != nil && ctx.Err() != nil {
		return 0, false // it is sent again after the next start
	}
	refused := (*webhook.Refused)(nil)
	lasting := errors.As(err, &refused) && refused.Lasting() && try >= maxRefusals
	switch {
	case err == nil:
	case lasting || time.Since(m.Timestamp) > maxAge:
		o.log.Error("notification given up", event.NotificationFailed.Attr(), "to", o.target.name, "type", string(m.Type), "error", err)
	default:
		wait = backoff(try)
		if refused != nil {
			wait = max(wait, refused.RetryAfter)
		}
		if try == 1 {
			o.log.Warn("notification not delivered, will retry", event.NotificationFailed.Attr(), "to", o.target.name, "type", string(m.Type), "error", err)
		}
		return wait, false
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := os.Remove(file); err != nil && !errors.Is(err, os.ErrNotExist) {
		o.log.Warn("a delivered notification stays in the state folder", "error", err)
		return backoff(maxRefusals), false
	}
	return 0, true
}

// drain delivers what waits, each once, until ctx ends.
func (o *outlet) drain(ctx context.Context) {
	o.once.Do(func() { close(o.now) })
	if ctx.Err() != nil {
		return
	}
	select {
	case <-o.ended:
	case <-ctx.Done():
	}
}

// close ends the deliveries.
func (o *outlet) close() {
	o.stop()
	<-o.ended
	if o.target.close != nil {
		o.target.close()
	}
}
