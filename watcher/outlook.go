package watcher

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
)

// Outlook is how a folder would be watched.
type Outlook struct {
	Folders    int    // to be watched, the folder itself included
	Partial    bool   // there are more, which were not counted
	Unreadable string // the first folder that cannot be listed, with the reason; "" where all can
	Polled     string // why the folder would be polled; "" where events suffice
}

// Foresee looks through a folder and tells how it would be watched. It changes
// nothing there, so whether events really arrive shows only when it is watched.
// The count stops when ctx ends.
func Foresee(ctx context.Context, c Config) (Outlook, error) {
	c.SetDefaults()
	root, err := filepath.EvalSymlinks(c.Folder)
	if err != nil {
		return Outlook{}, &FolderError{Folder: c.Folder, Err: err}
	}
	var o Outlook
	filter, remote := NewFilter(c), ""
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil && path == root {
			return &FolderError{Folder: c.Folder, Err: err}
		}
		if err != nil && o.Unreadable == "" && !errors.Is(err, fs.ErrNotExist) {
			o.Unreadable = err.Error()
		}
		if err != nil || !d.IsDir() {
			return nil
		}
		if ctx.Err() != nil {
			o.Partial = true
			return fs.SkipAll
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if path != root && filter.Why(rel, true) != "" {
			return fs.SkipDir
		}
		o.Folders++
		if on := filesystemOf(path); on.remote && remote == "" {
			remote = on.unheard(path)
		}
		return nil
	})
	switch {
	case c.Events == Never:
		o.Polled = asConfigured
	case c.Events == Auto && remote != "":
		o.Polled = remote
	default:
		o.Polled = tryEvents(root)
	}
	return o, err
}

// tryEvents asks for a folder's events, and tells why there are none.
func tryEvents(folder string) string {
	k, err := openKernel()
	if err != nil {
		return noNotifier(err)
	}
	defer k.Close()
	if err := k.Add(folder); err != nil {
		return noWatch(folder, err)
	}
	return ""
}

// Filesystem names the kind of file system that a path lies on, such as ext4; ""
// where that cannot be told.
func Filesystem(path string) string { return filesystemOf(path).name }

// WatchLimit is the kernel's limit of watched folders for this process's user.
type WatchLimit struct {
	Watches int // fs.inotify.max_user_watches; 0 where there is none
	Held    int // by the user's other programs, as far as they can be seen
}

// ReadWatchLimit asks the kernel.
func ReadWatchLimit() WatchLimit {
	var l WatchLimit
	l.Watches, l.Held = usage()
	return l
}

// Short tells what to do where so many folders cannot be watched besides; "" where
// they can. A tenth of the limit is left to other programs.
func (l WatchLimit) Short(folders int) string {
	q := quota{limit: l.Watches, others: l.Held}
	if l.Watches == 0 || q.spare() >= folders {
		return ""
	}
	return raise("max_user_watches", max(524288, 2*(folders+l.Held)))
}

func (l WatchLimit) String() string {
	if l.Watches == 0 {
		return "no limit is known"
	}
	return fmt.Sprintf("%d watches, of which other programs of this user hold %d", l.Watches, l.Held)
}
