//go:build !unix

package watcher

import "io/fs"

func stampOf(info fs.FileInfo) stamp {
	t := info.ModTime()
	return stamp{size: info.Size(), sec: t.Unix(), nsec: int32(t.Nanosecond()), mode: info.Mode()}
}
