package watcher

import (
	"cmp"
	"container/heap"
	"strings"
)

// Order says which file is sent first.
type Order string

// The orders.
const (
	Arrival Order = "arrival" // the one that settled first; also the meaning of ""
	Newest  Order = "newest"  // the one that was changed last
	Oldest  Order = "oldest"
	ByPath  Order = "path"
)

func (o Order) sorts() bool { return o != "" && o != Arrival }

// before reports whether a is sent before b.
func (o Order) before(a, b *entry) bool {
	at := 0
	switch o {
	case Newest:
		at = b.stamp.modTime().Compare(a.stamp.modTime())
	case Oldest:
		at = a.stamp.modTime().Compare(b.stamp.modTime())
	}
	return cmp.Or(at, strings.Compare(a.path(), b.path())) < 0
}

// sendQueue are files to send, in their order: a heap unless that is of arrival.
type sendQueue struct {
	order   Order
	entries []*entry
}

func (q *sendQueue) Len() int           { return len(q.entries) }
func (q *sendQueue) Less(i, j int) bool { return q.order.before(q.entries[i], q.entries[j]) }
func (q *sendQueue) Swap(i, j int)      { q.entries[i], q.entries[j] = q.entries[j], q.entries[i] }

// Push is for container/heap.
func (q *sendQueue) Push(x any) { q.entries = append(q.entries, x.(*entry)) }

// Pop is for container/heap.
func (q *sendQueue) Pop() any {
	last := len(q.entries) - 1
	e := q.entries[last]
	q.entries[last] = nil
	q.entries = q.entries[:last]
	return e
}

func (q *sendQueue) add(e *entry) {
	if q.order.sorts() {
		heap.Push(q, e)
		return
	}
	q.entries = append(q.entries, e)
}

// first is the next file; there is one.
func (q *sendQueue) first() *entry { return q.entries[0] }

// drop takes the next file out.
func (q *sendQueue) drop() {
	if q.order.sorts() {
		heap.Pop(q)
		return
	}
	q.entries[0] = nil
	q.entries = q.entries[1:]
}
