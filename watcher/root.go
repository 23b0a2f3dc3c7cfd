package watcher

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"time"
)

// root is one watched folder.
type root struct {
	path, real       string
	settle, patience time.Duration

	id    identity // of the folder as last seen
	top   *folder  // nil until it was seen
	gone  string   // why it cannot be read at all, or ""
	moved bool     // another folder stands in its place, and it was not yet listed

	unwatched string            // why a part of it has no events, or ""
	troubles  map[string]string // folders and files below that cannot be read, with why

	scanBegan time.Time // zero: none is under way
	scanning  int       // folders of it that wait to be listed
	again     bool      // something was missed while scanning
	nextScan  time.Time

	state FolderState
}

func newRoot(p rootPath, o Options) *root {
	r := &root{
		path: p.path, real: p.real, settle: p.config.settle(), patience: p.config.patience(),
		troubles: map[string]string{}, state: FolderState{Folder: p.path, Mode: Starting},
	}
	if o.Once {
		r.patience = min(r.patience, 10*r.settle)
	}
	return r
}

func (r *root) trouble(path string, err error) { r.troubles[path] = err.Error() }

// scanSoon brings the next scan forward. One under way is followed by another.
func (r *root) scanSoon(at time.Time) {
	r.again = r.scanning > 0
	if r.nextScan.After(at) {
		r.nextScan = at
	}
}

// present looks whether r is in place and the folder it was. Where it is not,
// nothing below it is taken for removed.
func (l *loop) present(r *root) bool {
	info, err := os.Stat(r.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		l.lose(r, "the folder is gone: create it again or mount its file system")
	case err != nil:
		l.lose(r, fmt.Sprintf("the folder cannot be read: %v", err))
	case !info.IsDir():
		l.lose(r, "a file stands in its place: move it away")
	case r.top == nil || r.gone != "" || r.moved:
		return false // the next scan takes it in
	case stampOf(info).identity != r.id:
		l.unwatch(r)
		r.moved = true
		r.scanSoon(time.Now())
	default:
		return true
	}
	return false
}

// lose stops r and keeps what is known of its files.
func (l *loop) lose(r *root, why string) {
	if r.gone == "" {
		l.unwatch(r)
		r.nextScan = time.Now().Add(l.options.Poll)
	}
	r.gone = why
	l.changed = true
}

// unwatch ends the events of every folder below r.
func (l *loop) unwatch(r *root) {
	if l.notify == nil {
		return
	}
	for path, f := range l.folders {
		if f.root == r {
			_ = l.notify.Remove(path) // often gone already
		}
	}
}

// scan begins to look through r: to watch and list every folder of it.
func (l *loop) scan(r *root, now time.Time) {
	r.scanBegan, r.nextScan, r.again = now, now.Add(l.options.Poll), false
	if l.notify == nil {
		l.openNotifier()
	}
	info, err := os.Stat(r.path)
	if err != nil || !info.IsDir() {
		l.present(r)
		return
	}
	id := stampOf(info).identity
	if r.top == nil {
		r.id = id
		r.top = l.newFolder(r, nil, r.path, id)
	} else if r.id != id {
		l.unwatch(r)
		r.moved = true
		l.identify(r.top, id)
		r.id = id
	}
	r.unwatched = ""
	clear(r.troubles)
	l.enqueue(r.top)
}

// emptied reports whether r, just listed, is an empty folder that stands where
// one with files was: rather a file system that is not mounted than a user's
// work. It clears r's loss otherwise.
func (l *loop) emptied(r *root, entries int) bool {
	l.changed = true
	if r.moved && entries == 0 && len(r.top.files)+len(r.top.folders) > 0 {
		r.gone = "an empty folder stands where one with files was: mount its file system, or put a file there if this is meant"
		return true
	}
	r.gone, r.moved = "", false
	return false
}

// listed ends a scan of r, or the listing of a folder that came to it, and
// sets when r is looked through next: without events soon, but never so often
// that looking takes more than a twentieth of the time.
func (l *loop) listed(r *root, now time.Time) {
	l.changed = true
	if r.scanBegan.IsZero() {
		return
	}
	took := now.Sub(r.scanBegan)
	r.scanBegan = time.Time{}
	switch {
	case r.again:
		r.nextScan = now.Add(max(afterLoss, took))
	case r.gone != "" || r.unwatched != "" || l.notify == nil:
		r.nextScan = now.Add(max(l.options.Poll, 20*took))
	default:
		r.nextScan = now.Add(max(l.options.Rescan, 20*took))
	}
}

// report publishes and logs the folders' states where they changed.
func (l *loop) report() {
	if !l.changed {
		return
	}
	l.changed = false
	states := make([]FolderState, len(l.roots))
	for i, r := range l.roots {
		before := r.state
		r.state = l.state(r)
		states[i] = r.state
		if r.state == before {
			continue
		}
		if r.state.Mode == Watching {
			l.options.Log.Info("watching folder", "folder", r.path)
		} else {
			l.options.Log.Warn("folder is "+string(r.state.Mode), "folder", r.path, "reason", r.state.Reason)
		}
	}
	l.publish(states)
}

// state tells how r stands. While it is being looked through, that is as it
// was, unless it is gone.
func (l *loop) state(r *root) FolderState {
	s := FolderState{Folder: r.path, Mode: Watching}
	unwatched := r.unwatched
	if l.notify == nil {
		unwatched = l.noEvents
	}
	switch {
	case r.gone != "":
		s.Mode, s.Reason = Degraded, r.gone
	case r.scanning > 0:
		return r.state
	case len(r.troubles) > 0:
		first := slices.Min(slices.Collect(maps.Keys(r.troubles)))
		s.Mode, s.Reason = Degraded, fmt.Sprintf("%s: make it readable for Burnish's user (%d such below the folder)", r.troubles[first], len(r.troubles))
	case unwatched != "":
		s.Mode, s.Reason = Polling, fmt.Sprintf("%s; meanwhile the folder is looked through every %s", unwatched, l.options.Poll)
	}
	return s
}

// shortfall names the folders that could not be read in full.
func (l *loop) shortfall() error {
	var faults []error
	for _, r := range l.roots {
		if r.state.Mode == Degraded {
			faults = append(faults, fmt.Errorf("watched folder %s: %s", r.path, r.state.Reason))
		}
	}
	return errors.Join(faults...)
}
