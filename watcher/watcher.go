// Package watcher turns folders into files that have finished arriving.
//
// It watches each folder and everything below it, takes in what is already
// there at the start, and sends a file once its size, modification time and
// inode have been quiet for the settle period and the host's Complete agrees.
// Events only make it quick: a rescan finds whatever they missed, and a folder
// for which they are not to be had is polled.
//
// A state of a file (path, device, inode, size, times of modification and change,
// and access rights) is sent once; a file that changes later is sent again when it has
// settled again. A rename or a copy is a file of its own. What is ignored:
// temporary and system names (the built-in rules), what a folder's globs and depth
// rule out, symbolic links unless its policy follows them, and whatever is not
// a regular file. A watched folder itself may be a link.
//
// The package knows nothing of images and formats, of what becomes of a file,
// or of what was done before this process began. It opens and changes no file;
// to find out whether a folder's events arrive, it creates an empty one named
// .burnish-canary-* there and removes it at once.
package watcher

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/watcher/paths"
)

// File is a file that has finished arriving. It may be gone or changed again
// by the time it is looked at; a change is sent as another File.
type File struct {
	Root    string // the watched folder, absolute
	Path    string // below Root, absolute
	Size    int64  // bytes
	ModTime time.Time
	Settled time.Duration // from when it was first seen to when it was complete
}

// Options says what to watch and how.
type Options struct {
	// Folders are the watched folders. One may lie below another: its files
	// are then its own alone.
	Folders []Config

	// Exclude lists folders that are never entered, such as outputs and state.
	Exclude []string

	// Complete says whether a quiet file is whole, by its format. What stands
	// under its name may have changed again; it must not wait for it. It is called
	// from Run's loop, so it must be quick: read a few bytes, not the file. A
	// file that stays incomplete is sent after its folder's timeout, one for
	// which it fails is sent at once; the host reports what is wrong with them.
	// Nil means that quiet is enough.
	Complete func(File) (bool, error)

	// Once makes Run return when everything that is there has settled and was
	// sent. A file that keeps changing holds it open; for an incomplete one it
	// waits no more than ten settle periods.
	Once bool

	// Late lets folders be missing at the start: they are degraded until they
	// come. Of all of them one has to be there.
	Late bool

	// None permits that no folder is watched at first: Become may bring some.
	None bool

	// Before is what Folders returned in an earlier process. A watched folder
	// that had files then and is empty now, and not the same folder, is not
	// taken for emptied.
	Before []FolderState

	Rescan time.Duration // between looks through a watched folder; 0 means 5 minutes
	Log    *slog.Logger  // changes of a folder's state; nil is silent

	// About are further attributes of the line that says how a folder is watched;
	// nil: none.
	About func(folder string) []any
}

// Mode is how the files of a folder are found.
type Mode string

// The modes.
const (
	Starting Mode = "starting" // not yet looked through
	Watching Mode = "watching" // by events, and by a rescan now and then
	Polling  Mode = "polling"  // by looking through it again and again
	Degraded Mode = "degraded" // it, or a part of it, cannot be read
)

// FolderState is the state of one watched folder.
type FolderState struct {
	Folder     string `json:"folder"` // absolute
	Mode       Mode   `json:"mode"`
	Reason     string `json:"reason,omitempty"`     // why it is not watching, and the remedy; else empty
	Filesystem string `json:"filesystem,omitempty"` // that it lies on, where that is known
	ID         string `json:"id,omitempty"`         // tells it from another folder of the same name
	Files      int    `json:"files"`                // below it, as far as they are taken in; at first as of Before
	Folders    int    `json:"folders"`              // it and those below it
	Arriving   int    `json:"arriving"`             // files that have not yet settled

	Names []string `json:"arriving_names,omitempty"` // of some that arrive, as paths below the folder
}

// Watcher watches the folders of its Options while Run runs.
type Watcher struct {
	options Options
	roots   []rootPath
	exclude []string

	// What the system tells.
	now        func() time.Time
	filesystem func(path string) filesystem
	usage      func() (limit, others int)

	mu     sync.Mutex // guards what follows
	states []FolderState
	paused map[string]bool // by watched folder
	resend []string        // files that the host missed
	woken  chan struct{}   // paused or resend has changed

	changes chan *change
}

// rootPath is a watched folder by name.
type rootPath struct {
	config Config
	path   string // absolute, as the host named it
	real   string // with links resolved
}

// New checks the folders and returns a Watcher that is not yet running. It
// reports every fault at once.
func New(o Options) (*Watcher, error) {
	w := &Watcher{options: o.withDefaults(), now: time.Now, filesystem: filesystemOf, usage: usage, paused: map[string]bool{}, woken: make(chan struct{}, 1), changes: make(chan *change)}
	var faults []error
	if len(o.Folders) == 0 && !o.None {
		faults = append(faults, errors.New("no folder to watch"))
	}
	for _, path := range o.Exclude {
		abs, err := filepath.Abs(path)
		if err != nil {
			faults = append(faults, fmt.Errorf("excluded folder %q: %w", path, err))
			continue
		}
		w.exclude = append(w.exclude, abs, paths.Resolve(abs))
	}
	there := slices.ContainsFunc(o.Folders, func(c Config) bool { return checkFolder(c.Folder) == nil })
	for _, c := range o.Folders {
		if err := w.add(c, o.Late && there); err != nil {
			faults = append(faults, err)
		}
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	return w, nil
}

func (w *Watcher) add(c Config, late bool) error {
	c.SetDefaults()
	if err := diag.Check(c); err != nil && !(late && onlyMissing(err)) {
		return err
	}
	path, err := filepath.Abs(c.Folder)
	if err != nil {
		return fmt.Errorf("watched folder %q: %w", c.Folder, err)
	}
	r := rootPath{config: c, path: path, real: paths.Resolve(path)}
	for _, ex := range w.exclude {
		if paths.Within(r.path, ex) || paths.Within(r.real, ex) {
			return fmt.Errorf("watched folder %s lies in %s, where nothing is taken in: use another folder for one of them", path, ex)
		}
	}
	if i := slices.IndexFunc(w.roots, func(o rootPath) bool { return o.real == r.real }); i >= 0 {
		return fmt.Errorf("watched folder %s is the same as %s: name it once", path, w.roots[i].path)
	}
	w.roots = append(w.roots, r)
	s := FolderState{Folder: path, Mode: Starting}
	if i := slices.IndexFunc(w.options.Before, func(b FolderState) bool { return b.Folder == path }); i >= 0 {
		s.Files, s.ID = w.options.Before[i].Files, w.options.Before[i].ID
	}
	w.states = append(w.states, s)
	return nil
}

// Run sends finished files to out until ctx is cancelled, and then returns
// nil. It never closes out. A slow receiver delays files but loses none; the
// files of one folder come in the order they settled in, the folders by turns.
// One Run at a time; each begins afresh and sends what it finds.
//
// With Once it returns by itself: nil, or an error that names each folder that
// could not be read in full.
func (w *Watcher) Run(ctx context.Context, out chan<- File) error {
	return newLoop(w, out).run(ctx)
}

// Pause keeps the files of a watched folder back, or lets them come again, while
// those of others come. It may be called at any time; one file that Run is just
// about to send may come all the same.
func (w *Watcher) Pause(folder string, paused bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.paused[folder] == paused {
		return
	}
	w.paused[folder] = paused
	w.wake()
}

// Resend tells of a file that was sent and was not there when the host looked,
// such as that of a folder which is gone for a while. Where it is there, or is
// found again, it is sent again, even if its state is the one that was sent.
func (w *Watcher) Resend(path string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.resend = append(w.resend, path)
	w.wake()
}

// wake lets the loop look at what has changed.
func (w *Watcher) wake() {
	select {
	case w.woken <- struct{}{}:
	default:
	}
}

func (w *Watcher) takeResend() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	paths := w.resend
	w.resend = nil
	return paths
}

func (w *Watcher) isPaused(folder string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.paused[folder]
}

// Folders returns the state of every watched folder, in the order given.
func (w *Watcher) Folders() []FolderState {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.states)
}

func (w *Watcher) publish(states []FolderState) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.states = states
}

func (o Options) withDefaults() Options {
	if o.Rescan <= 0 {
		o.Rescan = 5 * time.Minute
	}
	if o.Complete == nil {
		o.Complete = func(File) (bool, error) { return true, nil }
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}
