package cmd

import (
	"crypto/sha256"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/watcher"
	"github.com/burnish-photo/burnish/watcher/paths"
)

// file is one that a command line names, or that lies below a folder which it
// names.
type file struct {
	path, root string
	named      bool
	shown      string // in messages, in place of its path; "" for the path
	ignored    string // why a watched folder would not take it in; only where it is named
}

// within is the folder that a job finds the file below: none where it is named,
// for links in its path are meant then.
func (f file) within() string {
	if f.named {
		return ""
	}
	return f.root
}

// found is what lies below the paths of a command line.
type found struct {
	unread  []*plugin.Error // folders that cannot be looked into
	ignored int             // files and folders passed over by their names
}

// walk takes the regular files below the paths, each once, except in the folders
// of outputs, those of watched folders among them. Of watched folders the filter holds, of others that of a
// folder without patterns. Links are followed where they are named, and in watched
// folders as these do. It ends where take is false.
func walk(paths []string, watch []config.Watch, output string, take func(file) bool) (found, error) {
	l := looking{take: take, entered: map[string]bool{}}
	if len(paths) > 1 || slices.ContainsFunc(watch, func(w config.Watch) bool { return w.Links != watcher.SkipLinks }) {
		l.seen = map[[sha256.Size]byte]bool{} // one file may be found twice
	}
	if output != "" {
		l.outputs = append(l.outputs, output)
	}
	for _, w := range watch {
		l.outputs = append(l.outputs, w.Output)
		l.watched = append(l.watched, filtered{w.Folder, watcher.NewFilter(w.Config), w.Links})
	}
	for _, named := range paths {
		if l.ended {
			break
		}
		info, err := os.Stat(named)
		if err != nil || !info.IsDir() {
			why := l.why(named, named, filepath.Dir(named), false)
			l.add(file{path: named, root: filepath.Dir(named), named: true, ignored: why}) // the engine says what is wrong with it
			continue
		}
		root, err := filepath.EvalSymlinks(named)
		if err != nil {
			return found{}, err
		}
		l.walk(root)
	}
	return l.found, nil
}

type looking struct {
	found
	watched []filtered
	outputs []string                   // folders, absolute
	seen    map[[sha256.Size]byte]bool // digests of absolute paths; nil: no file can be found twice
	take    func(file) bool
	ended   bool // take wants no more
	last    lastLooked
	entered map[string]bool // folders that links led to
}

// filtered is a watched folder and what it takes in.
type filtered struct {
	folder string
	filter watcher.Filter
	links  watcher.Links // that it follows
}

func (l *looking) add(f file) {
	if l.seen != nil {
		absolute, err := filepath.Abs(f.path)
		key := sha256.Sum256([]byte(absolute))
		if err != nil || l.seen[key] {
			return
		}
		l.seen[key] = true
	}
	l.ended = l.ended || !l.take(f)
}

func (l *looking) walk(root string) {
	_ = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case l.ended:
			return filepath.SkipAll
		case err != nil:
			l.unread = append(l.unread, &plugin.Error{Path: path, Kind: plugin.Unreadable, Err: err, Hint: "check its permissions"})
			return nil // one bad folder does not end the walk
		case path == root:
			return nil
		case d.IsDir() && slices.ContainsFunc(l.outputs, func(o string) bool { return inside(path, o) }):
			return filepath.SkipDir // our own outputs
		}
		holder := path
		if !d.IsDir() {
			holder = filepath.Dir(path) // neither is a link on the way there
		}
		if why := l.why(path, holder, root, d.IsDir()); why != "" {
			l.ignored++
			if d.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		switch {
		case d.Type().IsRegular():
			l.add(file{path: path, root: root})
		case d.Type()&fs.ModeSymlink != 0:
			l.follow(path, root)
		}
		return nil
	})
}

// follow takes in what a link in a watched folder leads to, as far as that folder
// follows links.
func (l *looking) follow(link, root string) {
	w, ok := l.watchedFolder(filepath.Dir(link))
	target, err := filepath.EvalSymlinks(link)
	if err != nil || !ok || w.links == watcher.SkipLinks || w.links == watcher.InsideLinks && !inside(target, w.folder) {
		return
	}
	info, err := os.Stat(target)
	if err != nil {
		return
	}
	if info.Mode().IsRegular() {
		l.add(file{path: link, root: root})
		return
	}
	if !info.IsDir() || l.entered[target] || inside(link, target) {
		return // or it would lead around for ever
	}
	l.entered[target] = true
	entries, err := os.ReadDir(target)
	if err != nil {
		l.unread = append(l.unread, &plugin.Error{Path: link, Kind: plugin.Unreadable, Err: err, Hint: "check its permissions"})
	}
	for _, e := range entries {
		l.below(filepath.Join(link, e.Name()), root, e)
	}
}

// below takes in what lies in a folder that a link led to.
func (l *looking) below(path, root string, d fs.DirEntry) {
	switch {
	case l.why(path, path, root, d.IsDir()) != "":
		l.ignored++
	case d.Type().IsRegular():
		l.add(file{path: path, root: root})
	case d.Type()&fs.ModeSymlink != 0:
		l.follow(path, root)
	case d.IsDir():
		entries, _ := os.ReadDir(path) // the daemon tells of one that it may not read
		for _, e := range entries {
			l.below(filepath.Join(path, e.Name()), root, e)
		}
	}
}

// plainFilter is that of a folder without patterns.
var plainFilter = watcher.NewFilter(watcher.Config{})

// watchedFolder is the watched folder that a path lies in, by its name.
func (l *looking) watchedFolder(path string) (filtered, bool) {
	if l.last.path != path || path == "" { // files of a folder come one after the other
		l.last = lastLooked{path: path, at: -1}
		for i, w := range l.watched {
			if named(path, w.folder) {
				l.last.at = i
			}
		}
	}
	if l.last.at < 0 {
		return filtered{}, false
	}
	return l.watched[l.last.at], true
}

// lastLooked is the answer of watchedFolder of the path before: an index, or -1.
type lastLooked struct {
	path string
	at   int
}

// named reports whether a path lies in a folder by its name, whatever links lead
// to, or else inside it.
func named(path, folder string) bool {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return false
	}
	real, err := filepath.EvalSymlinks(folder)
	if err != nil {
		real = folder
	}
	return paths.Within(absolute, folder) || paths.Within(absolute, real) || inside(path, folder)
}

// why is the reason for which the watched folder that holds path, and holder, or
// else one at root, does not take it in.
func (l *looking) why(path, holder, root string, dir bool) string {
	top := filtered{folder: root, filter: plainFilter}
	if w, ok := l.watchedFolder(holder); ok {
		top = w
	}
	folder, err := filepath.Abs(top.folder)
	if err != nil {
		return ""
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return ""
	}
	rel, err := filepath.Rel(folder, absolute)
	if err != nil || rel == "." {
		return ""
	}
	return top.filter.Why(rel, dir)
}

// inside reports whether path is folder or lies in it.
func inside(path, folder string) bool {
	absolute, err := filepath.Abs(path)
	return err == nil && paths.ResolvedWithin(absolute, folder)
}
