package schedule

import "time"

// breaker is a folder's circuit breaker. Closed, it lets every task through.
// Failures of one class in a row open it: no task begins until its back-off is
// over. Then it is half open, and one task probes the folder: success closes it,
// a shared failure opens it for longer.
type breaker struct {
	class    string // of the latest shared failures
	failures int    // of that class in a row

	reason  string // the class that opened it; "": it is closed
	until   time.Time
	probing bool // half open, with a probe under way
	opened  int  // times in a row
}

func (b *breaker) closed() bool { return b.reason == "" }

// allows reports whether a task may begin.
func (b *breaker) allows(now time.Time) bool {
	return b.closed() || !b.probing && !b.until.After(now)
}

// open lets no task begin for a while. Further calls make that longer, until it
// is closed.
func (b *breaker) open(reason string, now time.Time, backoff Backoff) {
	b.opened++
	b.reason, b.until = reason, now.Add(backoff.after(b.opened))
}

func (b *breaker) close() { b.reason, b.opened = "", 0 }

// tryAgain lets a probe begin at once, for what opened the breaker may be over.
func (b *breaker) tryAgain(now time.Time) {
	if b.until.After(now) {
		b.until = now
	}
}

// record counts how a task ended, and reports whether it closed the breaker.
func (b *breaker) record(t *Task, o Outcome, now time.Time, options Options) (closed bool) {
	if t.Probe {
		b.probing = false
	}
	if o.NotCounted {
		return false
	}
	switch {
	case o.Class == "":
		b.failures = 0
		if !b.closed() {
			b.close()
			closed = true
		}
		return closed
	case !o.Shared:
		return false // it says nothing of the folder: the next one probes it
	case o.Class == b.class:
		b.failures++
	default:
		b.class, b.failures = o.Class, 1
	}
	if t.Probe || b.closed() && b.failures >= options.Threshold {
		b.open(o.Class, now, options.Backoff)
	}
	return false
}
