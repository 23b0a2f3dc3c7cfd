package serve

import "time"

// ShortenBodies has bodies come within d until restore is called.
func ShortenBodies(d time.Duration) (restore func()) {
	before := bodyTimeout
	bodyTimeout = d
	return func() { bodyTimeout = before }
}
