package plugin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/burnish-photo/burnish/ops/vips"
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
	learnFrom = 4 * wholeBytes
	// forgetting is how much of a high factor stays after a photo that needed less.
	forgetting = 0.9
)

// governor lets photos begin as long as what they are predicted to need fits
// into memory, in the order of their coming. One photo alone always begins,
// unless it cannot fit. It learns, for every kind of work, by how much the
// predictions are off: from photos that ran alone.
type governor struct {
	limit int64        // bytes for photos; 0: not known, and all begin
	base  int64        // bytes that the process held before any photo
	free  func() int64 // bytes that the machine has to give now; 0: not known
	log   *slog.Logger

	configured bool // the limit is somebody's wish, not what is there

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

// newGovernor looks at the machine, the cgroup and the limit in the
// configuration, in bytes, 0 for none.
func newGovernor(configured int64, log *slog.Logger) *governor {
	g := &governor{base: resident(), free: available, log: log, factors: map[string]float64{}}
	total := Memory()
	g.configured = configured > 0
	switch {
	case g.base == 0: // this system does not tell
	case configured > 0:
		g.limit = configured
	default:
		g.limit = max(int64(memoryShare*float64(total))-g.base, 1)
	}
	log.Debug("memory", "total", total, "for_photos", g.limit, "held", g.base)
	return g
}

// predict is what a photo of this kind of work needs, in bytes, given what a
// formula says.
func (g *governor) predict(kind string, formula int64) int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	if f, ok := g.factors[kind]; ok {
		return int64(f * float64(formula))
	}
	return formula
}

// admit waits until there is memory for a photo of that kind of work; the
// caller calls done when it has ended.
func (g *governor) admit(ctx context.Context, kind string, formula int64) (done func(), err error) {
	need := g.predict(kind, formula)
	// Nothing learned from other photos refuses this one.
	if g.limit > 0 && float64(min(need, formula)) > hopeless*float64(g.limit) {
		return nil, &tooMuchError{min(need, formula), g.limit}
	}
	g.mu.Lock()
	t := &ticket{bytes: need, ready: make(chan struct{})}
	g.waiting = append(g.waiting, t)
	g.wake()
	waits := slices.Contains(g.waiting, t)
	g.mu.Unlock()
	if waits {
		g.log.Info("a photo waits for memory", "needs_mb", need>>20, "of_mb", g.limit>>20)
	}
	select {
	case <-t.ready:
	case <-ctx.Done():
		g.giveUp(t)
		return nil, context.Cause(ctx)
	}
	return g.watch(kind, formula, need), nil
}

// wake lets those begin that are first in line and fit. g.mu is held.
func (g *governor) wake() {
	for len(g.waiting) > 0 {
		t := g.waiting[0]
		if g.running > 0 && !g.fits(t.bytes) {
			return
		}
		g.waiting = g.waiting[1:]
		g.used += t.bytes
		g.running++
		g.begun++
		close(t.ready)
	}
}

// fits reports whether another photo may begin beside those under way: by what
// they were predicted to take, and by what the machine has left, which others
// take from too. g.mu is held.
func (g *governor) fits(bytes int64) bool {
	if g.limit == 0 {
		return true
	}
	if g.free != nil {
		if free := g.free(); free > 0 && bytes > free {
			return false
		}
	}
	return g.used+bytes <= g.limit
}

// giveUp takes a ticket back whose photo will not begin.
func (g *governor) giveUp(t *ticket) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if i := slices.Index(g.waiting, t); i >= 0 {
		g.waiting = slices.Delete(g.waiting, i, i+1)
		g.wake()
		return
	}
	g.end(t.bytes) // it had begun meanwhile
}

func (g *governor) end(bytes int64) {
	g.used -= bytes
	g.running--
	g.wake()
}

// watch samples the memory while a photo runs that has something to teach, and
// learns from it where it ran alone.
func (g *governor) watch(kind string, formula, need int64) (done func()) {
	g.mu.Lock()
	number, alone := g.begun, g.running == 1
	g.mu.Unlock()
	if !alone || formula < learnFrom {
		return func() {
			g.mu.Lock()
			defer g.mu.Unlock()
			g.log.Debug("memory of a photo", "predicted", need)
			g.end(need)
		}
	}
	stop, most := make(chan struct{}), make(chan int64)
	go func() {
		tick := time.NewTicker(sampling)
		defer tick.Stop()
		peak := resident()
		for {
			select {
			case <-tick.C:
				peak = max(peak, resident())
			case <-stop:
				most <- max(peak, resident())
				return
			}
		}
	}()
	return func() {
		close(stop)
		peak := <-most
		g.mu.Lock()
		defer g.mu.Unlock()
		g.log.Debug("memory of a photo", "predicted", need, "took", peak-g.base, "alone", g.begun == number)
		if g.begun == number {
			g.learn(kind, formula, peak-g.base)
		}
		g.end(need)
	}
}

// learn keeps by how much the formula was off. A photo that needed more counts
// at once; one that needed less lets the factor sink slowly. g.mu is held.
func (g *governor) learn(kind string, formula, took int64) {
	f := min(max(float64(took)/float64(max(formula, 1)), leastFactor), mostFactor)
	if before, ok := g.factors[kind]; ok {
		f = max(f, forgetting*before)
	}
	g.factors[kind] = f
}

// tooMuchError is a photo that does not fit into memory, even alone.
type tooMuchError struct{ need, limit int64 }

func (e *tooMuchError) Error() string {
	return fmt.Sprintf("the photo is predicted to take %d MB of memory, over the limit of %d MB", e.need>>20, e.limit>>20)
}

// admit waits until there is memory for the photo.
func (w *work) admit(ctx context.Context, h vips.Header) (done func(), err error) {
	formula := w.engine.foresee(w.pipeline, h.Width, h.Height, h.PixelBytes) + coefficients(w.file) + unfoldedCopies*w.unfolded
	done, err = w.engine.governor.admit(ctx, w.pipeline.work, formula)
	if e := (*tooMuchError)(nil); errors.As(err, &e) {
		if !w.engine.governor.configured { // another day, or another machine, may have it
			return nil, w.fail(Starved, err, MoreMemory())
		}
		return nil, w.fail(TooLarge, err, "raise limits.memory, or give promptcir a smaller tile")
	}
	return done, err
}

// unfoldedCopies is how many times a photo's metadata lies in memory while it is
// worked on: in the decoder, in the image and in what is written.
const unfoldedCopies = 3

// foresee is the formula for what a photo takes: what the operators say, and
// beside them pixels kept whole, and encoders.
func (e *Engine) foresee(p *pipeline, width, height, pixel int) int64 {
	whole := int64(width) * int64(height) * int64(max(pixel, 4))
	return wholeBytes + min(whole, inMemory) + p.graph.Weigh(width, height, pixel).Bytes
}

// wholeBytes is what any photo takes.
const wholeBytes = 32 << 20
