//go:build unix

package watcher

import (
	"io/fs"
	"syscall"
)

func stampOf(info fs.FileInfo) stamp {
	t := info.ModTime()
	s := stamp{size: info.Size(), sec: t.Unix(), nsec: int32(t.Nanosecond()), mode: info.Mode()}
	if sys, ok := info.Sys().(*syscall.Stat_t); ok {
		s.identity = identity{dev: uint64(sys.Dev), ino: sys.Ino} //nolint:unconvert // Dev differs by system
		if at := touched(info); !at.IsZero() {
			s.changed = at.UnixNano()
		}
	}
	return s
}
