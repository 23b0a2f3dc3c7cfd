package schedule

import (
	"container/heap"
	"time"
)

// folderQueue is the tasks of one watched folder that are due, first come first
// served.
type folderQueue struct {
	name     string
	priority int
	order    Order
	ready    []*Task // in their order: a heap unless that is of arrival
	first    int     // of ready, where the queue begins
	waiting  int     // tasks, those that are delayed or exclusive among them
	paused   string  // why nothing of it may begin, or ""
	breaker  breaker
}

func (f *folderQueue) len() int { return len(f.ready) - f.first }

func (f *folderQueue) push(t *Task) {
	if !f.order.sorts() {
		f.ready = append(f.ready, t)
		return
	}
	h := sorted{f.ready, f.order}
	heap.Push(&h, t)
	f.ready = h.tasks
}

func (f *folderQueue) pop() *Task {
	if f.order.sorts() {
		h := sorted{f.ready, f.order}
		t := heap.Pop(&h).(*Task)
		if f.ready = h.tasks; len(f.ready) == 0 && cap(f.ready) > keptCapacity {
			f.ready = nil
		}
		return t
	}
	t := f.ready[f.first]
	f.ready[f.first] = nil
	f.first++
	if f.first == len(f.ready) {
		f.ready, f.first = f.ready[:0], 0
		if cap(f.ready) > keptCapacity {
			f.ready = nil
		}
	} else if f.first > keptCapacity && f.first > len(f.ready)/2 {
		f.ready, f.first = append([]*Task(nil), f.ready[f.first:]...), 0
	}
	return t
}

// preferFresh brings the first task that has not failed yet to the front: a
// probe is to tell of the folder rather than of a photo that is known to fail.
func (f *folderQueue) preferFresh() {
	if f.order.sorts() { // one probe is as good as another, and the order stays
		return
	}
	for i := f.first; i < len(f.ready); i++ {
		if t := f.ready[i]; t.Failures == 0 {
			copy(f.ready[f.first+1:i+1], f.ready[f.first:i])
			f.ready[f.first] = t
			return
		}
	}
}

func (q *Queue) folder(name string) *folderQueue {
	f := q.folders[name]
	if f == nil {
		f = &folderQueue{name: name, priority: q.options.Priorities[name], order: q.options.Orders[name]}
		q.folders[name] = f
		q.names = append(q.names, name)
	}
	return f
}

// best is the folder whose first task comes next, or nil.
func (q *Queue) best(now time.Time) (best *folderQueue) {
	var most float64
	for _, name := range q.names {
		f := q.folders[name]
		if name == Requests || f.len() == 0 || f.paused != "" || !f.breaker.allows(now) {
			continue
		}
		waited := now.Sub(f.ready[f.first].since)
		score := float64(f.priority) + float64(waited)/float64(q.options.Ageing)
		if best == nil || score > most {
			best, most = f, score
		}
	}
	return best
}

// Pause lets no task of a folder begin until it is called with the reason "".
func (q *Queue) Pause(folder, reason string) { q.folder(folder).paused = reason }

// Paused is a folder of which no task begins: it is paused, or its circuit
// breaker is open.
type Paused struct {
	Folder, Reason string
	Until          time.Time // of the next probe; zero for a folder that Pause paused
	Waiting        int       // tasks that are due but for this
}

// Paused lists the folders of which no task begins.
func (q *Queue) Paused() (all []Paused) {
	for _, name := range q.names {
		switch f := q.folders[name]; {
		case f.paused != "":
			all = append(all, Paused{Folder: name, Reason: f.paused, Waiting: f.len()})
		case !f.breaker.closed():
			all = append(all, Paused{name, f.breaker.reason, f.breaker.until, f.len()})
		}
	}
	return all
}

// makeFolderDue makes all tasks of a folder due, for what they waited for has
// come.
func (q *Queue) makeFolderDue(name string) {
	var these []*Task
	for _, t := range q.delayed {
		if t.Folder == name {
			these = append(these, t)
		}
	}
	for _, t := range these {
		q.makeDue(t)
	}
}
