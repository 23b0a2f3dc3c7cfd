package schedule

import (
	"cmp"
	"container/heap"
	"strings"
)

// Order says which of a folder's tasks that are due comes first.
type Order string

// The orders.
const (
	Arrival Order = "arrival" // the one that came first; also the meaning of ""
	Newest  Order = "newest"  // the one whose file was changed last
	Oldest  Order = "oldest"
	ByPath  Order = "path"
)

func (o Order) sorts() bool { return o != "" && o != Arrival }

// before reports whether a comes before b. Tasks of which no time is known come
// last; what is equal goes by path.
func (o Order) before(a, b *Task) bool {
	at := 0
	switch {
	case o != Newest && o != Oldest:
	case a.changed.IsZero() != b.changed.IsZero():
		return b.changed.IsZero()
	case o == Newest:
		at = b.changed.Compare(a.changed)
	default:
		at = a.changed.Compare(b.changed)
	}
	return cmp.Or(at, strings.Compare(a.Path, b.Path)) < 0
}

// sorted are the due tasks of a folder whose order is not that of arrival: a heap,
// the first one on top.
type sorted struct {
	tasks []*Task
	order Order
}

func (s *sorted) Len() int           { return len(s.tasks) }
func (s *sorted) Less(i, j int) bool { return s.order.before(s.tasks[i], s.tasks[j]) }
func (s *sorted) Swap(i, j int)      { s.tasks[i], s.tasks[j] = s.tasks[j], s.tasks[i] }

// Push is for container/heap.
func (s *sorted) Push(x any) { s.tasks = append(s.tasks, x.(*Task)) }

// Pop is for container/heap.
func (s *sorted) Pop() any {
	last := len(s.tasks) - 1
	t := s.tasks[last]
	s.tasks[last] = nil
	s.tasks = s.tasks[:last]
	return t
}

// reorder puts what is due in another order.
func (f *folderQueue) reorder(o Order) {
	if f.order == o {
		return
	}
	f.order = o
	f.ready, f.first = append([]*Task(nil), f.ready[f.first:]...), 0
	if o.sorts() {
		heap.Init(&sorted{f.ready, o})
	}
}
