package app

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/cmd/series"
	"github.com/burnish-photo/burnish/ops/event"
	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/plugin/schedule"
)

// tally is what a daemon counts since its start.
type tally struct {
	done    int
	skipped map[string]int // photos skipped, by the reason in short
	ends    []span         // of the latest photos that were processed
	last    *api.LastError
	batch   batch
}

// batch is photos that came one after the other.
type batch struct {
	photos, failed int
	began, idle    time.Time // idle: since when none is due or in progress; zero: some are
}

// batchQuiet is how long none may come for a batch to have ended.
const batchQuiet = 30 * time.Second

// end counts a photo that was processed or failed.
func (b *batch) end(took time.Duration, failed bool, now time.Time) {
	if b.photos == 0 {
		b.began = now.Add(-took)
	}
	b.photos++
	if failed {
		b.failed++
	}
	b.idle = time.Time{}
}

// tell logs that a batch of several photos has ended, and returns when to look
// again. Photos that wait for another try are not waited for.
func (b *batch) tell(s *session, log *slog.Logger, now time.Time) time.Duration {
	if b.photos == 0 {
		return loopEvery
	}
	busy := s.queue.Underway() > 0
	for _, f := range s.queue.Stats(now) {
		busy = busy || !f.Oldest.IsZero()
	}
	for _, f := range s.watch.Folders() {
		busy = busy || f.Arriving > 0
	}
	switch {
	case busy:
		b.idle = time.Time{}
		return batchQuiet
	case b.idle.IsZero():
		b.idle = now
	}
	if left := batchQuiet - now.Sub(b.idle); left > 0 {
		return left
	}
	if b.photos > 1 {
		log.Info("all photos are processed", event.BatchFinished.Attr(), "photos", b.photos, "failed", b.failed, "took", b.idle.Sub(b.began).Round(time.Second))
	}
	*b = batch{}
	return loopEvery
}

// span is when a photo was processed.
type span struct{ from, to time.Time }

// Summary is what a daemon has done since its start.
type Summary struct {
	Done     int
	Skipped  map[string]int // photos, by the reason in short
	Failures []error        // the last of each photo, ordered by photo; with Once alone
}

// InReview is the reason in short of photos whose results wait.
const InReview = "waiting for review"

// Summary is known once Run has returned.
func (a *App) Summary() Summary {
	s := Summary{Done: a.tally.done, Skipped: a.tally.skipped}
	for _, photo := range slices.Sorted(maps.Keys(a.failed)) {
		if err := a.failed[photo]; err != nil {
			s.Failures = append(s.Failures, err)
		}
	}
	return s
}

const (
	rateOver  = 15 * time.Minute // photos that ended before say nothing of the rate now
	rateAmong = 50               // photos that the rate is taken of

	// NamesShown is how many photos of a kind a status names.
	NamesShown = 5
)

// end counts a photo that was done, or waits for review.
func (t *tally) end(r plugin.Result, now time.Time) {
	if r.State == plugin.Waiting {
		t.skip(r.Reason)
	} else {
		t.done++
	}
	t.batch.end(r.Elapsed, false, now)
	t.ends = append(t.ends, span{now.Add(-r.Elapsed), now})
	if len(t.ends) > rateAmong {
		t.ends = slices.Delete(t.ends, 0, len(t.ends)-rateAmong)
	}
	t.ends = slices.DeleteFunc(t.ends, func(s span) bool { return now.Sub(s.to) > rateOver })
}

// skip counts a photo that nothing was to be done for.
func (t *tally) skip(reason string) {
	if t.skipped == nil {
		t.skipped = map[string]int{}
	}
	kind := "ignored"
	switch {
	case strings.HasPrefix(reason, "already done"):
		kind = "already done"
	case strings.HasPrefix(reason, "made by Burnish"):
		kind = "made by Burnish"
	case strings.HasPrefix(reason, "in quarantine"):
		kind = "in quarantine"
	case reason == plugin.WaitsForReview:
		kind = InReview
	case reason == plugin.WasRejected:
		kind = "rejected"
	case reason == plugin.NotAPhoto:
		kind = "other files"
	}
	t.skipped[kind]++
}

// rate is how many photos a minute were done of late, as of the last one; 0
// where none was.
func (t *tally) rate() float64 {
	if len(t.ends) == 0 {
		return 0
	}
	from := slices.MinFunc(t.ends, func(a, b span) int { return a.from.Compare(b.from) }).from
	took := t.ends[len(t.ends)-1].to.Sub(from)
	return float64(len(t.ends)) / max(took.Minutes(), 1e-6)
}

// stageQueue is the stage that a photo waits in before a worker takes it.
const stageQueue = "queue"

// waited is what the series holds of a task that begins. What waits for another
// try waits for its back-off, not for others.
func waited(t schedule.Task, now time.Time) (s series.Sample) {
	if t.Failures == 0 {
		s.Stages = map[string]series.Spent{stageQueue: {Time: max(0, now.Sub(t.Since())), Photos: 1}}
	}
	return s
}

// sampleOf is what the series holds of a photo that is done.
func sampleOf(r plugin.Result) series.Sample {
	s := series.Sample{Photos: 1, Pixels: max(0, r.Stats.Pixels), Stages: map[string]series.Spent{}}
	if d := r.Stats.Damage; d != nil && *d >= 0 && *d <= 1 {
		s.Damage, s.Judged = *d, 1
	}
	for _, stage := range plugin.Stages() {
		if spent, ok := r.Stats.Stages[stage]; ok {
			s.Stages[string(stage)] = series.Spent{Time: max(0, spent), Photos: 1}
		}
	}
	return s
}

// logFault logs that the series cannot be written, once until it can again.
func logFault(log *slog.Logger) func(error) {
	told := false
	return func(err error) {
		if err != nil && !told {
			log.Warn("cannot write figures over time; the page will lack them after a restart", "error", err)
		}
		told = err != nil
	}
}

// recountEvery bounds how often photos in review are counted.
const recountEvery = time.Second

// reviewCount is how many photos wait for a decision.
type reviewCount struct {
	waiting map[string]int // by watched folder; the loop's
	changed chan struct{}  // asks for a count
}

func newReviewCount() reviewCount { return reviewCount{changed: make(chan struct{}, 1)} }

// ask asks for another count; it does not wait.
func (c *reviewCount) ask() {
	select {
	case c.changed <- struct{}{}:
	default:
	}
}

// ended asks for a count where a task that has ended changed it.
func (c *reviewCount) ended(r plugin.Result) {
	switch {
	case r.State == plugin.Waiting, r.State == plugin.Done && r.Notes[plugin.ReviewNote] != "", r.State == plugin.Skipped && r.Reason == plugin.WasRejected:
		c.ask()
	}
}

// countReviews counts when it is asked to, until ctx ends.
func countReviews(ctx context.Context, a *App) {
	records := api.Direct(a.records())
	for {
		if counts, err := api.ReviewCounts.Call(ctx, records, api.None{}); err == nil {
			_ = a.exec(func() { a.review.waiting = counts }) // else the daemon is stopping
		} else if ctx.Err() == nil {
			a.log.Warn("photos in review cannot be counted", "error", err)
		}
		select {
		case <-time.After(recountEvery):
		case <-ctx.Done():
			return
		}
		select {
		case <-a.review.changed:
		case <-ctx.Done():
			return
		}
	}
}
