package watcher

import (
	"io/fs"
	"syscall"
	"time"
)

// touched is when a file's content, name or rights changed last. Unlike a
// modification time it can not be set, so that a copy tells when it was made. It
// is zero where nothing tells.
func touched(info fs.FileInfo) time.Time {
	if sys, ok := info.Sys().(*syscall.Stat_t); ok {
		return time.Unix(sys.Ctim.Unix())
	}
	return time.Time{}
}
