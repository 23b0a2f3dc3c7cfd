// Package schedule decides which photo comes next: the one whose folder matters
// most and that has waited longest, but none before its back-off is over, and
// none from a folder whose circuit breaker is open, except to probe whether it
// works again.
//
// It starts nothing, reads no clock and touches no file. It belongs to one
// goroutine; what becomes of a photo is the host's business.
package schedule

import (
	"container/heap"
	"maps"
	"slices"
	"time"
)

// Task is one photo to be worked on.
type Task struct {
	Path     string
	Folder   string // the watched one, whose tasks share a circuit breaker
	Failures int    // so far, in a row

	// Exclusive asks that nothing else be under way with it. It stays until the
	// task has succeeded.
	Exclusive bool

	// Probe is set by Next: the folder's circuit breaker is half open, and this
	// task tries it.
	Probe bool

	since   time.Time // it first came here
	changed time.Time // its file, last; zero: not known
	due     time.Time // not before; zero: at once
	again   bool      // it came once more while it was under way
	index   int       // in delayed, or -1
}

// Since is when the task first came here, or came anew while it was under way.
func (t Task) Since() time.Time { return t.since }

// Outcome is how a task ended.
type Outcome struct {
	Class     string // of the failure; "" is success
	Shared    bool   // the cause hardly lies in the photo: others of the folder may fail as well
	Retry     bool   // the task goes back, after its back-off
	Exclusive bool   // with Retry or NotCounted: it is tried again with nothing else under way

	// NotCounted sends the task back at once; that it failed counts neither for it
	// nor for its folder.
	NotCounted bool
}

// Options shape a queue; zero values mean the defaults.
type Options struct {
	Capacity   int              // tasks of a folder that wait; 10,000
	Priorities map[string]int   // of folders; 0
	Orders     map[string]Order // of folders; as they came
	Ageing     time.Duration    // a wait that is worth one step of priority; 1 minute
	Backoff    Backoff
	Threshold  int // shared failures of one class in a row that open a folder's circuit breaker; 5
}

// Queue holds the tasks that wait and knows those that are under way.
type Queue struct {
	options   Options
	folders   map[string]*folderQueue
	names     []string // of folders, as they came
	waiting   map[string]*Task
	peak      int // of waiting
	underway  map[string]*Task
	delayed   delayed
	exclusive []*Task // waiting, in the order they came
	reserved  bool    // an exclusive task is under way
	inRow     int     // requests that began since a folder's task did
}

// keptCapacity is the number of tasks up to which memory that they no longer need
// is kept for the next.
const keptCapacity = 1024

const defaultCapacity = 10_000

// New makes an empty queue.
func New(o Options) *Queue {
	if o.Capacity == 0 {
		o.Capacity = defaultCapacity
	}
	if o.Ageing == 0 {
		o.Ageing = time.Minute
	}
	if o.Threshold == 0 {
		o.Threshold = 5
	}
	o.Backoff = o.Backoff.withDefaults()
	return &Queue{options: o, folders: map[string]*folderQueue{}, waiting: map[string]*Task{}, underway: map[string]*Task{}}
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
// in: those that are due, by folders, before those that wait for their time.
func (q *Queue) Soonest(n int) (all []string) {
	add := func(tasks []*Task) {
		for _, t := range tasks[:min(len(tasks), n-len(all))] {
			all = append(all, t.Path)
		}
	}
	for _, name := range q.names {
		f := q.folders[name]
		add(f.ready[f.first:])
	}
	add(q.exclusive)
	add(q.delayed)
	return all
}

// Full reports whether the host should keep further tasks of a folder back. Add
// works all the same. Each folder has a capacity of its own, so that neither one
// that is long nor one that is paused keeps another's tasks out.
func (q *Queue) Full(folder string) bool { return q.folder(folder).waiting >= q.options.Capacity }

// Add takes a task in. One that waits already is due at once and begins anew,
// and its folder may be probed at once where its circuit breaker is open; one
// that is under way comes once more when it ends.
func (q *Queue) Add(path, folder string, now time.Time) { q.AddChanged(path, folder, time.Time{}, now) }

// AddChanged is Add of a task whose file was last changed at a time, for the order
// of its folder; zero: that is not known.
func (q *Queue) AddChanged(path, folder string, changed, now time.Time) {
	if t := q.underway[path]; t != nil {
		t.again = true
		return
	}
	if t := q.waiting[path]; t != nil {
		t.Failures = 0
		q.makeDue(t)
		q.folder(t.Folder).breaker.tryAgain(now)
		return
	}
	q.enqueue(&Task{Path: path, Folder: folder, since: now, changed: changed, index: -1})
}

// enqueue puts a task among those that wait.
func (q *Queue) enqueue(t *Task) {
	q.waiting[t.Path] = t
	q.peak = max(q.peak, len(q.waiting))
	q.folder(t.Folder).waiting++
	switch {
	case t.Exclusive:
		q.exclusive = append(q.exclusive, t)
	case !t.due.IsZero():
		heap.Push(&q.delayed, t)
	default:
		q.folder(t.Folder).push(t)
	}
}

// makeDue makes a waiting task due.
func (q *Queue) makeDue(t *Task) {
	if t.index >= 0 {
		heap.Remove(&q.delayed, t.index)
		q.folder(t.Folder).push(t)
	}
	t.due = time.Time{}
}

// Next gives the task to begin with now, if there is one. The host calls
// Finish when it has ended.
func (q *Queue) Next(now time.Time) (Task, bool) {
	if q.reserved {
		return Task{}, false
	}
	for len(q.delayed) > 0 && !q.delayed[0].due.After(now) {
		q.makeDue(q.delayed[0])
	}
	for i, t := range q.exclusive {
		if t.due.After(now) {
			continue
		}
		if len(q.underway) > 0 {
			return Task{}, false // these end first
		}
		q.exclusive = append(q.exclusive[:i], q.exclusive[i+1:]...)
		q.reserved = true
		return q.begin(t, false), true
	}
	f := q.preferred(now)
	if f == nil {
		return Task{}, false
	}
	q.count(f)
	probe := !f.breaker.closed()
	if probe {
		f.preferFresh()
	}
	return q.begin(f.pop(), probe), true
}

func (q *Queue) begin(t *Task, probe bool) Task {
	t.Probe, t.due = probe, time.Time{}
	if probe {
		q.folder(t.Folder).breaker.probing = true
	}
	delete(q.waiting, t.Path)
	if len(q.waiting) == 0 && q.peak > keptCapacity {
		q.waiting, q.delayed, q.peak = map[string]*Task{}, nil, 0 // a map never shrinks
	}
	q.folder(t.Folder).waiting--
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
	for _, t := range q.exclusive {
		earlier(t.due)
	}
	for _, f := range q.folders {
		if b := &f.breaker; f.paused == "" && !b.closed() && !b.probing && f.len() > 0 {
			earlier(b.until)
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
	q.reserved = q.reserved && !t.Exclusive
	if q.folder(t.Folder).breaker.record(t, o, now, q.options) {
		q.makeFolderDue(t.Folder)
	}
	switch {
	case o.NotCounted:
		t.Exclusive = t.Exclusive || o.Exclusive
	case o.Retry:
		t.Failures++
		t.Exclusive = t.Exclusive || o.Exclusive
		t.due = now.Add(q.options.Backoff.after(t.Failures))
	case t.again:
		t.Failures, t.Exclusive, t.since = 0, false, now
	default:
		return
	}
	if t.again {
		t.due = time.Time{}
	}
	t.again, t.index = false, -1
	q.enqueue(t)
}
