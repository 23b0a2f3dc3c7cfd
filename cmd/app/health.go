package app

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/watcher"
)

const (
	// loopEvery is how long the loop waits for something to happen at most.
	loopEvery = time.Minute
	// loopSilence is how long the loop may be silent and count as alive.
	loopSilence = 3 * time.Minute
	// swapSilence is the same while a reload opens models.
	swapSilence = 30 * time.Minute
	// beatEvery is how often the service manager is told at most.
	beatEvery = 10 * time.Second
)

// heart shows whether the loop runs: it beats each time around.
type heart struct {
	aliveUntil atomic.Pointer[time.Time] // by a clock that nobody sets; nil: the loop has not begun
	told       time.Time                 // the loop's own
}

// beat says that the loop runs, and will be heard of within that time.
func (h *heart) beat(now time.Time, within time.Duration, tell func()) {
	until := now.Add(within)
	h.aliveUntil.Store(&until)
	if now.Sub(h.told) >= beatEvery {
		h.told = now
		tell()
	}
}

func (h *heart) alive(now time.Time) error {
	if until := h.aliveUntil.Load(); until != nil && now.After(*until) {
		return fmt.Errorf("the daemon's loop is stuck since %s: restart it", until.Format(time.DateTime))
	}
	return nil
}

// prober answers the probes of a daemon.
type prober struct{ *App }

// Alive reports an error where the loop is stuck or has ended.
func (a prober) Alive() error {
	select {
	case <-a.stopped:
		return errors.New("the daemon is stopping")
	default:
		return a.heart.alive(time.Now())
	}
}

// Health says what keeps photos from being processed as configured. Pauses and
// quiet hours are wanted and are no reason.
func (a prober) Health() api.Health {
	s := a.snapshot()
	a.mu.Lock()
	reasons := append([]string(nil), a.unready...)
	a.mu.Unlock()
	for _, f := range s.Folders {
		if f.Mode == watcher.Degraded {
			reasons = append(reasons, fmt.Sprintf("folder %s is degraded: %s", diag.Printable(f.Folder), diag.Printable(f.Reason)))
		}
	}
	for _, h := range s.Held {
		if h.Wanted {
			continue
		}
		reasons = append(reasons, fmt.Sprintf("folder %s is on hold: %s", diag.Printable(h.Folder), diag.Printable(h.Reason)))
	}
	if err := a.stateFault.Load(); err != nil {
		reasons = append(reasons, "the state folder cannot be written, nor the ledger in it: "+diag.Printable((*err).Error()))
	}
	return api.Health{Ready: len(reasons) == 0, Reasons: reasons}
}

// fault is an error that may come and go.
type fault struct{ atomic.Pointer[error] }

func (f *fault) set(err error) {
	if err == nil {
		f.Store(nil)
	} else {
		f.Store(&err)
	}
}

// obstacles are what the loop alone knows of why photos are not processed as
// configured.
func obstacles(a *App) (reasons []string) {
	if a.next != nil {
		reasons = append(reasons, "a reload waits for the photos in progress, then opens its models")
	}
	if a.metrics.fallback != "" {
		reasons = append(reasons, "photos are not processed on the configured device: "+diag.Printable(a.metrics.fallback))
	}
	return reasons
}
