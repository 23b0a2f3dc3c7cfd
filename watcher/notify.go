package watcher

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/fsnotify/fsnotify"
)

// notifier is the source of events. Add may be called again for a folder that
// is already watched; events of a folder do not cover the folders below it.
type notifier interface {
	Add(folder string) error
	Remove(folder string) error
	Close() error
	channels() (<-chan fsnotify.Event, <-chan error)
}

// eventBuffer is how many events may wait while a folder is listed. What
// exceeds it waits in the kernel's queue, whose overflow leads to a rescan.
const eventBuffer = 8192

type kernel struct {
	*fsnotify.Watcher
	failures chan error
}

func openKernel() (notifier, error) {
	w, err := fsnotify.NewBufferedWatcher(eventBuffer)
	if err != nil {
		return nil, err
	}
	k := kernel{w, make(chan error, 1)}
	go k.passFailures()
	return k, nil
}

// passFailures keeps fsnotify's errors from blocking it: it may send one while
// it holds the lock that Add and Remove need. One that waits stands for those
// behind it. EINVAL says only that the kernel dropped a watch by itself, as it
// does with a removed folder.
func (k kernel) passFailures() {
	defer close(k.failures)
	for err := range k.Errors {
		if errors.Is(err, syscall.EINVAL) {
			continue
		}
		select {
		case k.failures <- err:
		default:
		}
	}
}

func (k kernel) Close() error {
	err := k.Watcher.Close()
	for range k.failures { // until passFailures has ended
	}
	return err
}

func (k kernel) channels() (<-chan fsnotify.Event, <-chan error) { return k.Events, k.failures }

// noNotifier explains why there are no events at all.
func noNotifier(err error) string {
	if !errors.Is(err, syscall.EMFILE) {
		return fmt.Sprintf("no file system events (%v)", err)
	}
	null, openErr := os.Open(os.DevNull)
	if openErr != nil {
		return "no file system events: this process has too many open files: raise its limit (ulimit -n, or LimitNOFILE= in the systemd unit)"
	}
	null.Close()
	return "no file system events: too many inotify instances: " + raise("max_user_instances", 512)
}

// noWatch explains why one folder has no events.
func noWatch(folder string, err error) string {
	if !errors.Is(err, syscall.ENOSPC) {
		return fmt.Sprintf("no file system events for %s (%v)", folder, err)
	}
	return "the limit of inotify watches is reached: " + raise("max_user_watches", 524288)
}

// raise names the command that raises an inotify limit, to at least atLeast.
func raise(limit string, atLeast int) string {
	now := "unknown"
	if b, err := os.ReadFile("/proc/sys/fs/inotify/" + limit); err == nil {
		now = strings.TrimSpace(string(b))
		if n, err := strconv.Atoi(now); err == nil {
			atLeast = max(atLeast, 2*n)
		}
	}
	return fmt.Sprintf("fs.inotify.%s is %s: run `sysctl -w fs.inotify.%s=%d` as root, and write that setting to /etc/sysctl.d/90-burnish.conf to keep it",
		limit, now, limit, atLeast)
}
