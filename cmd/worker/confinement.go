package worker

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/burnish-photo/burnish/cmd/worker/place"
	"github.com/burnish-photo/burnish/cmd/worker/sandbox"
	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/watcher/paths"
)

// confinement is what the worker process may use of the file system. A folder
// that is removed and made again, or mounted over, is another one to the
// kernel: then the process needs a new confinement.
type confinement struct {
	config *config.Config

	mu     sync.Mutex
	none   string              // why there is none, or ""
	abi    int                 // of Landlock
	proven bool                // a process has opened its engine within it
	places map[string]place.ID // of the configuration's folders, as they were
	mounts map[string]uint64   // that they lay on
	loose  map[string]bool     // of them, those whose inodes change by themselves
}

func confine(c *config.Config) *confinement {
	n := &confinement{config: c, loose: map[string]bool{}}
	if c.Worker.Sandbox == "off" {
		n.none = "worker.sandbox is off"
		return n
	}
	var err error
	if n.abi, err = sandbox.Version(); err != nil {
		n.none = err.Error()
	} else if n.abi < sandbox.Moves {
		n.none = "Landlock version 1 of this kernel would forbid to move files between folders"
	}
	return n
}

// String is one line for people.
func (n *confinement) String() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.none != "" {
		return "none: " + n.none
	}
	return fmt.Sprintf("Landlock, version %d", n.abi)
}

func (n *confinement) off() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.none != ""
}

// filtered reports whether the worker's system calls are to be filtered. They
// are where there is no Landlock, too.
func (n *confinement) filtered() bool { return n.config.Worker.Sandbox != "off" }

// arguments tell the worker how it is confined.
func (n *confinement) arguments() []string {
	if !n.filtered() {
		return nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	landlock := n.abi
	if n.none != "" {
		landlock = 0
	}
	return []string{"--filter", fmt.Sprintf("--landlock=%d", landlock)}
}

// untried reports whether there is a confinement and no process has started
// within it so far.
func (n *confinement) untried() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.none == "" && !n.proven
}

// lift ends an untried confinement for that reason, and reports whether it was
// one.
func (n *confinement) lift(why string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.none != "" || n.proven {
		return false
	}
	n.none = why
	return true
}

// restore takes lift back.
func (n *confinement) restore() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.none = ""
}

// prove notes that a process has started within the confinement.
func (n *confinement) prove() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.proven = n.none == ""
}

// enter confines the calling thread and what it starts. Where that fails, it is
// an error if a process has started within before; else the work goes on
// without, and String says why.
func (n *confinement) enter() error {
	if n.off() {
		return nil
	}
	// Links below these are the administrator's, such as a year's folder on
	// another disk. Below a watched folder they may be anybody's.
	own := n.written()
	n.prepare(own...)
	read, write := n.config.Paths()
	places, mounts := map[string]place.ID{}, map[string]uint64{}
	for _, folder := range slices.Concat(read, write) {
		p := place.At(folder)
		p.Drifts = place.Drifting(folder)
		places[folder], mounts[folder] = p, place.Mount(folder)
	}
	read, write = n.widened(read), n.widened(write)
	write = append(write, sandbox.WithLinks(own...)...)
	read = append(read, sandbox.WithLinks(n.config.Restore.Models)...)
	if library, err := filepath.Abs(n.config.Restore.Runtime.Path()); err == nil && n.config.Restore.Runtime.Path() != "" {
		read = append(read, sandbox.WithLinks(filepath.Dir(library))...)
	}
	rules := sandbox.System().With(sandbox.Rules{Read: read, Write: write})
	if !n.config.Restore.Device.CPUOnly() {
		rules = rules.With(sandbox.GPUs())
	}
	err := rules.Confine()
	n.mu.Lock()
	defer n.mu.Unlock()
	n.places, n.mounts = places, mounts
	if err != nil && n.proven {
		return fmt.Errorf("the sandbox of the worker process: %w", err)
	}
	if err != nil {
		n.none = err.Error()
	}
	return nil
}

// written are the configuration's folders that only Burnish writes to.
func (n *confinement) written() []string {
	folders := []string{n.config.StateDir}
	for _, w := range n.config.Watch {
		folders = append(folders, w.Output, w.OnSuccess.Move, w.OnQuarantine.Move)
	}
	return slices.DeleteFunc(folders, func(folder string) bool { return folder == "" })
}

// prepare makes folders that are to be written to, since the process cannot
// make what lies outside of them. Those below others it can make itself, once
// it has looked whether their disk is there. What goes wrong is told by the work.
func (n *confinement) prepare(folders ...string) {
	for _, folder := range folders {
		if slices.ContainsFunc(n.written(), func(above string) bool { return above != folder && paths.ResolvedWithin(folder, above) }) {
			continue
		}
		mode := os.FileMode(0o777)
		if folder == n.config.StateDir {
			mode = 0o700
		}
		_ = os.MkdirAll(folder, mode)
	}
}

// outdated names a folder of the job that is another than the process was
// confined to, or "". Those to be written to are made where they are gone.
func (n *confinement) outdated(j plugin.Job) string {
	if n.off() {
		return ""
	}
	made := []string{n.config.StateDir, j.Output, j.After.Move, j.Quarantine}
	for _, folder := range append(made, j.Root) {
		was, loose, known := n.was(folder)
		if !known {
			continue
		}
		now := place.At(folder)
		if now == (place.ID{}) && folder != j.Root {
			n.prepare(folder)
			now = place.At(folder)
		}
		switch {
		case now == (place.ID{}):
		case n.remounted(folder):
			return folder
		case now.Dev == was.Dev && now.Ino == was.Ino:
		case now.Dev != was.Dev || !was.Drifts:
			return folder
		case !loose: // then its whole mount is opened, and this was the last time
			n.loosen(folder)
			return folder
		}
	}
	return ""
}

// remounted reports whether the folder's disk was mounted anew.
func (n *confinement) remounted(folder string) bool {
	n.mu.Lock()
	was := n.mounts[folder]
	n.mu.Unlock()
	return was != 0 && was != place.Mount(folder)
}

// was is the folder as the process was confined to it. No lock is held while a
// file system is asked, which may take for ever.
func (n *confinement) was(folder string) (p place.ID, loose, known bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	p, known = n.places[folder]
	return p, n.loose[folder], known
}

// loosen opens the whole mount of folder to the next process, or nothing more
// where that is the whole file system: then the folder is not followed again if
// it is made anew, since nothing tells this from another look at the same.
func (n *confinement) loosen(folder string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.loose[folder] = true
}

// widened adds to folders whose inodes change by themselves the tops of their
// mounts, which do not.
func (n *confinement) widened(folders []string) []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, folder := range folders {
		if n.loose[folder] {
			folders = append(folders, place.Top(folder))
		}
	}
	return folders
}
