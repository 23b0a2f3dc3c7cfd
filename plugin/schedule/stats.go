package schedule

import "time"

// BreakerState is a state of a circuit breaker.
type BreakerState string

// The states of a circuit breaker.
const (
	BreakerClosed   BreakerState = "closed"
	BreakerOpen     BreakerState = "open"
	BreakerHalfOpen BreakerState = "half_open" // a probe may begin or is under way
)

// FolderStats are figures of a folder's queue.
type FolderStats struct {
	Folder  string
	Waiting int       // tasks, those that wait for their back-off among them
	Oldest  time.Time // since when the first task that is due waits; zero: none is due
	Breaker BreakerState
}

// Stats are figures of every folder, in the order of their coming.
func (q *Queue) Stats(now time.Time) (all []FolderStats) {
	for _, name := range q.names {
		f := q.folders[name]
		s := FolderStats{Folder: name, Waiting: f.waiting, Breaker: f.breaker.state(now)}
		if f.len() > 0 {
			s.Oldest = f.ready[f.first].since
		}
		all = append(all, s)
	}
	return all
}

func (b *breaker) state(now time.Time) BreakerState {
	switch {
	case b.closed():
		return BreakerClosed
	case b.until.After(now):
		return BreakerOpen
	}
	return BreakerHalfOpen
}
