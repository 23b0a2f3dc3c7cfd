// Package schedule decides which photo comes next: the one whose folder matters
// most and that has waited longest, but none before its back-off is over, and
// none from a folder where one failure has followed the other, except to probe
// whether it works again.
//
// It starts nothing, reads no clock and touches no file. It belongs to one
// goroutine; what becomes of a photo is the host's business.
package schedule

import (
	"container/heap"
	"maps"
	"math/rand/v2"
	"slices"
	"time"
)

// Task is one photo to be worked on.
type Task struct {
	Path     string
	Lane     string // the watched folder: tasks of a lane share their surroundings
	Failures int    // so far, in a row

	// Alone asks that nothing else be under way with it. It stays until the
	// task has ended well.
	Alone bool

	// Probe is set by Next: the lane is held, and this task tries it.
	Probe bool

	since time.Time // it first came here
	due   time.Time // not before; zero: at once
	again bool      // it came once more while it was under way
	index int       // in delayed
}

// Outcome is how a task ended.
type Outcome struct {
	Class  string // of the failure; "" is success
	Shared bool   // the cause hardly lies in the photo: others of the lane may fail as well
	Retry  bool   // the task goes back, after a while
	Alone  bool   // with Retry: to be tried alone

	// Blameless sends the task back at once and counts as no failure of it.
	Blameless bool
}

// Options shape a queue; zero values mean the defaults.
type Options struct {
	Capacity   int            // tasks of a lane that wait; 10,000
	Priorities map[string]int // of lanes; 0
	Ageing     time.Duration  // a wait that is worth one step of priority; 1 minute
	Backoff    Backoff
	Storm      int // failures of one class in a row that hold a lane; 5
}

// Queue holds the tasks that wait and knows those that are under way.
type Queue struct {
	options  Options
	lanes    map[string]*lane
	names    []string // of lanes, as they came
	waiting  map[string]*Task
	peak     int // of waiting
	underway map[string]*Task
	delayed  byDue
	alone    []*Task // waiting, in the order they came
	single   bool    // a task that wants to be alone is under way
}

// few tasks leave no memory behind that is worth giving back.
const few = 1024

// New makes an empty queue.
func New(o Options) *Queue {
	if o.Capacity == 0 {
		o.Capacity = 10_000
	}
	if o.Ageing == 0 {
		o.Ageing = time.Minute
	}
	if o.Storm == 0 {
		o.Storm = 5
	}
	o.Backoff = o.Backoff.withDefaults()
	return &Queue{options: o, lanes: map[string]*lane{}, waiting: map[string]*Task{}, underway: map[string]*Task{}}
}

// Len is the number of tasks that wait.
func (q *Queue) Len() int { return len(q.waiting) }

// Underway is the number of tasks that Next gave and Finish has not taken back.
func (q *Queue) Underway() int { return len(q.underway) }

// Has reports whether a task waits or is under way.
func (q *Queue) Has(path string) bool { return q.waiting[path] != nil || q.underway[path] != nil }

// Work are the tasks that are under way, ordered by name.
func (q *Queue) Work() []string { return slices.Sorted(maps.Keys(q.underway)) }

// Soonest are up to n of the tasks that wait, about in the order that they come
// in: those that are due, by lanes, before those that wait for their time.
func (q *Queue) Soonest(n int) (all []string) {
	add := func(tasks []*Task) {
		for _, t := range tasks[:min(len(tasks), n-len(all))] {
			all = append(all, t.Path)
		}
	}
	for _, name := range q.names {
		l := q.lanes[name]
		add(l.ready[l.first:])
	}
	add(q.alone)
	add(q.delayed)
	return all
}

// Full reports whether the host should keep further tasks of a lane back. Add
// works all the same. Each lane has a capacity of its own, so that neither one
// that is long nor one that is held keeps another's tasks out.
func (q *Queue) Full(laneName string) bool { return q.lane(laneName).waiting >= q.options.Capacity }

// Add takes a task in. One that waits already is due at once and begins anew,
// and where its lane is held it may be tried, for what held it may be over; one
// that is under way comes once more when it ends.
func (q *Queue) Add(path, laneName string, now time.Time) {
	if t := q.underway[path]; t != nil {
		t.again = true
		return
	}
	if t := q.waiting[path]; t != nil {
		t.Failures = 0
		q.hasten(t)
		if l := q.lane(t.Lane); l.until.After(now) {
			l.until = now
		}
		return
	}
	q.enqueue(&Task{Path: path, Lane: laneName, since: now, index: -1})
}

// enqueue puts a task among those that wait.
func (q *Queue) enqueue(t *Task) {
	q.waiting[t.Path] = t
	q.peak = max(q.peak, len(q.waiting))
	q.lane(t.Lane).waiting++
	switch {
	case t.Alone:
		q.alone = append(q.alone, t)
	case !t.due.IsZero():
		heap.Push(&q.delayed, t)
	default:
		q.lane(t.Lane).push(t)
	}
}

// hasten makes a waiting task due.
func (q *Queue) hasten(t *Task) {
	if t.index >= 0 {
		heap.Remove(&q.delayed, t.index)
		q.lane(t.Lane).push(t)
	}
	t.due = time.Time{}
}

// Next gives the task to begin with now, if there is one. The host calls
// Finish when it has ended.
func (q *Queue) Next(now time.Time) (Task, bool) {
	if q.single {
		return Task{}, false
	}
	for len(q.delayed) > 0 && !q.delayed[0].due.After(now) {
		q.hasten(q.delayed[0])
	}
	for i, t := range q.alone {
		if t.due.After(now) {
			continue
		}
		if len(q.underway) > 0 {
			return Task{}, false // these end first
		}
		q.alone = append(q.alone[:i], q.alone[i+1:]...)
		q.single = true
		return q.begin(t, false), true
	}
	l := q.best(now)
	if l == nil {
		return Task{}, false
	}
	if l.reason != "" {
		l.untried()
	}
	return q.begin(l.pop(), l.reason != ""), true
}

func (q *Queue) begin(t *Task, probe bool) Task {
	t.Probe, t.due = probe, time.Time{}
	if probe {
		q.lane(t.Lane).probing = true
	}
	delete(q.waiting, t.Path)
	if len(q.waiting) == 0 && q.peak > few {
		q.waiting, q.delayed, q.peak = map[string]*Task{}, nil, 0 // a map never shrinks
	}
	q.lane(t.Lane).waiting--
	q.underway[t.Path] = t
	return *t
}

// Wake is when Next may have a task without any other call in between, at the
// earliest; ok is false where it will not. A time that is over already means
// that the end of what is under way is waited for.
func (q *Queue) Wake() (at time.Time, ok bool) {
	earlier := func(t time.Time) {
		if !ok || t.Before(at) {
			at, ok = t, true
		}
	}
	if len(q.delayed) > 0 {
		earlier(q.delayed[0].due)
	}
	for _, t := range q.alone {
		earlier(t.due)
	}
	for _, l := range q.lanes {
		if l.blocked == "" && l.reason != "" && !l.probing && l.len() > 0 {
			earlier(l.until)
		}
	}
	return at, ok
}

// Finish takes back a task that has ended.
func (q *Queue) Finish(path string, o Outcome, now time.Time) {
	t := q.underway[path]
	if t == nil {
		return
	}
	delete(q.underway, path)
	q.single = q.single && !t.Alone
	if !o.Blameless {
		q.judge(t, o, now)
	}
	switch {
	case o.Blameless:
		t.Alone = t.Alone || o.Alone
	case o.Retry:
		t.Failures++
		t.Alone = t.Alone || o.Alone
		t.due = now.Add(q.options.Backoff.after(t.Failures))
	case t.again:
		t.Failures, t.Alone, t.since = 0, false, now
	default:
		return
	}
	if t.again {
		t.due = time.Time{}
	}
	t.again, t.index = false, -1
	q.enqueue(t)
}

// Backoff is how long a task waits after a failure: First, doubled with each
// further one up to Most, give or take a quarter so that what failed together
// does not come back together.
type Backoff struct {
	First, Most time.Duration  // 2 s and 10 min
	Random      func() float64 // within [0, 1); math/rand's
}

func (b Backoff) withDefaults() Backoff {
	if b.First == 0 {
		b.First = 2 * time.Second
	}
	if b.Most == 0 {
		b.Most = 10 * time.Minute
	}
	if b.Random == nil {
		b.Random = rand.Float64
	}
	return b
}

// after is the wait after the n-th failure in a row.
func (b Backoff) after(n int) time.Duration {
	d := b.First
	for ; n > 1 && d < b.Most; n-- {
		d *= 2
	}
	return time.Duration(float64(min(d, b.Most)) * (0.75 + b.Random()/2))
}

// byDue is a heap of delayed tasks.
type byDue []*Task

func (h byDue) Len() int           { return len(h) }
func (h byDue) Less(i, j int) bool { return h[i].due.Before(h[j].due) }
func (h byDue) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

// Push is for container/heap.
func (h *byDue) Push(x any) {
	t := x.(*Task)
	t.index = len(*h)
	*h = append(*h, t)
}

// Pop is for container/heap.
func (h *byDue) Pop() any {
	last := len(*h) - 1
	t := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	t.index = -1
	return t
}
