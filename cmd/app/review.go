package app

import (
	"context"
	"time"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/plugin"
)

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
