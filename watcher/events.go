package watcher

import (
	"errors"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

func (l *loop) openNotifier() {
	l.changed = true
	if !l.source.start() {
		return
	}
	for _, r := range l.roots {
		r.canary = canary{}
	}
	for _, f := range l.folders.byPath {
		f.watched = false
	}
}

func (l *loop) closeNotifier() {
	if !l.source.on() {
		return
	}
	if err := l.source.stop(); err != nil {
		l.options.Log.Warn("cannot close the event source", "error", err)
	}
	l.changed = true
}

// takeEvents handles an event and those that wait behind it, up to a bound.
func (l *loop) takeEvents(ev fsnotify.Event, ok bool) {
	for taken := 1; ok; taken++ {
		l.event(ev, l.now())
		if taken == atATime {
			return
		}
		select {
		case ev, ok = <-l.source.events:
		default:
			return
		}
	}
	l.closeNotifier()
	l.source.missing = "no file system events: their source has ended"
	l.rescanSoon()
}

// lost handles an error of the event source: events are missing.
func (l *loop) lost(err error) {
	if err == nil {
		return // closed: events says so too
	}
	if errors.Is(err, fsnotify.ErrEventOverflow) {
		l.options.Log.Warn("inotify queue overflow, rescanning", "remedy", raise("max_queued_events", 16384))
	} else {
		l.options.Log.Warn("file system events failed, rescanning", "error", err)
	}
	l.rescanSoon()
}

func (l *loop) rescanSoon() {
	for _, r := range l.roots {
		r.scanSoon(l.now().Add(afterLoss))
	}
	l.confirmed, l.changed = false, true
}

// event takes in what happened to one path.
func (l *loop) event(ev fsnotify.Event, now time.Time) {
	if f := l.folders.byPath[ev.Name]; f != nil && f.parent == nil {
		if l.present(f.root) {
			l.toList.push(f)
		}
		return
	}
	f := l.folders.byPath[filepath.Dir(ev.Name)]
	name := filepath.Base(ev.Name)
	if isCanary(name) {
		l.onCanary(ev.Name)
	}
	if f == nil || !f.takes(name, true) && !f.takes(name, false) {
		return
	}
	if e := f.files[name]; e != nil && e.phase == settling && ev.Op == fsnotify.Write {
		l.settler.touch(e, now)
		l.confirmed = false
		return
	}
	info, ok, err := l.lookAt(f, ev.Name)
	switch {
	case err == nil && ok:
		l.found(f, name, info, now)
	case err == nil:
		l.forget(f, name)
	case !errors.Is(err, fs.ErrNotExist):
		f.root.trouble(ev.Name, err)
		l.changed = true
	case f.files[name] != nil:
		l.missing(f.files[name], err)
	case f.folders[name] != nil && l.present(f.root):
		l.forget(f, name)
	}
}
