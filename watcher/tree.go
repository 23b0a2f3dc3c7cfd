package watcher

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/burnish-photo/burnish/watcher/paths"
)

// folder is one folder that is looked into, with what was found in it.
type folder struct {
	path    string
	real    string // with links resolved
	level   int    // 1 at the top
	root    *root
	parent  *folder // nil at the top
	id      identity
	on      filesystem
	watched bool
	folders map[string]*folder // by name
	files   map[string]*entry  // by name
	listing bool               // waits to be listed
	dropped bool               // no longer part of the tree
	twin    string             // another path of the same folder, told of in the log
}

func (l *loop) newFolder(r *root, parent *folder, path string, id identity) *folder {
	f := &folder{path: path, real: r.real, level: 1, root: r, parent: parent, folders: map[string]*folder{}, files: map[string]*entry{}}
	if parent != nil {
		f.real, f.level = parent.below(filepath.Base(path)), parent.level+1
	}
	l.folders.add(f, id)
	r.folders++
	return f
}

// below is the path of what stands under a name in f, with links resolved.
func (f *folder) below(name string) string {
	at := filepath.Join(f.real, name)
	if f.root.Links == SkipLinks {
		return at
	}
	return paths.Resolve(at)
}

// takes reports whether what stands under a name in f is taken in.
func (f *folder) takes(name string, dir bool) bool {
	return f.root.filter.takes(strings.TrimPrefix(f.path[len(f.root.path):], string(filepath.Separator)), name, dir)
}

// listNext lists the folder that has waited longest.
func (l *loop) listNext(now time.Time) {
	f := l.toList.pop()
	if f == nil {
		return
	}
	if !f.dropped {
		l.list(f, now)
	}
	if f.root.scanning == 0 {
		l.listed(f.root, now)
	}
}

// list watches f first and reads it then, so that nothing falls in between.
// Whatever is missing from it is forgotten, folders in it are listed in turn.
func (l *loop) list(f *folder, now time.Time) {
	f.on = l.filesystemOf(f)
	l.watch(f)
	found, err := os.ReadDir(f.path)
	if err != nil {
		l.unreadable(f, err)
		return
	}
	delete(f.root.troubles, f.path)
	if f.parent == nil && l.emptied(f.root, len(found)) {
		return
	}
	seen := make(map[string]bool, len(found))
	for _, d := range found {
		name := d.Name()
		if isCanary(name) {
			sweepCanary(filepath.Join(f.path, name), d, now)
		}
		if link := d.Type()&fs.ModeSymlink != 0; !f.takes(name, d.IsDir()) && (!link || !f.takes(name, true)) {
			continue
		}
		info, ok, err := l.lookAt(f, filepath.Join(f.path, name))
		if errors.Is(err, fs.ErrNotExist) || err == nil && !ok {
			continue
		}
		seen[name] = true
		if err != nil {
			f.root.trouble(filepath.Join(f.path, name), err)
			continue
		}
		l.found(f, name, info, now)
	}
	l.forgetUnseen(f, seen)
}

func (l *loop) forgetUnseen(f *folder, seen map[string]bool) {
	var gone []string
	for name := range f.files {
		if !seen[name] {
			gone = append(gone, name)
		}
	}
	for name := range f.folders {
		if !seen[name] {
			gone = append(gone, name)
		}
	}
	if len(gone) > 0 && l.present(f.root) {
		for _, name := range gone {
			l.forget(f, name)
		}
	}
}

// filesystemOf tells what file system f is on, and notes one that others can change
// unheard. Only where another begins is the system asked.
func (l *loop) filesystemOf(f *folder) filesystem {
	if f.parent != nil && f.parent.id.dev == f.id.dev {
		return f.parent.on
	}
	on := l.filesystem(f.path)
	if on.remote && f.root.remote == "" {
		f.root.remote = on.unheard(f.path)
	}
	return on
}

// unheard says that events of a folder on a remote file system do not suffice.
func (f filesystem) unheard(folder string) string {
	return fmt.Sprintf("%s is on %s, where not every change is told of", folder, f.name)
}

// watch asks for f's events, or notes why there are none.
func (l *loop) watch(f *folder) {
	if !l.source.on() || f.root.Events == Never {
		return
	}
	if why := l.source.watch(f); why != "" {
		f.root.unwatched = why
		l.changed = true
	}
}

func (l *loop) unreadable(f *folder, err error) {
	present := l.present(f.root)
	switch {
	case f.parent == nil:
		if f.root.gone == "" {
			l.lose(f.root, "the folder cannot be read: "+err.Error())
		}
	case !present:
	case errors.Is(err, fs.ErrNotExist):
		l.forget(f.parent, filepath.Base(f.path))
	default:
		f.root.trouble(f.path, err)
		l.changed = true
	}
}

// found takes in what stands under a name in f.
func (l *loop) found(f *folder, name string, info fs.FileInfo, now time.Time) {
	switch {
	case !f.takes(name, info.IsDir()):
		l.forget(f, name)
	case info.IsDir():
		l.foundFolder(f, name, stampOf(info).identity)
	case info.Mode().IsRegular():
		l.foundFile(f, name, stampOf(info), now)
	default:
		l.forget(f, name)
	}
}

func (l *loop) foundFile(f *folder, name string, st stamp, now time.Time) {
	if c := f.folders[name]; c != nil {
		l.forgetFolder(c)
	}
	e := f.files[name]
	if e == nil {
		name = strings.Clone(name) // of an event it is a part of the path
		e = &entry{name: name, root: f.root, folder: f}
		f.files[name] = e
		f.root.files++
	}
	if l.settler.observe(e, now, st) {
		l.confirmed = false
	}
}

func (l *loop) foundFolder(f *folder, name string, id identity) {
	if e := f.files[name]; e != nil {
		l.forgetFile(e)
	}
	path := filepath.Join(f.path, name)
	if f.root.Depth > 0 && f.level >= f.root.Depth || l.excluded(f.root, path, f.below(name)) {
		return
	}
	c := f.folders[name]
	if c != nil && c.id != id {
		l.forgetFolder(c)
		c = nil
	}
	if c == nil {
		if other := l.folders.byIdentity[id]; other != nil && !l.movedAway(other, path) {
			return
		}
		c = l.newFolder(f.root, f, path, id)
		f.folders[name] = c
	}
	l.toList.push(c)
}

// movedAway forgets a folder that was found under another path now, because
// an event source keeps one path for each. It reports false for a folder that
// is in both places, as a bind mount is: that one keeps its first path.
func (l *loop) movedAway(f *folder, path string) bool {
	if info, err := os.Stat(f.path); err == nil && stampOf(info).identity == f.id {
		if f.twin != path {
			f.twin = path
			l.options.Log.Warn("directory reachable by two paths", "folder", f.path, "also", path)
		}
		return false
	}
	if f.parent == nil {
		return true // a watched folder was moved into another; its own state tells
	}
	l.forgetFolder(f)
	return true
}

// excluded reports whether a folder is never entered: by the host's word, or
// because it is watched for itself.
func (l *loop) excluded(r *root, path, real string) bool {
	if slices.Contains(l.exclude, path) || slices.Contains(l.exclude, real) {
		return true
	}
	return slices.ContainsFunc(l.roots, func(o *root) bool { return o != r && o.real == real })
}

// forget drops what stood under a name in f.
func (l *loop) forget(f *folder, name string) {
	if e := f.files[name]; e != nil {
		l.forgetFile(e)
	}
	if c := f.folders[name]; c != nil {
		l.forgetFolder(c)
	}
}

func (l *loop) forgetFile(e *entry) {
	l.drop(e)
	delete(e.folder.files, e.name)
}

func (l *loop) drop(e *entry) {
	if e.phase != forgotten {
		e.root.files--
	}
	l.settler.leave(e, forgotten)
}

func (l *loop) forgetFolder(f *folder) {
	for _, c := range f.folders {
		l.forgetFolder(c)
	}
	for _, e := range f.files {
		l.drop(e)
	}
	l.source.unwatch(f)
	f.root.folders--
	l.folders.remove(f)
	delete(f.root.troubles, f.path)
	delete(f.parent.folders, filepath.Base(f.path))
	f.dropped = true
}
