package schedule

import (
	"testing"
	"time"
)

func TestStats(t *testing.T) {
	q := New(Options{Threshold: 1})
	q.Add("/in/a", "/in", start)
	q.Add("/in/b", "/in", start.Add(time.Second))
	if s := q.Stats(start); len(s) != 1 || s[0].Waiting != 2 || !s[0].Oldest.Equal(start) || s[0].Breaker != BreakerClosed {
		t.Fatalf("%+v", s)
	}
	task, _ := q.Next(start)
	if !task.Since().Equal(start) {
		t.Errorf("since %s", task.Since())
	}
	q.Finish(task.Path, Outcome{Class: "unwritable", Shared: true}, start)
	if s := q.Stats(start); s[0].Waiting != 1 || s[0].Breaker != BreakerOpen {
		t.Errorf("%+v", s)
	}
	if s := q.Stats(start.Add(24 * time.Hour)); s[0].Breaker != BreakerHalfOpen {
		t.Errorf("%+v", s)
	}
}
