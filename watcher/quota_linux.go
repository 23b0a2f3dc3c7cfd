package watcher

import (
	"bufio"
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// usage reads the limit of inotify watches for each user and how many the
// user's other programs hold. What cannot be read counts as none.
func usage() (limit, others int) {
	b, err := os.ReadFile("/proc/sys/fs/inotify/max_user_watches")
	if err != nil {
		return 0, 0
	}
	if limit, err = strconv.Atoi(strings.TrimSpace(string(b))); err != nil {
		return 0, 0
	}
	processes, _ := filepath.Glob("/proc/[0-9]*")
	self := strconv.Itoa(os.Getpid())
	for _, p := range processes {
		info, err := os.Stat(p)
		if filepath.Base(p) == self || err != nil || !owned(info) {
			continue
		}
		others += watchesOf(p)
	}
	return limit, others
}

// watchesOf counts the inotify watches of a process by its folder in /proc.
func watchesOf(process string) (n int) {
	files, err := os.ReadDir(process + "/fd")
	if err != nil {
		return 0
	}
	for _, f := range files {
		if target, err := os.Readlink(process + "/fd/" + f.Name()); err != nil || target != "anon_inode:inotify" {
			continue
		}
		info, err := os.Open(process + "/fdinfo/" + f.Name())
		if err != nil {
			continue
		}
		for lines := bufio.NewScanner(info); lines.Scan(); {
			if bytes.HasPrefix(lines.Bytes(), []byte("inotify ")) {
				n++
			}
		}
		info.Close()
	}
	return n
}

// owned reports whether what info tells of is this user's.
func owned(info fs.FileInfo) bool {
	s, ok := info.Sys().(*syscall.Stat_t)
	return ok && s.Uid == uint32(os.Geteuid())
}
