// Package place tells a folder from another that takes its name: made anew,
// mounted anew, or mounted over.
package place

import (
	"os"
	"path/filepath"
	"syscall"
)

// ID tells a folder from another of its name; it is zero where there is none.
type ID struct {
	Dev, Ino uint64
	Drifts   bool // the file system may give the same folder another Ino; [At] does not ask
}

// At is the folder that has the name now; the zero ID where there is none.
func At(path string) ID {
	info, err := os.Stat(path)
	if err != nil {
		return ID{}
	}
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return ID{}
	}
	return ID{Dev: s.Dev, Ino: s.Ino}
}

// Drifting reports whether path lies on a file system that makes its inodes up
// as they are looked at, and may forget them in between.
func Drifting(path string) bool {
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

// Top is the top of the mount that folder lies on, or folder itself where
// that would be the whole file system.
func Top(folder string) string {
	top, err := filepath.EvalSymlinks(folder)
	if err != nil {
		return folder
	}
	for dev := At(top).Dev; ; top = filepath.Dir(top) {
		above := filepath.Dir(top)
		if above == top {
			return folder
		}
		if At(above).Dev != dev {
			return top
		}
	}
}
