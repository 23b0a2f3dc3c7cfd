package app

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/cmd/worker"
	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/plugin/schedule"
)

// Worker processes photos with one configuration and keeps their records. All
// methods but Close may be called concurrently.
type Worker interface {
	// Process processes a photo and returns when it has ended, soon after ctx does.
	// Its error is a
	// [plugin.Error], or [worker.ErrSuspect] where the photo may be what ended
	// the worker's process and is to be tried alone.
	Process(context.Context, plugin.Job) (plugin.Result, error)

	// Capacity is how many calls of Process it takes at a time.
	Capacity() int

	// Describe tells of the worker. Only its Identity may change, where its process
	// was started again after files that it reads have changed.
	Describe() worker.Description

	// Restarts is how often the worker's process crashed, and how often it was
	// retired, and another took its place.
	Restarts() (crashed, retired int)

	// Memory is what photos take of late. It does not wait.
	Memory() worker.Memory

	// Records answers the verbs of the records.
	Records() api.Service

	// Maintain empties the trash and forgets what has gone long ago.
	Maintain(context.Context) error

	// Failed sends an error after which no photo can be processed. It may be nil.
	Failed() <-chan error

	// Close gives the ledger up, unless it has a [Renewal]. Nothing is under way in
	// it any more.
	Close() error
}

// Scheduler decides which photo comes next. It belongs to the loop's goroutine.
type Scheduler interface {
	// Add takes a photo of a folder in; one that waits already is due at once.
	Add(photo, folder string, now time.Time)

	// AddChanged is Add of a photo whose file was last changed at a time.
	AddChanged(photo, folder string, changed, now time.Time)

	// Next gives the photo to begin with now, if there is one. Finish takes it
	// back when it has ended.
	Next(now time.Time) (schedule.Task, bool)
	Finish(photo string, o schedule.Outcome, now time.Time)

	// Remove gives up a photo that waits, and reports whether it did.
	Remove(photo string) bool

	// Wake is when Next may have a photo without any other call in between.
	Wake() (at time.Time, ok bool)

	// Pause lets no photo of a folder begin until the reason is "".
	Pause(folder, reason string)

	// Full reports whether photos of a folder should be kept back.
	Full(folder string) bool

	// Has reports whether a photo waits or is under way. Len counts those that
	// wait, Underway those that are under way.
	Has(photo string) bool
	Len() int
	Underway() int

	// Work and Soonest name photos under way and up to n that come next; Paused
	// tells of folders of which none begins.
	Work() []string
	Soonest(n int) []string
	Paused() []schedule.Paused

	// Change goes on with other capacities and priorities of folders, and without
	// what waits of the dropped ones.
	Change(capacity int, priorities map[string]int, orders map[string]schedule.Order, dropped []string)

	// Stats are figures of every folder.
	Stats(now time.Time) []schedule.FolderStats
}

// guarded is the worker as others than the loop reach it. While a reload
// replaces it, they wait.
type guarded struct {
	mu sync.RWMutex           // held by others while they use the worker
	w  atomic.Pointer[Worker] // nil: there is none
}

// set lets others reach a worker; who uses the one before goes on with that.
func (g *guarded) set(w Worker) { g.w.Store(&w) }

// use calls f with the worker, which is not closed meanwhile. It does not where
// a reload could open none.
func (g *guarded) use(f func(Worker)) (used bool) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	w := g.w.Load()
	if w != nil {
		f(*w)
	}
	return w != nil
}

// close closes the worker, unless a reload could open none.
func (g *guarded) close() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if w := g.w.Load(); w != nil {
		return (*w).Close()
	}
	return nil
}

// loads count the photos under way in each worker. They belong to the loop's
// goroutine; the zero value is ready.
type loads struct {
	photos map[Worker]int
	former map[Worker]bool // no photo begins in it any more

	closing sync.WaitGroup
}

func (l *loads) begun(w Worker) {
	if l.photos == nil {
		l.photos, l.former = map[Worker]int{}, map[Worker]bool{}
	}
	l.photos[w]++
}

func (l *loads) ended(w Worker, log *slog.Logger) {
	if l.photos[w]--; l.photos[w] > 0 {
		return
	}
	delete(l.photos, w)
	if l.former[w] {
		delete(l.former, w)
		l.close(w, log)
	}
}

// leave closes a worker once the photos under way in it have ended.
func (l *loads) leave(w Worker, log *slog.Logger) {
	if l.photos[w] == 0 {
		l.close(w, log)
		return
	}
	l.former[w] = true
}

// close closes a worker whose place another has taken, in the background.
func (l *loads) close(w Worker, log *slog.Logger) {
	l.closing.Go(func() {
		if err := w.Close(); err != nil {
			log.Warn("close what the former configuration needed", "error", err)
		}
	})
}
