package schedule_test

import (
	"strings"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/plugin/schedule"
)

// Requests come first, however long folders wait, and keep none of them out.
func TestRequestsAndFoldersStarveNobody(t *testing.T) {
	now := time.Unix(0, 0)
	q := schedule.New(schedule.Options{Priorities: map[string]int{schedule.Requests: 3}})
	for range 4 {
		q.Add("f"+strings.Repeat("x", q.Len()), "/in", now)
	}
	later := now.Add(24 * time.Hour)
	for range 8 {
		q.Add("r"+strings.Repeat("x", q.Len()), schedule.Requests, later)
	}
	order := ""
	for q.Len() > 0 {
		task, ok := q.Next(later)
		if !ok {
			t.Fatal("nothing begins")
		}
		order += task.Path[:1]
		q.Finish(task.Path, schedule.Outcome{}, later)
	}
	if order != "rrrfrrrfrrff" {
		t.Errorf("the order is %s", order)
	}
}

// What was removed never begins, and what was not does.
func TestRemove(t *testing.T) {
	now := time.Unix(0, 0)
	q := schedule.New(schedule.Options{})
	for _, path := range []string{"a", "b", "c", "d"} {
		q.Add(path, schedule.Requests, now)
	}
	next := func() string {
		task, _ := q.Next(now)
		return task.Path
	}
	first := next()
	q.Finish(first, schedule.Outcome{NotCounted: true, Exclusive: true}, now)
	if first != "a" || !q.Remove("a") || !q.Remove("c") || q.Remove("c") || q.Remove("unknown") {
		t.Error("a task that waits could not be removed, or another could")
	}
	if got := next() + next() + next(); got != "bd" || q.Len() != 0 || q.Remove("b") {
		t.Errorf("began %s, %d wait", got, q.Len())
	}
	q.Finish("b", schedule.Outcome{Class: "x", Retry: true}, now)
	if !q.Remove("b") {
		t.Error("a task that waits for its back-off could not be removed")
	}
	if _, ok := q.Next(now.Add(time.Hour)); ok {
		t.Error("a removed task began")
	}
}
