package worker

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/ops"
)

// underway are the photos under way. The zero value is ready; it is safe for
// concurrent use.
type underway struct {
	mu     sync.Mutex
	photos map[string]*running
}

// running is a photo under way.
type running struct {
	since, latest time.Time // it began, and made progress
	figures       ops.Recorder
	cancel        context.CancelCauseFunc
}

// errNotWanted ends the work on a photo that nobody waits for any more.
var errNotWanted = errors.New("nobody waits for it any more")

// begin adds a photo until end, and returns the context to process it in.
func (u *underway) begin(ctx context.Context, photo string) (_ context.Context, end func()) {
	now := time.Now()
	ctx, cancel := context.WithCancelCause(ctx)
	r := &running{since: now, latest: now, cancel: cancel}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.photos == nil {
		u.photos = map[string]*running{}
	}
	u.photos[photo] = r
	ctx = ops.WithRecorder(ops.WithProgress(ctx, func() {
		u.mu.Lock()
		defer u.mu.Unlock()
		r.latest = time.Now()
	}), &r.figures)
	return ctx, func() {
		cancel(nil)
		u.mu.Lock()
		defer u.mu.Unlock()
		delete(u.photos, photo)
	}
}

// cancel gives a photo up, and reports whether it is under way.
func (u *underway) cancel(photo string) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	r := u.photos[photo]
	if r != nil {
		r.cancel(errNotWanted)
	}
	return r != nil
}

func (u *underway) count() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.photos)
}

// stalled names a photo that has made no progress for that long, or "".
func (u *underway) stalled(timeout time.Duration) (photo string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for path, r := range u.photos {
		if time.Since(r.latest) > timeout {
			photo = path
		}
	}
	return photo
}

// list tells of the photos, longest under way first.
func (u *underway) list() (p api.InProgress) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for path, r := range u.photos {
		restored, expected := r.figures.Tiles()
		p.Photos = append(p.Photos, api.PhotoInProgress{
			Path: path, Since: r.since, Pixels: r.figures.Stats().Pixels, Tiles: restored, ExpectedTiles: max(restored, expected),
		})
	}
	slices.SortFunc(p.Photos, func(a, b api.PhotoInProgress) int {
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Path, b.Path))
	})
	return p
}

// service answers [api.Progress], and the rest by records.
func (u *underway) service(records api.Service) *api.Mux {
	m := &api.Mux{}
	api.Progress.Handle(m, func(context.Context, api.None) (api.InProgress, error) { return u.list(), nil })
	m.Handle("/v1/", records)
	return m
}
