package jobs

import "time"

// Hurry shortens the delays between attempts, until undo.
func Hurry() (undo func()) {
	before := delays
	delays = []time.Duration{time.Millisecond, time.Millisecond, time.Millisecond}
	return func() { delays = before }
}
