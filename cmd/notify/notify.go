// Package notify tells people and programs of what the daemon's log tells of:
// photos in quarantine, degraded folders, finished batches, a worker that keeps
// crashing, a full disk. Messages go to e-mail, to a command, and to webhooks.
//
// Events of a kind are folded: there is one message in an interval, with their
// number and some names. Messages wait as files in the state folder until they
// are delivered, so that each arrives at least once. Hearing of an event takes
// no time, and no photo waits for a message. The package knows no daemon: it
// hears events of package logging.
package notify

import (
	"context"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"github.com/burnish-photo/burnish/cmd/logging"
	"github.com/burnish-photo/burnish/ops/event"
)

// Groups of events that a configuration names.
const (
	Quarantine = "quarantine"
	Folder     = "folder"
	Batch      = "batch"
	Crash      = "crash"
	Disk       = "disk"
	Library    = "library"
)

// Groups are all of them.
var Groups = []string{Quarantine, Folder, Batch, Crash, Disk, Library}

// groups are the kinds of events that are told of. Crashing stands for several
// crashes.
var groups = map[event.Kind]string{
	event.PhotoQuarantined: Quarantine,
	event.FolderDegraded:   Folder, event.FolderBack: Folder, event.BreakerOpened: Folder, event.BreakerClosed: Folder,
	event.BatchFinished: Batch,
	event.WorkerCrashed: Crash, event.WorkerFailed: Crash,
	event.DiskLow: Disk, event.DiskOK: Disk,
	event.LibraryDamaged: Library,
}

// opposites are kinds that end what another began, in the same folder.
var opposites = map[event.Kind]event.Kind{
	event.FolderDegraded: event.FolderBack, event.FolderBack: event.FolderDegraded,
	event.BreakerOpened: event.BreakerClosed, event.BreakerClosed: event.BreakerOpened,
	event.DiskLow: event.DiskOK, event.DiskOK: event.DiskLow,
}

// Folders that messages wait in, the first one in the state folder.
const (
	spoolFolder   = "notifications"
	pendingFolder = "pending"
)

// Options are what a Notifier is made with.
type Options struct {
	StateDir string
	Version  string // of Burnish
	Host     string // this machine's name
	Log      *slog.Logger
}

// Notifier folds events into messages and delivers them.
type Notifier struct {
	options Options

	// writing is held while messages are written, and before mu where both are:
	// Hear waits for no disk.
	writing sync.Mutex

	mu      sync.Mutex
	config  Config
	folds   map[event.Kind]*fold
	crashes []time.Time // of the worker, of late
	outlets []*outlet
	used    bool // by a configuration: what an earlier daemon has left is taken up
	between bool // two configurations: no message is handed over
	closed  bool
}

// New is a notifier that tells nobody until Use.
func New(o Options) *Notifier {
	return &Notifier{options: o, folds: map[event.Kind]*fold{}}
}

// Use goes on with a configuration. Messages that wait for receivers which it
// no longer names are dropped.
func (n *Notifier) Use(c Config) {
	n.mu.Lock()
	if n.closed {
		n.mu.Unlock()
		return
	}
	old, first := n.outlets, !n.used
	n.config, n.outlets, n.used, n.between = c, nil, true, true
	n.mu.Unlock()
	for _, o := range old {
		o.close()
	}
	var outlets []*outlet
	names := map[string]bool{pendingFolder: true}
	for _, t := range c.targets {
		s := spool{folder: filepath.Join(n.options.StateDir, spoolFolder, t.id)}
		names[t.id] = true
		outlets = append(outlets, newOutlet(t, s, n.options.Log))
	}
	dropOthers(filepath.Join(n.options.StateDir, spoolFolder), names, n.options.Log)
	n.writing.Lock()
	defer n.writing.Unlock()
	n.mu.Lock()
	n.outlets, n.between = outlets, false
	n.mu.Unlock()
	if !first {
		return // what is pending is that of the folds
	}
	for _, m := range n.pending().take() {
		n.put(outlets, m)
	}
}

// pending are messages that gathered events when the daemon was killed.
func (n *Notifier) pending() spool {
	return spool{filepath.Join(n.options.StateDir, spoolFolder, pendingFolder)}
}

// put hands a message to the outlets that want it.
func (n *Notifier) put(outlets []*outlet, m Message) {
	for _, o := range outlets {
		if o.target.wants(groups[m.Type]) {
			o.put(m)
		}
	}
}

// crashLoop is how many crashes of the worker within crashWithin are told of.
const (
	crashLoop   = 3
	crashWithin = 10 * time.Minute
)

// Hear takes note of an event. It does not wait and does not log.
func (n *Notifier) Hear(e logging.Event) {
	group := groups[e.Kind]
	if group == "" {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed || len(n.config.targets) == 0 || !n.wanted(e, group) {
		return
	}
	item := itemOf(e)
	if other := n.folds[opposites[e.Kind]]; other != nil && other.forget(item.Folder) {
		n.saveSoon(opposites[e.Kind], other)
		return // what was not told of has passed
	}
	f := n.folds[e.Kind]
	if f == nil {
		f = &fold{}
		n.folds[e.Kind] = f
	}
	f.add(item, e.Time)
	if f.due == nil {
		wait := max(gather, time.Until(f.sent.Add(n.config.interval)))
		f.due = time.AfterFunc(wait, func() { n.send(e.Kind) })
	}
	n.saveSoon(e.Kind, f)
}

// saveSoon has what is folded written down. n.mu is held.
func (n *Notifier) saveSoon(kind event.Kind, f *fold) {
	if f.save == nil {
		f.save = time.AfterFunc(saveAfter, func() { n.savePending(kind) })
	}
}

// saveAfter is how long an event may be in memory alone.
const saveAfter = time.Second

// savePending writes what is folded down, in case the daemon is killed.
func (n *Notifier) savePending(kind event.Kind) {
	n.writing.Lock() // the file is that of the fold
	defer n.writing.Unlock()
	n.mu.Lock()
	f := n.folds[kind]
	f.save = nil
	gone := f.due == nil || n.closed
	m := f.message(kind, n.options)
	n.mu.Unlock()
	if gone {
		return
	}
	if m != nil {
		_ = n.pending().write(string(kind), *m) // at worst it is lost with the daemon
	} else {
		n.pending().remove(string(kind))
	}
}

// wanted reports whether an event matters enough. n.mu is held.
func (n *Notifier) wanted(e logging.Event, group string) bool {
	switch {
	case e.Kind == event.BatchFinished:
		return number(e, "photos") >= n.config.batch
	case e.Kind == event.WorkerCrashed:
		n.crashes = append(n.crashes, e.Time)
		for e.Time.Sub(n.crashes[0]) > crashWithin {
			n.crashes = n.crashes[1:]
		}
		return len(n.crashes) >= crashLoop
	}
	return true
}

// send makes a message of what is folded.
func (n *Notifier) send(kind event.Kind) {
	n.writing.Lock()
	defer n.writing.Unlock()
	n.mu.Lock()
	if n.closed || n.between {
		if !n.closed {
			n.folds[kind].due.Reset(gather)
		}
		n.mu.Unlock()
		return
	}
	m, outlets := n.taken(kind), n.outlets
	n.mu.Unlock()
	n.flush(kind, m, outlets)
}

// taken is the message of what is folded, which begins anew; nil for none. n.mu
// is held.
func (n *Notifier) taken(kind event.Kind) *Message {
	f := n.folds[kind]
	m := f.message(kind, n.options)
	f.reset(time.Now())
	return m
}

// flush hands a kind's message to the outlets. n.writing is held.
func (n *Notifier) flush(kind event.Kind, m *Message, outlets []*outlet) {
	if m != nil {
		n.put(outlets, *m)
	}
	n.pending().remove(string(kind))
}

// Close makes messages of what is folded, delivers until ctx ends, and leaves the
// rest in the state folder for the next start.
func (n *Notifier) Close(ctx context.Context) {
	n.writing.Lock()
	n.mu.Lock()
	n.closed = true
	last, outlets := map[event.Kind]*Message{}, n.outlets
	for kind, f := range n.folds {
		if f.due != nil {
			f.due.Stop()
			last[kind] = n.taken(kind)
		}
	}
	n.mu.Unlock()
	for kind, m := range last {
		n.flush(kind, m, outlets)
	}
	n.writing.Unlock()
	for _, o := range outlets {
		o.drain(ctx)
	}
	for _, o := range outlets {
		o.close()
	}
}
