package watcher

import (
	"errors"
	"io/fs"
	"time"

	"github.com/fsnotify/fsnotify"
)

// eventSource is the notifier, while there is one, and what is watched through
// it. It belongs to the loop's goroutine.
type eventSource struct {
	open     func() (notifier, error)
	notifier notifier // nil: there are no events
	missing  string   // why
	events   <-chan fsnotify.Event
	failures <-chan error
	quota    quota
}

// start opens a notifier that watches nothing yet; false where there is none.
func (s *eventSource) start() bool {
	n, err := s.open()
	if err != nil {
		s.missing = noNotifier(err)
		return false
	}
	s.notifier, s.missing, s.quota.held = n, "", 0
	s.events, s.failures = n.channels()
	return true
}

// stop closes the notifier, where there is one.
func (s *eventSource) stop() error {
	if s.notifier == nil {
		return nil
	}
	err := s.notifier.Close()
	s.notifier, s.events, s.failures = nil, nil, nil
	return err
}

// on reports whether there are events.
func (s *eventSource) on() bool { return s.notifier != nil }

// watch asks for f's events; it tells why there are none, or "".
func (s *eventSource) watch(f *folder) (why string) {
	if !f.watched && s.quota.spare() <= 0 {
		return s.quota.reason()
	}
	err := s.notifier.Add(f.path)
	switch {
	case err == nil && !f.watched:
		f.watched = true
		s.quota.held++
	case err == nil || errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission):
		// reading the folder tells of these
	default:
		return noWatch(f.path, err)
	}
	return ""
}

// unwatch ends f's events.
func (s *eventSource) unwatch(f *folder) {
	if f.watched && s.notifier != nil {
		_ = s.notifier.Remove(f.path) // often gone already
		s.quota.held--
	}
	f.watched = false
}

// count looks at the limits again, where that was not done lately.
func (s *eventSource) count(now time.Time, usage func() (limit, others int)) {
	s.quota.count(now, usage)
}
