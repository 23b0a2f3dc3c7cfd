// Package crash keeps what a process wrote to standard error before it died, in
// a bounded number of files. It knows no worker and no daemon.
package crash

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Bounds of the dumps.
const (
	maxDumps = 10
	headSize = 64 << 10  // bytes of the beginning of what was written
	tailSize = 192 << 10 // bytes of its end
)

// Folder is where the dumps of a state folder are.
func Folder(stateDir string) string { return filepath.Join(stateDir, "crashes") }

// Save writes a dump into a state folder's folder of dumps, removes the oldest
// ones above the bound, and returns the file.
func Save(stateDir, about, text string, now time.Time, pid int) (string, error) {
	folder := Folder(stateDir)
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return "", err
	}
	file := filepath.Join(folder, fmt.Sprintf("%s-%d.txt", now.UTC().Format("20060102T150405.000Z"), pid))
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
	if err != nil {
		return "", err
	}
	_, err = f.WriteString(about + "\n\n" + text)
	if err = errors.Join(err, f.Close()); err != nil {
		return "", errors.Join(err, os.Remove(file))
	}
	return file, prune(folder)
}

func prune(folder string) error {
	all, err := os.ReadDir(folder) // by name, and so by time
	all = slices.DeleteFunc(all, func(e os.DirEntry) bool { return filepath.Ext(e.Name()) != ".txt" })
	for _, old := range all[:max(0, len(all)-maxDumps)] {
		err = errors.Join(err, os.Remove(filepath.Join(folder, old.Name())))
	}
	return err
}

// Cause is the line of a dump that tells most: the first that looks like a
// cause of death, else the last one.
func Cause(text string) string {
	last := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case begins(line):
			return bounded(line)
		case line != "":
			last = line
		}
	}
	return bounded(last)
}

func bounded(line string) string {
	const most = 300
	return strings.ToValidUTF8(line[:min(len(line), most)], "")
}

// beginnings are how runtimes begin to say what killed a process.
var beginnings = []string{
	"panic: ", "fatal error: ", "SIGSEGV", "SIGABRT", "SIGBUS", "SIGILL", "SIGFPE", "SIGTRAP", "SIGQUIT", "SIGSYS", "runtime: ", "unexpected fault address",
	"terminate called", "double free", "free(): ", "malloc(): ", "corrupted ", "munmap_chunk", "*** stack smashing",
}

func begins(line string) bool {
	return slices.ContainsFunc(beginnings, func(b string) bool { return strings.HasPrefix(line, b) })
}
