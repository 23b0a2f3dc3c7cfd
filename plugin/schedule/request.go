package schedule

import (
	"container/heap"
	"slices"
	"time"
)

// Requests stands in place of a folder for tasks that somebody waits for. They
// come before those of folders, whatever has waited how long, but for every so
// many of them one of a folder begins: its priority says how many.
const Requests = "requests"

// preferred is the folder whose first task comes next, or nil.
func (q *Queue) preferred(now time.Time) *folderQueue {
	r := q.folders[Requests]
	asked := r != nil && r.len() > 0 && r.paused == "" && r.breaker.allows(now)
	if asked && q.inRow < max(1, r.priority) {
		return r
	}
	f := q.best(now)
	if f == nil && asked {
		return r
	}
	return f
}

// count keeps how many requests began since a folder's task did.
func (q *Queue) count(f *folderQueue) {
	if f.name == Requests {
		q.inRow++
	} else {
		q.inRow = 0
	}
}

// Remove gives up a task that waits, and reports whether it did.
func (q *Queue) Remove(path string) bool {
	t := q.waiting[path]
	if t == nil {
		return false
	}
	delete(q.waiting, path)
	f := q.folder(t.Folder)
	f.waiting--
	same := func(o *Task) bool { return o == t }
	q.exclusive = slices.DeleteFunc(q.exclusive, same)
	if t.index >= 0 {
		heap.Remove(&q.delayed, t.index)
	} else if i := slices.IndexFunc(f.ready[f.first:], same); i >= 0 {
		f.ready = slices.Delete(f.ready, f.first+i, f.first+i+1)
	}
	return true
}
