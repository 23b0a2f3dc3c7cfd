package beneath

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// lacking says that the kernel has no openat2, or that a test wants none.
var lacking atomic.Bool

// openat2 resolves a path in the kernel. Absolute links that lead inside are not
// followed: the walk does that.
func openat2(dir int, rel string, links Links, flags int) (int, error) {
	if lacking.Load() {
		return -1, unix.ENOSYS
	}
	how := unix.OpenHow{Flags: uint64(flags | unix.O_CLOEXEC), Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_MAGICLINKS}
	if links == None {
		how.Flags |= unix.O_NOFOLLOW // O_PATH would open the link itself
		how.Resolve |= unix.RESOLVE_NO_SYMLINKS
	}
	for {
		fd, err := unix.Openat2(dir, rel, &how)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case errors.Is(err, unix.ENOSYS):
			lacking.Store(true)
		case err == nil && links == None && flags&unix.O_PATH != 0 && isLink(fd):
			unix.Close(fd)
			return -1, unix.ELOOP
		}
		return fd, err
	}
}

func openAt(dir int, name string, flags int) (int, error) {
	for {
		fd, err := unix.Openat(dir, name, flags|unix.O_CLOEXEC, 0)
		if !errors.Is(err, unix.EINTR) {
			return fd, err
		}
	}
}

func isLink(fd int) bool {
	var s unix.Stat_t
	return unix.Fstat(fd, &s) == nil && s.Mode&unix.S_IFMT == unix.S_IFLNK
}

// maxLinks is how many links one path may lead through, as in Linux.
const maxLinks = 40

// walk resolves one path, descriptor by descriptor. A link is read through a
// descriptor of its own, so that what is judged is what is followed.
type walk struct {
	folder  *Folder
	links   Links
	opened  []int  // the folders on the way, below the folder itself
	outside string // where a link of Inside has led to, above the folder; "" within
	follows int
}

func (w *walk) close() {
	for _, fd := range w.opened {
		unix.Close(fd)
	}
	w.opened = nil
}

// at is the folder that the walk has come to.
func (w *walk) at() int {
	if len(w.opened) == 0 {
		return w.folder.fd()
	}
	return w.opened[len(w.opened)-1]
}

// open resolves rel and opens what its last name stands for with these flags.
func (w *walk) open(rel string, flags int) (int, error) {
	names := strings.Split(rel, "/")
	for len(names) > 0 {
		name := names[0]
		names = names[1:]
		if name == "" || name == "." {
			continue
		}
		if name == ".." || w.outside != "" {
			if err := w.stray(name); err != nil {
				return -1, err
			}
			continue
		}
		last := !slices.ContainsFunc(names, func(n string) bool { return n != "" && n != "." })
		how := unix.O_PATH | unix.O_DIRECTORY
		if last {
			how = flags
		}
		fd, err := openAt(w.at(), name, how|unix.O_NOFOLLOW)
		if err == nil && last && how&unix.O_PATH != 0 && isLink(fd) {
			unix.Close(fd)
			err = unix.ELOOP
		}
		switch {
		case err == nil && last:
			return fd, nil
		case err == nil:
			w.opened = append(w.opened, fd)
		case errors.Is(err, unix.ELOOP) || errors.Is(err, unix.ENOTDIR):
			further, read := w.follow(name, err)
			if read != nil {
				return -1, read
			}
			names = append(further, names...)
		default:
			return -1, err
		}
	}
	if w.outside != "" {
		return -1, ErrOutside
	}
	// A link has led to a folder that is open already.
	return openAt(w.at(), ".", flags)
}

// stray takes a step that may lead out of the folder: with Inside it is only
// noted where to, for the path may come back.
func (w *walk) stray(name string) error {
	switch {
	case w.outside != "":
		w.outside = filepath.Join(w.outside, name)
	case w.links != Inside:
		fd, err := openAt(w.at(), "..", unix.O_PATH|unix.O_DIRECTORY)
		if err != nil {
			return err
		}
		w.opened = append(w.opened, fd)
		return nil
	case len(w.opened) > 0:
		unix.Close(w.at())
		w.opened = w.opened[:len(w.opened)-1]
		return nil
	default:
		top, err := w.top()
		if err != nil {
			return err
		}
		w.outside = filepath.Dir(top)
	}
	if top, err := w.top(); err == nil && w.outside == top {
		w.outside = ""
	}
	return nil
}

// top is where the folder itself lies, without links.
func (w *walk) top() (string, error) {
	if top, err := os.Readlink(w.folder.Handle()); err == nil {
		return top, nil
	}
	return filepath.EvalSymlinks(w.folder.path)
}

// follow is where the link of that name in the present folder leads, if it is one
// and may be followed. What is none is the error why it could not be opened.
func (w *walk) follow(name string, why error) ([]string, error) {
	link, err := openAt(w.at(), name, unix.O_PATH|unix.O_NOFOLLOW)
	if err != nil {
		return nil, err
	}
	defer unix.Close(link)
	var s unix.Stat_t
	if err := unix.Fstat(link, &s); err != nil {
		return nil, err
	}
	if s.Mode&unix.S_IFMT != unix.S_IFLNK {
		return nil, why
	}
	if !w.may(s.Uid) {
		return nil, fmt.Errorf("%s %w", name, ErrLink)
	}
	if w.follows++; w.follows > maxLinks {
		return nil, unix.ELOOP
	}
	target := make([]byte, unix.PathMax)
	n, err := unix.Readlinkat(link, "", target)
	if err != nil {
		return nil, err
	}
	return w.enter(string(target[:n]))
}

// enter is the rest of the way that a link's target gives.
func (w *walk) enter(target string) ([]string, error) {
	if filepath.IsAbs(target) {
		w.close()
		if w.links == Inside {
			w.outside = "/"
		} else {
			fd, err := openAt(unix.AT_FDCWD, "/", unix.O_PATH|unix.O_DIRECTORY)
			if err != nil {
				return nil, err
			}
			w.opened = append(w.opened, fd)
		}
	}
	return strings.Split(target, "/"), nil
}

// may reports whether a link of that owner is followed.
func (w *walk) may(owner uint32) bool {
	switch w.links {
	case None:
		return false
	case Trusted:
		return owner == 0 || owner == uint32(os.Geteuid()) || owner == w.folder.owner
	}
	return true
}
