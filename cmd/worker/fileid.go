package worker

import (
	"os"
	"path/filepath"
	"syscall"
)

// place tells a folder from another of its name; it is zero where there is none.
type place struct {
	dev, ino uint64
	drifts   bool // the file system may give the same folder another ino; enter alone asks
}

func placeOf(path string) place {
	info, err := os.Stat(path)
	if err != nil {
		return place{}
	}
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return place{}
	}
	return place{dev: s.Dev, ino: s.Ino}
}

// drifting reports whether path lies on a file system that makes its inodes up
// as they are looked at, and may forget them in between.
func drifting(path string) bool {
	var s syscall.Statfs_t
	if syscall.Statfs(path, &s) != nil {
		return false
	}
	switch uint32(s.Type) {
	case 0x65735546, 0xff534d42, 0xfe534d42, 0x517b, 0x01021997, 0x786f4256: // FUSE, CIFS, SMB 2, SMB, 9P, VirtualBox
		return true
	}
	return false
}

// topOf is the top of the mount that folder lies on, or folder itself where
// that would be the whole file system.
func topOf(folder string) string {
	top, err := filepath.EvalSymlinks(folder)
	if err != nil {
		return folder
	}
	for dev := placeOf(top).dev; ; top = filepath.Dir(top) {
		above := filepath.Dir(top)
		if above == top {
			return folder
		}
		if placeOf(above).dev != dev {
			return top
		}
	}
}
