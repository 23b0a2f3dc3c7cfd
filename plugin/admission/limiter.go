package admission

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"
)

const (
	// memoryShare is the part of the memory that is there that photos may take.
	memoryShare = 0.8
	// hopeless is how many times the limit a photo may be predicted to need and
	// still be tried, alone: predictions err.
	hopeless = 1.5
	// sampling is how often the process's memory is looked at.
	sampling = 50 * time.Millisecond
	// A photo alone may need this much less or more than was predicted; what lies
	// beyond is not believed.
	leastFactor, mostFactor = 0.2, 5
	// learnFrom is the least prediction, in bytes, that teaches something: beside
	// a small photo, what the process keeps for later counts for too much.
	learnFrom = 4 * baseline
	// forgetting is how much of a high factor stays after a photo that needed less.
	forgetting = 0.9
)

// MemoryLimiter lets photos begin as long as what they are predicted to need fits
// into memory, in the order of their coming. One photo alone always begins,
// unless it cannot fit. It learns, for every kind of work, by how much the
// predictions are off: from photos that ran alone.
type MemoryLimiter struct {
	host       Host
	limit      int64 // bytes for photos; 0: not known, and all begin
	configured bool  // the limit is somebody's wish, not what is there
	base       int64 // bytes that the process held before any photo
	log        *slog.Logger

	mu      sync.Mutex
	used    int64
	running int
	begun   int // photos so far, to tell who ran alone
	waiting []*ticket
	factors map[string]float64
}

// ticket is one photo that waits.
type ticket struct {
	bytes int64
	ready chan struct{}
}

// NewMemoryLimiter divides what the host and its cgroups allow, or configured
// bytes where that is not 0.
func NewMemoryLimiter(h Host, configured int64, log *slog.Logger) *MemoryLimiter {
	l := &MemoryLimiter{host: h, base: h.Resident(), configured: configured > 0, log: log, factors: map[string]float64{}}
	total := h.Memory()
	switch {
	case l.base == 0: // this system does not tell
	case configured > 0:
		l.limit = configured
	default:
		l.limit = max(int64(memoryShare*float64(total))-l.base, 1)
	}
	log.Debug("memory", "total", total, "for_photos", l.limit, "held", l.base)
	return l
}

// Predict is what a photo of this kind of work needs, in bytes, given its
// estimate.
func (l *MemoryLimiter) Predict(kind string, estimate int64) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if f, ok := l.factors[kind]; ok {
		return int64(f * float64(estimate))
	}
	return estimate
}

// Admit waits until there is memory for a photo of that kind of work; the
// caller calls release when it has ended.
func (l *MemoryLimiter) Admit(ctx context.Context, kind string, estimate int64) (release func(), err error) {
	need := l.Predict(kind, estimate)
	// Nothing learned from other photos refuses this one.
	if l.limit > 0 && float64(min(need, estimate)) > hopeless*float64(l.limit) {
		return nil, &InsufficientMemoryError{min(need, estimate), l.limit, l.configured}
	}
	l.mu.Lock()
	t := &ticket{bytes: need, ready: make(chan struct{})}
	l.waiting = append(l.waiting, t)
	l.wake()
	waits := slices.Contains(l.waiting, t)
	l.mu.Unlock()
	if waits {
		l.log.Info("waiting for memory", "needs_mb", need>>20, "of_mb", l.limit>>20)
	}
	select {
	case <-t.ready:
	case <-ctx.Done():
		l.giveUp(t)
		return nil, context.Cause(ctx)
	}
	return l.watch(kind, estimate, need), nil
}

// Figures are the bytes that photos under way were admitted with, and the limit
// of those; 0: there is none.
func (l *MemoryLimiter) Figures() (admitted, limit int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.used, l.limit
}

// wake lets those begin that are first in line and fit. l.mu is held.
func (l *MemoryLimiter) wake() {
	for len(l.waiting) > 0 {
		t := l.waiting[0]
		if l.running > 0 && !l.fits(t.bytes) {
			return
		}
		l.waiting = l.waiting[1:]
		l.used += t.bytes
		l.running++
		l.begun++
		close(t.ready)
	}
}

// fits reports whether another photo may begin beside those under way: by what
// they were predicted to take, and by what the machine has left, which others
// take from too. l.mu is held.
func (l *MemoryLimiter) fits(bytes int64) bool {
	if l.limit == 0 {
		return true
	}
	if free := l.host.Available(); free > 0 && bytes > free {
		return false
	}
	return l.used+bytes <= l.limit
}

// giveUp takes a ticket back whose photo will not begin.
func (l *MemoryLimiter) giveUp(t *ticket) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if i := slices.Index(l.waiting, t); i >= 0 {
		l.waiting = slices.Delete(l.waiting, i, i+1)
		l.wake()
		return
	}
	l.end(t.bytes) // it had begun meanwhile
}

func (l *MemoryLimiter) end(bytes int64) {
	l.used -= bytes
	l.running--
	l.wake()
}

// watch samples the memory while a photo runs that has something to teach, and
// learns from it where it ran alone.
func (l *MemoryLimiter) watch(kind string, estimate, need int64) (release func()) {
	l.mu.Lock()
	number, alone := l.begun, l.running == 1
	l.mu.Unlock()
	if !alone || estimate < learnFrom {
		return func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.log.Debug("memory of a photo", "predicted", need)
			l.end(need)
		}
	}
	stop, most := make(chan struct{}), make(chan int64)
	go func() {
		tick := time.NewTicker(sampling)
		defer tick.Stop()
		peak := l.host.Resident()
		for {
			select {
			case <-tick.C:
				peak = max(peak, l.host.Resident())
			case <-stop:
				most <- max(peak, l.host.Resident())
				return
			}
		}
	}()
	return func() {
		close(stop)
		peak := <-most
		l.mu.Lock()
		defer l.mu.Unlock()
		l.log.Debug("memory of a photo", "predicted", need, "took", peak-l.base, "alone", l.begun == number)
		if l.begun == number {
			l.learn(kind, estimate, peak-l.base)
		}
		l.end(need)
	}
}

// learn keeps by how much the estimate was off. A photo that needed more counts
// at once; one that needed less lets the factor sink slowly. l.mu is held.
func (l *MemoryLimiter) learn(kind string, estimate, took int64) {
	f := min(max(float64(took)/float64(max(estimate, 1)), leastFactor), mostFactor)
	if before, ok := l.factors[kind]; ok {
		f = max(f, forgetting*before)
	}
	l.factors[kind] = f
}

// InsufficientMemoryError is a photo that does not fit into memory, even alone.
type InsufficientMemoryError struct {
	Need, Limit int64 // bytes
	Configured  bool  // somebody set the limit; else it is what is there
}

func (e *InsufficientMemoryError) Error() string {
	return fmt.Sprintf("the photo is predicted to take %d MB of memory, over the limit of %d MB", e.Need>>20, e.Limit>>20)
}
