package watcher

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/burnish-photo/burnish/ops/event"
)

// root is one watched folder.
type root struct {
	Config
	path, real string
	filter     filter
	before     FolderState // as an earlier process left it

	id    identity // of the folder as last seen
	top   *folder  // nil until it was seen
	gone  string   // why it cannot be read at all, or ""
	moved bool     // another folder stands in its place, and it was not yet listed

	files, folders, arriving int // below, as known now

	unwatched string // why a part of it has no events, or ""
	remote    string // a part of it that others change unheard, and what it lies on, or ""
	canary    canary
	troubles  map[string]string // folders and files below that cannot be read, with why

	toSend sendQueue // settled; those in another phase by now are passed over

	scanBegan time.Time // zero: none is under way
	scanning  int       // folders of it that wait to be listed
	again     bool      // something was missed while scanning
	nextScan  time.Time

	state FolderState
}

func newRoot(p rootPath, o Options) *root {
	r := &root{
		Config: p.config, path: p.path, real: p.real, filter: newFilter(p.config),
		troubles: map[string]string{}, toSend: sendQueue{order: p.config.Order}, state: FolderState{Folder: p.path, Mode: Starting},
	}
	if o.Once {
		r.IncompleteTimeout = min(r.IncompleteTimeout, 10*r.Settle)
	}
	if i := slices.IndexFunc(o.Before, func(s FolderState) bool { return s.Folder == r.path }); i >= 0 {
		r.before = o.Before[i]
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
		r.scanSoon(l.now())
	default:
		return true
	}
	return false
}

// lose stops r and keeps what is known of its files.
func (l *loop) lose(r *root, why string) {
	if r.gone == "" {
		l.unwatch(r)
		r.nextScan = l.now().Add(r.PollInterval)
	}
	r.gone = why
	l.changed = true
}

// unwatch ends the events of every folder below r.
func (l *loop) unwatch(r *root) {
	r.canary = canary{again: r.canary.again}
	for _, f := range l.folders.below(r) {
		l.source.unwatch(f)
	}
}

// scan begins to look through r: to watch and list every folder of it.
func (l *loop) scan(r *root, now time.Time) {
	r.scanBegan, r.nextScan, r.again = now, now.Add(r.PollInterval), false
	if !l.source.on() {
		l.openNotifier()
	}
	l.source.count(now, l.usage)
	info, err := os.Stat(r.path)
	if err != nil || !info.IsDir() {
		l.present(r)
		return
	}
	id := stampOf(info).identity
	if r.top == nil {
		r.id = id
		r.top = l.newFolder(r, nil, r.path, id)
		r.moved = r.before.ID != "" && r.before.ID != id.String()
	} else if r.id != id {
		l.unwatch(r)
		r.moved = true
		l.folders.identify(r.top, id)
		r.id = id
	}
	r.unwatched, r.remote = "", ""
	clear(r.troubles)
	l.toList.push(r.top)
}

// emptied reports whether r, just listed, is an empty folder that stands where
// one with files was, and is another folder or on a file system that loses its
// content without a word: rather one that is not mounted or out of reach than a
// user's work. It clears r's loss otherwise.
func (l *loop) emptied(r *root, entries int) bool {
	l.changed = true
	had := r.before.Files > 0 || len(r.top.files)+len(r.top.folders) > 0
	if entries == 0 && had && (r.moved || r.remote != "") {
		r.gone = "the folder is empty and had files: mount its file system; if this is meant, put any file there"
		return true
	}
	r.gone, r.moved, r.before = "", false, FolderState{}
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
	case r.gone != "" || l.unheard(r) != "":
		r.nextScan = now.Add(max(r.PollInterval, 20*took))
	default:
		r.nextScan = now.Add(max(l.options.Rescan, 20*took))
	}
	if r.gone == "" && r.unwatched == "" {
		l.startCanary(r, now)
	}
}

// report publishes and logs the folders' states where they changed.
func (l *loop) report() {
	counted := slices.ContainsFunc(l.roots, func(r *root) bool { return r.state.counts() != r.counts() })
	if !l.changed && !counted {
		return
	}
	l.changed = false
	states := make([]FolderState, len(l.roots))
	for i, r := range l.roots {
		before := r.state
		r.state = l.state(r)
		states[i] = r.state
		if r.state.Mode == before.Mode && r.state.Reason == before.Reason {
			continue
		}
		if before.Mode == Degraded && r.state.Mode != Degraded {
			l.options.Log.Info("folder is back", event.FolderBack.Attr(), "folder", r.path)
		}
		switch r.state.Mode {
		case Watching:
			l.options.Log.Info("watching folder", append([]any{event.FolderWatched.Attr(), "folder", r.path, "on", r.state.Filesystem}, l.about(r)...)...)
		case Degraded:
			l.options.Log.Error("folder is degraded", event.FolderDegraded.Attr(), "folder", r.path, "reason", r.state.Reason)
		default:
			l.options.Log.Warn("folder is "+string(r.state.Mode), append([]any{event.FolderWatched.Attr(), "folder", r.path, "reason", r.state.Reason}, l.about(r)...)...)
		}
	}
	l.publish(states)
}

// state tells how r stands. While it is being looked through, that is as it
// was, unless it is gone.
func (l *loop) state(r *root) FolderState {
	s := FolderState{Folder: r.path, Mode: Watching, Files: r.files, Folders: r.folders, Arriving: r.arriving, Names: l.settler.names(r)}
	if r.top != nil {
		s.Filesystem, s.ID = r.top.on.name, r.id.String()
	}
	if r.before.Files > 0 { // not found again yet
		s.Files, s.ID = r.before.Files, r.before.ID
	}
	unheard := l.unheard(r)
	switch {
	case r.gone != "":
		s.Mode, s.Reason = Degraded, r.gone
	case r.scanning > 0 || r.canary.path != "":
		s.Mode, s.Reason = r.state.Mode, r.state.Reason
	case len(r.troubles) > 0:
		first := slices.Min(slices.Collect(maps.Keys(r.troubles)))
		s.Mode, s.Reason = Degraded, fmt.Sprintf("%s: make it readable for Burnish's user (%d such below the folder)", r.troubles[first], len(r.troubles))
	case unheard != "":
		s.Mode, s.Reason = Polling, fmt.Sprintf("%s; the folder is looked through every %s", unheard, r.PollInterval)
	}
	return s
}

// counts is the part of r's state that changes all the time.
type counts struct{ files, folders, arriving int }

func (r *root) counts() counts { return counts{r.files, r.folders, r.arriving} }

func (s FolderState) counts() counts { return counts{s.Files, s.Folders, s.Arriving} }

const asConfigured = "events are not to be relied upon, as configured"

// unheard tells why events do not suffice for r, or "".
func (l *loop) unheard(r *root) string {
	switch {
	case l.options.Once:
		return ""
	case r.Events == Never:
		return asConfigured
	case !l.source.on():
		return l.source.missing
	case r.unwatched != "":
		return r.unwatched
	case r.Events == Trust:
		return ""
	case r.remote != "":
		return r.remote
	}
	return r.canary.failure
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

// about is what the host has to say of a folder.
func (l *loop) about(r *root) []any {
	if l.options.About == nil {
		return nil
	}
	return l.options.About(r.path)
}
