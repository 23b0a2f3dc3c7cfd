package intake

import (
	"sync"
	"time"

	"github.com/burnish-photo/burnish/plugin"
)

// How long, and how many, bodies are refused that were the end of a worker
// process.
const (
	refuseFor  = time.Hour
	maxRefused = 1000
)

// refused are such bodies, by digest. The zero value is ready.
type refused struct {
	mu    sync.Mutex
	until map[string]time.Time
}

func (r *refused) add(hash string, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.until == nil {
		r.until = map[string]time.Time{}
	}
	for h, until := range r.until {
		if until.Before(now) || len(r.until) >= maxRefused {
			delete(r.until, h)
		}
	}
	r.until[hash] = now.Add(refuseFor)
}

// check is the error of a body that is refused.
func (r *refused) check(hash string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if time.Now().Before(r.until[hash]) {
		return &Problem{Status: statusUnfit, Kind: plugin.Crashed, Detail: "the photo ended a worker process a short time ago: it is not tried again for an hour"}
	}
	return nil
}
