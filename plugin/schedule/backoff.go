package schedule

import (
	"math/rand/v2"
	"time"
)

// Backoff is how long a task waits after a failure: First, doubled with each
// further one up to Max, with a quarter of jitter either way so that what failed
// together does not come back together.
type Backoff struct {
	First, Max time.Duration  // 2 s and 10 min
	Random     func() float64 // within [0, 1); math/rand's
}

func (b Backoff) withDefaults() Backoff {
	if b.First == 0 {
		b.First = 2 * time.Second
	}
	if b.Max == 0 {
		b.Max = 10 * time.Minute
	}
	if b.Random == nil {
		b.Random = rand.Float64
	}
	return b
}

// after is the wait after the n-th failure in a row.
func (b Backoff) after(n int) time.Duration {
	d := b.First
	for ; n > 1 && d < b.Max; n-- {
		d *= 2
	}
	return time.Duration(float64(min(d, b.Max)) * (0.75 + b.Random()/2))
}
