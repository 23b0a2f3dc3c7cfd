package owner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/burnish-photo/burnish/cmd/cluster"
	"github.com/burnish-photo/burnish/plugin"
	"github.com/nats-io/nats.go/jetstream"
)

// listen takes results in until ctx ends or the server does not answer.
func listen(ctx context.Context, x *exchange) error {
	n := x.options.Names
	c, err := x.js.CreateOrUpdateConsumer(ctx, n.Answers(), jetstream.ConsumerConfig{
		Durable: x.id, FilterSubject: n.AnswerSubject(x.id), AckPolicy: jetstream.AckExplicitPolicy, AckWait: time.Minute, MaxAckPending: 10_000,
	})
	if err != nil {
		return err
	}
	for ctx.Err() == nil {
		batch, err := c.Fetch(50, jetstream.FetchMaxWait(5*time.Second))
		if err != nil {
			return err
		}
		for m := range batch.Messages() {
			x.take(m.Data())
			_ = m.Ack() // it comes again, and is dropped
		}
		if err := batch.Error(); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// take hands a result to its errand. One that nobody waits for is dropped, and
// what came with it is removed.
func (x *exchange) take(data []byte) {
	a, err := cluster.DecodeAnswer(data)
	if err != nil {
		x.options.Log.Warn("a result is refused", "error", err)
		x.count(func(f *figures) { f.refused++ })
		return
	}
	x.mu.Lock()
	e := x.jobs[a.ID]
	stale := a.Owner != x.id || a.Epoch != x.epoch
	late := e == nil || a.Try != e.job.Try
	if e != nil && !stale && a.Try < e.job.Try && usable(a) { // an earlier try, which has done it
		late = false
	}
	x.mu.Unlock()
	taken := false
	if !stale && !late {
		select {
		case e.events <- event{answer: &a}:
			taken = true
		default:
		}
	}
	if taken {
		return
	}
	x.count(func(f *figures) {
		if stale {
			f.stale++
		} else {
			f.doubled++
		}
	})
	x.discard(a)
}

func usable(a cluster.Answer) bool { return a.Failure == nil && a.Refused == "" && !a.Suspect }

// discard removes the objects of a result.
func (x *exchange) discard(a cluster.Answer) {
	store := x.opened()
	if store == nil || a.Owner != x.id || !x.discards.TryAcquire(1) {
		return // it is swept
	}
	x.running.Go(func() {
		defer x.discards.Release(1)
		ctx, cancel := context.WithTimeout(x.context, 20*time.Second)
		defer cancel()
		for _, o := range a.Outputs {
			if strings.HasPrefix(o.Object, cluster.OutputsOf(a.ID)) {
				_ = store.Remove(ctx, o.Object) // else it is swept
			}
		}
	})
}

// fetch brings the outputs of a result here, and removes their objects. That they
// are what the photo is to become is judged when they are published.
func (x *exchange) fetch(ctx context.Context, folder string, e *errand, a *cluster.Answer) (_ *plugin.Made, err error) {
	defer x.discard(*a)
	if a.Content != e.job.Content || a.Build != e.job.Build {
		return nil, errors.New("it is of another photo, or by another pipeline")
	}
	if err := os.Mkdir(folder, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	m := &plugin.Made{Content: a.Content, Build: a.Build, Notes: map[string]string{"worker": a.Worker}}
	names := map[string]string{}
	var bytes, said int64
	for _, o := range a.Outputs {
		if said += o.Size; said > x.options.Store {
			return nil, fmt.Errorf("its outputs are said to have more than %s, which is all that the bucket may hold", size(x.options.Store))
		}
	}
	for i, o := range a.Outputs {
		if !strings.HasPrefix(o.Object, cluster.OutputsOf(e.job.ID)) {
			return nil, fmt.Errorf("the object %.60q is not the job's", o.Object)
		}
		file := filepath.Join(folder, fmt.Sprintf("%d-%d", a.Try, i))
		if err := x.opened().Get(ctx, o.Object, file, o.Size, o.Hash); err != nil {
			return nil, err
		}
		bytes += o.Size
		names[o.Name] = filepath.Base(file)
		m.Outputs = append(m.Outputs, plugin.Output{Path: file, Index: o.Index, Page: o.Page, Format: o.Format, Size: o.Size, Width: o.Width, Height: o.Height, Hash: o.Hash})
	}
	for key, text := range a.Notes {
		if kind, name, ok := strings.Cut(key, ":"); ok && names[name] != "" {
			key = kind + ":" + names[name]
		}
		m.Notes[key] = text
	}
	x.count(func(f *figures) { f.received += bytes })
	return m, nil
}
