package watcher

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	canaryPrefix = ".burnish-canary-"
	canarySuffix = ".tmp"
	canaryWait   = 10 * time.Second // for the canary's event, which may stand behind many others
	canaryAgain  = 5 * time.Minute  // until another try, where it was not heard
)

// canary is a watched folder's self-test that its events arrive: an empty file
// whose creation must be told.
type canary struct {
	path    string    // of the one under way, "" without
	due     time.Time // when it counts as not heard
	again   time.Time // not before: another try
	heard   bool      // since the folder was watched last
	failure string    // why events do not arrive, or ""
}

// startCanary begins to look whether r's events arrive. Where nothing may be
// created, the kind of file system decides alone.
func (l *loop) startCanary(r *root, now time.Time) {
	c := &r.canary
	if !l.source.on() || l.options.Once || r.Events != Auto || c.heard || c.path != "" || now.Before(c.again) {
		return
	}
	path := filepath.Join(r.path, fmt.Sprintf("%s%d-%08x%s", canaryPrefix, os.Getpid(), rand.Uint32(), canarySuffix))
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		l.options.Log.Debug("event self-test skipped: nothing can be created in the folder", "folder", r.path, "error", err)
		c.heard, c.failure = true, ""
		return
	}
	c.path, c.due = path, now.Add(canaryWait)
	if err := errors.Join(f.Close(), os.Remove(path)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		l.options.Log.Warn("cannot remove the file of the event self-test", "file", path, "error", err)
	}
}

// isCanary reports whether a name is that of a canary, of any process.
func isCanary(name string) bool {
	return strings.HasPrefix(name, canaryPrefix) && strings.HasSuffix(name, canarySuffix)
}

// onCanary takes in an event of a canary.
func (l *loop) onCanary(path string) {
	for _, r := range l.roots {
		if r.canary.path == path {
			r.canary = canary{heard: true}
			l.changed = true
		}
	}
}

// expireCanaries notes the canaries that were not heard in time.
func (l *loop) expireCanaries(now time.Time) {
	for _, r := range l.roots {
		if c := &r.canary; c.path != "" && !now.Before(c.due) {
			*c = canary{again: now.Add(canaryAgain), failure: "no file system events arrive: a file created for a test was not told of"}
			r.scanSoon(now)
			l.changed = true
		}
	}
}

// sweepCanary removes a canary that a killed process left.
func sweepCanary(path string, d fs.DirEntry, now time.Time) {
	info, err := d.Info()
	if err == nil && info.Mode().IsRegular() && info.Size() == 0 && now.Sub(info.ModTime()) > time.Minute {
		_ = os.Remove(path) // another time then
	}
}
