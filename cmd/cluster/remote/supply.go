package remote

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/burnish-photo/burnish/cmd/cluster"
	"github.com/nats-io/nats.go/jetstream"
)

// supply is where jobs come from: the queues of owners, in turns by their weights.
type supply struct {
	worker *Worker
	looked time.Time
	queues []*queue
}

// queue is one owner's of one class.
type queue struct {
	name     string
	owner    string
	consumer jetstream.Consumer
	weight   float64
	due      float64 // the queue with the least is next
}

// errAlone is of a photo that waits until no place is taken, not even for a job to
// come.
var errAlone = errors.New("a photo is to be worked on alone")

// next waits for a job. While a photo wants to be alone, it fails at once.
func (s *supply) next(ctx context.Context) (jetstream.Msg, *queue, error) {
	for ctx.Err() == nil {
		if s.worker.lonely.Load() > 0 {
			return nil, nil, errAlone
		}
		if time.Since(s.looked) > cluster.Beat || len(s.queues) == 0 {
			if err := s.look(ctx); err != nil {
				return nil, nil, err
			}
		}
		if len(s.queues) == 0 {
			return nil, nil, errors.New("no owner offers jobs that this worker takes")
		}
		for range s.queues {
			q := s.first()
			q.due += 1 / q.weight
			if m, err := one(q.consumer.FetchNoWait(1)); m != nil || err != nil {
				return m, q, err
			}
		}
		q := s.first()
		q.due += 1 / q.weight
		wait := cluster.Beat
		if len(s.queues) > 1 {
			wait = time.Second / time.Duration(len(s.queues))
		}
		if m, err := one(q.consumer.Fetch(1, jetstream.FetchMaxWait(wait))); m != nil || err != nil {
			return m, q, err
		}
	}
	return nil, nil, ctx.Err()
}

// one is the message of a batch; nil for none.
func one(b jetstream.MessageBatch, err error) (jetstream.Msg, error) {
	if err != nil {
		return nil, err
	}
	var m jetstream.Msg
	for got := range b.Messages() {
		m = got
	}
	if m != nil {
		return m, nil
	}
	return nil, b.Error()
}

// first is the queue whose turn it is.
func (s *supply) first() *queue {
	best := s.queues[0]
	for _, q := range s.queues[1:] {
		if q.due < best.due {
			best = q
		}
	}
	return best
}

// look finds the queues that this worker takes jobs of.
func (s *supply) look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	o := s.worker.options
	stream, err := s.worker.js.Stream(ctx, o.Names.Jobs())
	if err != nil {
		return err
	}
	known := map[string]*queue{}
	least := 0.0
	for i, q := range s.queues {
		known[q.name] = q
		if i == 0 || q.due < least {
			least = q.due
		}
	}
	var queues []*queue
	list := stream.ListConsumers(ctx)
	for info := range list.Info() {
		about := info.Config.Metadata
		owner := about["burnish-owner"]
		if !cluster.IsToken(owner) || !cluster.Meets(about["burnish-class"], o.GPU, o.Memory) {
			continue
		}
		if why := s.differs(about); why != "" {
			s.worker.refuse(owner, why)
			continue
		}
		q := known[info.Name]
		if q == nil {
			c, err := stream.Consumer(ctx, info.Name)
			if err != nil {
				continue // it has gone
			}
			q = &queue{name: info.Name, owner: owner, consumer: c, due: least}
			s.worker.refuse(owner, "")
		}
		weight, err := strconv.ParseFloat(about["burnish-weight"], 64)
		if err != nil || !(weight >= 1 && weight <= 1000) {
			weight = 1
		}
		q.weight = weight
		queues = append(queues, q)
	}
	if err := list.Err(); err != nil {
		return err
	}
	s.queues, s.looked = queues, time.Now()
	return nil
}

// differs is why an owner's jobs are not taken: another release may do something
// else with the same pipeline.
func (s *supply) differs(about map[string]string) string {
	switch o := s.worker.options; {
	case about["burnish-protocol"] != fmt.Sprint(cluster.Protocol):
		return fmt.Sprintf("its protocol is %.20q, this worker's %d: run the same release of Burnish on both", about["burnish-protocol"], cluster.Protocol)
	case about["burnish-version"] != o.Version:
		return fmt.Sprintf("it runs Burnish %.60s, this worker %s: run the same release on both", about["burnish-version"], o.Version)
	}
	return ""
}
