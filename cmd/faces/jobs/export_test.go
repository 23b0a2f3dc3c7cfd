package jobs

import "time"

// Hurry shortens the delays between attempts, until undo.
func Hurry() (undo func()) {
	before, full := delays, fullWait
	delays, fullWait = []time.Duration{time.Millisecond, time.Millisecond, time.Millisecond}, time.Millisecond
	return func() { delays, fullWait = before, full }
}

// Keep lets fewer jobs be there, until undo.
func Keep(most int) (undo func()) {
	before := mostKept
	mostKept = most
	return func() { mostKept = before }
}
