package watcher

import (
	"container/heap"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"slices"
	"time"
)

// identity is what stays when a file or folder is renamed. Its zero value is
// that of a system that tells none.
type identity struct{ dev, ino uint64 }

func (i identity) String() string { return fmt.Sprintf("%x:%x", i.dev, i.ino) }

// stamp is a state of a file as told by its metadata. Two equal stamps of one
// path are one state. The time of change, which nobody can set, tells of a file
// that was rewritten with its date kept, and of rights: one which could not be
// read is sent again when it can be.
type stamp struct {
	identity
	size    int64
	sec     int64
	nsec    int32
	mode    fs.FileMode
	changed int64 // when content, name, rights or attributes did last; 0 where nothing tells
}

func (s stamp) modTime() time.Time { return time.Unix(s.sec, int64(s.nsec)) }

type phase uint8

const (
	unknown  phase = iota // found before, its present state not yet looked at
	settling              // waits in the settler
	settled               // waits to be sent
	sent
	forgotten // no longer part of the tree
)

// entry is one file that was found. There may be very many, so what only an
// arriving one needs is apart.
type entry struct {
	name    string // in its folder
	root    *root
	folder  *folder // nil in tests of the settler alone
	arrival *arrival
	stamp   stamp
	phase   phase
	fresh   bool   // looked at again since it came to the head of those to send
	took    uint32 // milliseconds to settle, at most
}

func (e *entry) path() string { return filepath.Join(e.folder.path, e.name) }

func (e *entry) file() File {
	return File{Root: e.root.path, Path: e.path(), Size: e.stamp.size, ModTime: e.stamp.modTime(), Settled: time.Duration(e.took) * time.Millisecond}
}

// arrival is what is known of a file that is settling.
type arrival struct {
	*entry
	found time.Time // when it was first seen to arrive
	quiet time.Time // since when it has not changed
	due   time.Time // when to look at it next
	turn  uint64    // of its quiet period: which comes first of those due together
	index int       // in the settler's heap
}

// settler holds the files that are still arriving, ordered by when to look at
// them next. It reads no clock and no file system. Times carry Go's monotonic
// reading, so a set-back clock neither hurries nor holds a file.
type settler struct {
	waiting byDue
	turns   uint64 // quiet periods that began
}

// observe takes in the state of e as seen now. A new state begins a new quiet
// period; it reports whether it did.
func (s *settler) observe(e *entry, now time.Time, st stamp) bool {
	if e.stamp == st && e.phase != unknown {
		return false
	}
	e.stamp = st
	s.touch(e, now)
	return true
}

// touch begins a new quiet period: something happened to the file.
func (s *settler) touch(e *entry, now time.Time) {
	if e.arrival == nil {
		e.arrival = &arrival{entry: e, found: now, index: -1}
	}
	e.arrival.quiet = now
	s.turns++
	e.arrival.turn = s.turns
	s.look(e.arrival, now.Add(e.root.Settle))
}

// look puts a among those that wait, to be looked at when due.
func (s *settler) look(a *arrival, due time.Time) {
	a.due = due
	if a.index >= 0 {
		heap.Fix(&s.waiting, a.index)
		return
	}
	a.phase = settling
	a.root.arriving++
	heap.Push(&s.waiting, a)
}

// leave takes e from those that wait, into another phase.
func (s *settler) leave(e *entry, to phase) {
	if e.phase == settling {
		heap.Remove(&s.waiting, e.arrival.index)
		e.arrival = nil
		e.root.arriving--
	}
	e.phase = to
	if len(s.waiting) == 0 {
		s.waiting = nil // it may have been long
	}
}

// someNames is how many files that arrive are told by name, of so many that are
// looked through for them.
const someNames, namesAmong = 5, 100

// names are the paths, below r, of some files of r that wait.
func (s *settler) names(r *root) (all []string) {
	for _, a := range s.waiting[:min(len(s.waiting), namesAmong)] {
		if a.root != r || a.folder == nil || len(all) == someNames {
			continue
		}
		if rel, err := filepath.Rel(r.path, a.path()); err == nil {
			all = append(all, rel)
		}
	}
	slices.Sort(all)
	return all
}

// due returns a file that is to be looked at now, or nil.
func (s *settler) due(now time.Time) *entry {
	if len(s.waiting) == 0 || s.waiting[0].due.After(now) {
		return nil
	}
	return s.waiting[0].entry
}

// next returns when due will return a file.
func (s *settler) next() (time.Time, bool) {
	if len(s.waiting) == 0 {
		return time.Time{}, false
	}
	return s.waiting[0].due, true
}

// checkSettled looks at a waiting file whose state now is st. It returns true when
// the file has settled; otherwise it goes on waiting. timeout is how long an
// incomplete file may be quiet before it counts as settled all the same.
func (s *settler) checkSettled(e *entry, now time.Time, st stamp, complete func() bool, timeout time.Duration) bool {
	if s.observe(e, now, st) {
		return false
	}
	quiet := now.Sub(e.arrival.quiet)
	if quiet < e.root.Settle {
		s.look(e.arrival, e.arrival.quiet.Add(e.root.Settle))
		return false
	}
	if !complete() && quiet < timeout {
		s.look(e.arrival, now.Add(min(max(e.root.Settle, quiet/4), timeout-quiet)))
		return false
	}
	e.took = uint32(min(now.Sub(e.arrival.found).Milliseconds(), math.MaxUint32))
	s.leave(e, settled)
	return true
}

// byDue is a heap of arrivals, the one to look at first on top.
type byDue []*arrival

func (h byDue) Len() int { return len(h) }
func (h byDue) Less(i, j int) bool {
	if h[i].due.Equal(h[j].due) {
		return h[i].turn < h[j].turn
	}
	return h[i].due.Before(h[j].due)
}

func (h byDue) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

func (h *byDue) Push(x any) {
	a := x.(*arrival)
	a.index = len(*h)
	*h = append(*h, a)
}

func (h *byDue) Pop() any {
	last := len(*h) - 1
	a := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return a
}
