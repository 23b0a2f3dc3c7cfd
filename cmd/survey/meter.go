package survey

import "time"

// Meter tells how fast work goes and how long the rest takes. It weighs photos by
// their bytes, since those tell more of the work than their number.
type Meter struct {
	Total, Bytes int64 // of all the work

	began         time.Time
	done, handled int64 // photos and bytes that were worked on
}

// Start begins the measurement.
func (m *Meter) Start(now time.Time) { m.began = now }

// Add counts a photo that was worked on.
func (m *Meter) Add(bytes int64) {
	m.done++
	m.handled += bytes
}

// Skip takes a photo out of the work: nothing was to be done with it.
func (m *Meter) Skip(bytes int64) {
	m.Total--
	m.Bytes -= bytes
}

// Done is how many photos were worked on, of how many.
func (m *Meter) Done() (done, total int64) { return m.done, m.Total }

// PerSecond is the rate in photos; 0: not known yet.
func (m *Meter) PerSecond(now time.Time) float64 {
	took := now.Sub(m.began).Seconds()
	if m.done == 0 || took <= 0 {
		return 0
	}
	return float64(m.done) / took
}

// Left is how long the rest takes at the rate so far; ok is false where that is
// not known yet.
func (m *Meter) Left(now time.Time) (left time.Duration, ok bool) {
	took := now.Sub(m.began)
	if m.done == 0 || took <= 0 {
		return 0, false
	}
	part := float64(m.done) / float64(max(m.Total, 1))
	if m.Bytes > 0 && m.handled > 0 {
		part = float64(m.handled) / float64(m.Bytes)
	}
	if part >= 1 {
		return 0, true
	}
	return time.Duration(float64(took) * (1 - part) / part), true
}
