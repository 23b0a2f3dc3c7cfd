package schedule

import (
	"container/heap"
	"slices"
)

// Change goes on with other capacities, priorities and orders, and without what waits of
// the dropped folders: they begin anew. What is under way of those stays so, and
// counts for the folder as it is then.
func (q *Queue) Change(capacity int, priorities map[string]int, orders map[string]Order, dropped []string) {
	if capacity == 0 {
		capacity = defaultCapacity
	}
	q.options.Capacity, q.options.Priorities, q.options.Orders = capacity, priorities, orders
	gone := func(t *Task) bool { return slices.Contains(dropped, t.Folder) }
	for path, t := range q.waiting {
		if gone(t) {
			delete(q.waiting, path)
		}
	}
	q.exclusive = slices.DeleteFunc(q.exclusive, gone)
	q.delayed = slices.DeleteFunc(q.delayed, gone)
	for i, t := range q.delayed {
		t.index = i
	}
	heap.Init(&q.delayed)
	for _, name := range dropped {
		delete(q.folders, name)
	}
	q.names = slices.DeleteFunc(q.names, func(name string) bool { return q.folders[name] == nil })
	for name, f := range q.folders {
		f.priority = priorities[name]
		f.reorder(orders[name])
	}
}
