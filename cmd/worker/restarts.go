package worker

import "sync/atomic"

// restarts counts the ends of worker processes that others took the place of.
type restarts struct{ crashed, retired atomic.Int64 }

func (r *restarts) count(retired bool) {
	if retired {
		r.retired.Add(1)
	} else {
		r.crashed.Add(1)
	}
}

// Restarts is how many processes crashed, and how many were retired, and had
// to be replaced. It does not wait for one that is being started.
func (s *Supervisor) Restarts() (crashed, retired int) {
	return int(s.restarts.crashed.Load()), int(s.restarts.retired.Load())
}

// Restarts is none: this process fails with it.
func (l *Local) Restarts() (crashed, retired int) { return 0, 0 }
