package remote

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/burnish-photo/burnish/cmd/cluster"
	"github.com/burnish-photo/burnish/cmd/worker"
	"github.com/burnish-photo/burnish/plugin"
	"github.com/nats-io/nats.go/jetstream"
)

// aloneFrom is the delivery from which a photo is worked on alone: it may be what
// ended the workers that had it before.
const aloneFrom = 3

// handle does a job, and gives its place back.
func (w *Worker) handle(m jetstream.Msg, from *queue) {
	taken := int64(1)
	defer func() { w.places.Release(taken) }()
	held := time.NewTicker(cluster.Lease / 4)
	over := make(chan struct{})
	defer close(over)
	go func() {
		defer held.Stop()
		for {
			select {
			case <-held.C:
				_ = m.InProgress() // else it goes to another, and this one's result is dropped
			case <-over:
				return
			}
		}
	}()
	j, err := cluster.DecodeJob(m.Data())
	if err == nil && j.Owner != from.owner {
		err = fmt.Errorf("a job: it says that it is of %s", j.Owner)
	}
	if err != nil {
		w.options.Log.Warn("a job is refused", "owner", from.owner, "error", err)
		_ = m.TermWithReason("malformed")
		return
	}
	if slices.Contains(j.Avoid, w.options.ID) {
		_ = m.NakWithDelay(2 * time.Second)
		return
	}
	w.begin(j.ID)
	defer w.end(j.ID)
	about, err := m.Metadata()
	if j.Alone || err == nil && about.NumDelivered >= aloneFrom {
		w.lonely.Add(1)
		w.places.Release(1)
		w.alone.Lock()
		defer w.alone.Unlock()
		taken = int64(w.options.Places)
		_ = w.places.Acquire(context.Background(), taken)
		w.lonely.Add(-1)
		j.Alone = true
	}
	w.finish(m, w.work(j))
}

// finish acknowledges a job once its result is on its way.
func (w *Worker) finish(m jetstream.Msg, a *cluster.Answer) {
	if a == nil {
		later(m)
		return
	}
	data, err := cluster.Encode(a)
	if err == nil && len(data) > cluster.MostMessage {
		a.Outputs, a.Notes = nil, nil
		a.Failure = &cluster.Failure{Kind: plugin.Unfit, Reason: "what there is to say of its outputs does not fit into a message"}
		data, err = cluster.Encode(a)
	}
	for wait := time.Second; err == nil && wait < time.Minute; wait *= 2 {
		ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
		_, err = w.js.Publish(ctx, w.options.Names.AnswerSubject(a.Owner), data, jetstream.WithMsgID(fmt.Sprintf("%d-%s-%d-%s", a.Epoch, a.ID, a.Try, w.options.ID)))
		cancel()
		if err == nil {
			break
		}
		time.Sleep(wait)
		err = nil
	}
	if err != nil {
		w.options.Log.Warn("a result could not be sent; the photo is worked on again", "owner", a.Owner, "error", err)
		later(m)
		return
	}
	_ = m.Ack()
}

// later gives a job back for a while, longer each time: what fails is not the
// photo.
func later(m jetstream.Msg) {
	delay := 3 * time.Second
	if about, err := m.Metadata(); err == nil {
		delay <<= min(about.NumDelivered, 5)
	}
	_ = m.NakWithDelay(delay)
}

// work does a job; nil is one that somebody is to do later.
func (w *Worker) work(j cluster.Job) *cluster.Answer {
	began := time.Now()
	a := &cluster.Answer{Protocol: cluster.Protocol, Owner: j.Owner, Epoch: j.Epoch, ID: j.ID, Try: j.Try, Worker: w.options.ID, Content: j.Content, Build: j.Build}
	refuse := func(format string, args ...any) *cluster.Answer {
		a.Refused = cluster.Bounded(fmt.Sprintf(format, args...))
		w.options.Log.Warn("a job is refused", "owner", j.Owner, "reason", a.Refused)
		return a
	}
	if j.Version != w.options.Version {
		return refuse("it is of Burnish %s, and this worker runs %s", j.Version, w.options.Version)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Hour)
	defer cancel()
	e, done, err := w.engines.take(ctx, j.Parcel)
	if err != nil {
		w.refuse(j.Owner, err.Error())
		return refuse("the pipeline %s cannot be run: %v", j.Pipeline, err)
	}
	defer done()
	if build := e.worker.Describe().Builds[j.Pipeline]; build != j.Build {
		why := "its libraries or models differ from the owner's, so its outputs would: run the same package on both"
		w.refuse(j.Owner, why)
		return refuse("%s", why)
	}
	w.refuse(j.Owner, "")
	store, err := w.engines.photos(ctx, j.Owner)
	if err != nil {
		return nil
	}
	folder := filepath.Join(e.state, "jobs", rand.Text())
	defer os.RemoveAll(folder)
	in, out := filepath.Join(folder, "in"), filepath.Join(folder, "out")
	if err := errors.Join(os.MkdirAll(in, 0o700), os.Mkdir(out, 0o700)); err != nil {
		return refuse("%v", err)
	}
	photo := filepath.Join(in, "photo")
	if err := store.Get(ctx, cluster.PhotoObject(j.Content), photo, j.Size, j.Content); err != nil {
		return refuse("%v", err)
	}
	r, err := e.worker.Process(ctx, plugin.Job{Path: photo, Pipeline: j.Pipeline, Output: out, Only: j.Only, Unrecorded: true, Limits: j.Limits, Exclusive: j.Alone})
	a.Seconds = time.Since(began).Seconds()
	w.ended(err != nil)
	if err != nil {
		return failed(a, err)
	}
	a.Notes = bounded(r.Notes)
	if r.State == plugin.Skipped {
		return a // no output is wanted: the owner comes to the same
	}
	if err := w.upload(ctx, store, j, a, r.Outputs); err != nil {
		w.options.Log.Warn("outputs could not be stored; the photo is worked on again", "owner", j.Owner, "error", err)
		return nil
	}
	w.options.Log.Debug("done", "owner", j.Owner, "job", j.ID, "took", time.Since(began).Round(time.Millisecond))
	return a
}

// failed tells of a failure, without paths of this machine.
func failed(a *cluster.Answer, err error) *cluster.Answer {
	if errors.Is(err, worker.ErrSuspect) {
		a.Suspect = true
		return a
	}
	a.Failure = &cluster.Failure{Kind: plugin.StepFailed, Reason: cluster.Bounded(err.Error())}
	if f := (*plugin.Error)(nil); errors.As(err, &f) {
		a.Failure.Reason, a.Failure.Hint = cluster.Bounded(fmt.Sprint(f.Err)), cluster.Bounded(f.Hint)
		switch f.Kind {
		case plugin.NotImage, plugin.Unsupported, plugin.Damaged, plugin.TooLarge, plugin.Unfit, plugin.Crashed, plugin.Starved:
			a.Failure.Kind = f.Kind
		}
	}
	return a
}

func bounded(notes map[string]string) map[string]string {
	all := map[string]string{}
	for key, text := range notes {
		if len(all) < 150 {
			all[cluster.Bounded(key)] = cluster.Bounded(text)
		}
	}
	return all
}

// upload stores the outputs; a store that is full is waited for.
func (w *Worker) upload(ctx context.Context, store *cluster.Store, j cluster.Job, a *cluster.Answer, outputs []plugin.Output) error {
	try := rand.Text()[:16]
	for i, o := range outputs {
		name := cluster.OutputObject(j.ID, try, i)
		var err error
		for wait := time.Second; wait < 2*time.Minute; wait *= 2 {
			if err = store.Put(ctx, name, o.Path); err == nil || ctx.Err() != nil {
				break
			}
			time.Sleep(wait)
		}
		if err != nil {
			for k := range i {
				_ = store.Remove(ctx, cluster.OutputObject(j.ID, try, k))
			}
			return err
		}
		a.Outputs = append(a.Outputs, cluster.Output{
			Object: name, Name: filepath.Base(o.Path), Index: o.Index, Page: o.Page, Format: o.Format, Size: o.Size, Width: o.Width, Height: o.Height, Hash: o.Hash,
		})
	}
	return nil
}
