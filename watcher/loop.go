package watcher

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"time"
)

const (
	probeEvery = 5 * time.Second        // between looks at whether a watched folder is still there
	afterLoss  = 200 * time.Millisecond // from an overflow to the rescan, which then covers the burst
	atATime    = 64                     // files checked, or events taken, before the loop turns to something else
)

// loop is one Run. Its goroutine alone touches what is in here.
type loop struct {
	*Watcher
	out chan<- File

	source  eventSource
	roots   []*root
	folders index
	toList  listQueue
	settler settler
	turn    int // of roots, the one whose files are sent next

	nextProbe time.Time
	confirmed bool // with Once: the present scan is the last, unless it finds something
	changed   bool // some folder's state may have
}

func newLoop(w *Watcher, out chan<- File) *loop {
	l := &loop{
		Watcher: w, out: out, changed: true,
		source: eventSource{open: openKernel}, folders: newIndex(),
	}
	for _, p := range w.roots {
		l.roots = append(l.roots, newRoot(p, w.options))
	}
	return l
}

func (l *loop) run(ctx context.Context) error {
	defer l.closeNotifier()
	l.openNotifier()
	now := l.now()
	l.nextProbe = now.Add(probeEvery)
	for _, r := range l.roots {
		l.scan(r, now)
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		busy := l.step(l.now())
		head := l.head(l.now())
		l.report()
		if ctx.Err() != nil {
			return nil
		}
		if l.options.Once && !busy && head == nil && !l.waits() && l.finished(l.now()) {
			return l.shortfall()
		}
		timer.Reset(l.untilNext(busy || len(l.toList) > 0))
		l.wait(ctx, timer.C, head)
	}
}

// wait blocks until there is something to do, and does it.
func (l *loop) wait(ctx context.Context, timer <-chan time.Time, head *entry) {
	var out chan<- File
	var file File
	if head != nil {
		out = l.out
		file = head.file()
	}
	select {
	case <-ctx.Done():
	case <-timer:
	case out <- file:
		head.phase = sent
		l.turn++
	case <-l.woken:
	case c := <-l.changes:
		l.become(c)
	case ev, ok := <-l.source.events:
		l.takeEvents(ev, ok)
	case err := <-l.source.failures:
		l.lost(err)
	}
}

// step does a bounded part of the work at hand and reports whether more is
// waiting.
func (l *loop) step(now time.Time) (busy bool) {
	if !now.Before(l.nextProbe) {
		l.nextProbe = now.Add(probeEvery)
		for _, r := range l.roots {
			l.present(r)
		}
	}
	for _, r := range l.roots {
		if r.scanning == 0 && !now.Before(r.nextScan) {
			l.scan(r, now)
		}
	}
	l.recheck(now)
	l.expireCanaries(now)
	l.listNext(now)
	for range atATime {
		e := l.settler.due(now)
		if e == nil {
			return len(l.toList) > 0
		}
		l.checkSettled(e, now)
	}
	return true
}

// untilNext is how long the loop may sleep.
func (l *loop) untilNext(busy bool) time.Duration {
	if busy {
		return 0
	}
	next := l.nextProbe
	for _, r := range l.roots {
		if r.scanning == 0 && r.nextScan.Before(next) {
			next = r.nextScan
		}
		if r.canary.path != "" && r.canary.due.Before(next) {
			next = r.canary.due
		}
	}
	if due, ok := l.settler.next(); ok && due.Before(next) {
		next = due
	}
	return max(0, next.Sub(l.now()))
}

// checkSettled decides whether a file that is due has settled.
func (l *loop) checkSettled(e *entry, now time.Time) {
	info, err := l.fileOf(e)
	if info == nil {
		l.missing(e, err)
		return
	}
	complete := func() bool {
		whole, err := l.options.Complete(e.file())
		return whole || err != nil
	}
	timeout := e.root.IncompleteTimeout
	if at := touched(info); !at.IsZero() && now.Sub(at) > timeout {
		timeout = 0 // nobody is writing it
	}
	if l.settler.checkSettled(e, now, stampOf(info), complete, timeout) {
		e.fresh = false
		e.root.toSend.add(e)
	}
}

// recheck takes up files that the host missed.
func (l *loop) recheck(now time.Time) {
	for _, path := range l.takeResend() {
		f := l.folders.byPath[filepath.Dir(path)]
		if f == nil {
			continue
		}
		e := f.files[filepath.Base(path)]
		if e == nil || e.phase != sent {
			continue
		}
		e.phase = unknown
		l.confirmed = false
		info, err := l.fileOf(e)
		if info == nil {
			l.missing(e, err)
			continue
		}
		l.settler.observe(e, now, stampOf(info))
	}
}

// fileOf looks at a file that was found; nil where it is none any more.
func (l *loop) fileOf(e *entry) (fs.FileInfo, error) {
	info, ok, err := l.lookAt(e.folder, e.path())
	if !ok || !info.Mode().IsRegular() {
		return nil, err
	}
	return info, nil
}

// head returns the file to send next, or nil. The folders take turns.
func (l *loop) head(now time.Time) *entry {
	for n := range l.roots {
		r := l.roots[(l.turn+n)%len(l.roots)]
		if l.isPaused(r.path) {
			continue
		}
		if e := l.headOf(r, now); e != nil {
			l.turn += n
			return e
		}
	}
	return nil
}

// headOf returns the file of r to send next, or nil. It looks at the file once
// more, for it may have waited long.
func (l *loop) headOf(r *root, now time.Time) *entry {
	for r.toSend.Len() > 0 {
		e := r.toSend.first()
		if e.phase == settled && !e.fresh {
			info, err := l.fileOf(e)
			switch {
			case info == nil:
				l.missing(e, err)
			case !l.settler.observe(e, now, stampOf(info)):
				e.fresh = true
			}
		}
		if e.phase == settled {
			return e
		}
		r.toSend.drop()
	}
	r.toSend.entries = nil
	return nil
}

// waits reports whether there are files to send. With no head, their folders
// were paused a moment ago, and may not be any more.
func (l *loop) waits() bool {
	return slices.ContainsFunc(l.roots, func(r *root) bool { return r.toSend.Len() > 0 })
}

// finished reports, with nothing at hand, whether a whole scan has found
// nothing new either; if none has, it begins one.
func (l *loop) finished(now time.Time) bool {
	if len(l.settler.waiting) > 0 {
		return false
	}
	if l.confirmed {
		return true
	}
	l.confirmed = true
	for _, r := range l.roots {
		l.scan(r, now)
	}
	return false
}

// missing handles a file that is not where it was. Only where its watched
// folder is in place does that mean it was removed.
func (l *loop) missing(e *entry, err error) {
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		e.root.trouble(e.path(), err)
		l.changed = true
	}
	if l.present(e.root) {
		l.forgetFile(e)
		return
	}
	l.settler.leave(e, unknown)
}
