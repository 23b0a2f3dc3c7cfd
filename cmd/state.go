package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"syscall"
	"time"

	"github.com/burnish-photo/burnish/watcher"
	sd "github.com/coreos/go-systemd/v22/daemon"
)

// state is what a daemon keeps in its state folder, for burnish status and for
// its own next start.
type state struct {
	Version string                `json:"version"`
	PID     int                   `json:"pid"`
	Started time.Time             `json:"started"`
	Written time.Time             `json:"written"`
	Sandbox string                `json:"sandbox"`      // that photos are worked on in
	Calls   string                `json:"system_calls"` // how they are filtered there
	Folders []watcher.FolderState `json:"folders"`
	Done    int                   `json:"done"`    // photos, since the start
	Failed  int                   `json:"failed"`  // photos whose last try failed
	Working int                   `json:"working"` // photos in work
	Waiting int                   `json:"waiting"` // photos that are to come
	Shut    string                `json:"shut,omitempty"`
	Ledger  string                `json:"ledger,omitempty"` // what became of a damaged one at the start
	Held    []held                `json:"held,omitempty"`

	InWork    []string            `json:"in_work,omitempty"` // photos
	Next      []string            `json:"next,omitempty"`    // some of those that wait
	Rate      float64             `json:"photos_per_minute,omitempty"`
	LastError *mishap             `json:"last_error,omitempty"`
	Steps     map[string][]string `json:"steps,omitempty"` // by pipeline: what networks run, and where
}

// held is a watched folder of which no photo begins.
type held struct {
	Folder string    `json:"folder"`
	Reason string    `json:"reason"`
	Until  time.Time `json:"until,omitzero"` // when one tries whether it works again
}

const (
	stateFile  = "status.json"
	stateLock  = "status.lock" // locked while a daemon keeps the file
	stateEvery = time.Second   // between looks at whether it has changed
)

// readState reads what a daemon left. A damaged file counts as none.
func readState(dir string) (*state, error) {
	data, err := os.ReadFile(filepath.Join(dir, stateFile))
	if err != nil {
		return nil, err
	}
	var s state
	if json.Unmarshal(data, &s) != nil {
		return nil, fmt.Errorf("%s is damaged: %w", filepath.Join(dir, stateFile), os.ErrNotExist)
	}
	return &s, nil
}

// running reports whether a daemon keeps the state in dir.
func running(dir string) (bool, error) {
	f, err := os.Open(filepath.Join(dir, stateLock))
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return true, nil
	}
	return false, err
}

// keeper writes a daemon's state when it changes.
type keeper struct {
	dir     string
	lock    *os.File
	log     *slog.Logger
	now     func() state // without what the keeper knows
	started time.Time
	last    state
	told    bool // that it can not be written
}

// keepState begins to keep what now returns in dir, until stop.
func keepState(ctx context.Context, dir string, log *slog.Logger, now func() state) (stop func(), err error) {
	lock, err := os.OpenFile(filepath.Join(dir, stateLock), os.O_CREATE|os.O_RDWR|syscall.O_CLOEXEC, 0o640)
	if err != nil {
		return nil, fmt.Errorf("state folder: %w", err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil { // readers hold it for a moment
		return nil, errors.Join(fmt.Errorf("lock %s: %w", lock.Name(), err), lock.Close())
	}
	k := &keeper{dir: dir, lock: lock, log: log, now: now, started: time.Now()}
	k.keep()
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(stateEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				k.keep()
			}
		}
	}()
	return func() {
		cancel()
		<-ended
		k.keep()
		_ = k.lock.Close()
	}, nil
}

// keep writes the state, unless it is as written before.
func (k *keeper) keep() {
	s := k.now()
	s.Version, s.PID, s.Started, s.Written = release(), os.Getpid(), k.started, k.last.Written
	if reflect.DeepEqual(s, k.last) {
		return
	}
	s.Written = time.Now()
	err := writeWhole(filepath.Join(k.dir, stateFile), s)
	if err != nil && !k.told {
		k.log.Warn("burnish status will be out of date", "error", err)
	}
	k.told = err != nil
	if err == nil {
		k.last = s // else it is tried again
	}
	_, _ = sd.SdNotify(false, "STATUS="+s.line())
}

// writeWhole replaces a file at once.
func writeWhole(path string, v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	temporary := path + ".tmp"
	f, err := os.OpenFile(temporary, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o640)
	if err != nil {
		return err
	}
	_, err = f.Write(append(data, '\n'))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(temporary))
	}
	return os.Rename(temporary, path)
}

// line is the state in short.
func (s state) line() string {
	text := fmt.Sprintf("%s done, %d failed, %d in work, %d waiting", counted(s.Done, "photos"), s.Failed, s.Working, s.Waiting)
	modes := map[watcher.Mode]int{}
	for _, f := range s.Folders {
		modes[f.Mode]++
	}
	for _, m := range []watcher.Mode{watcher.Watching, watcher.Polling, watcher.Degraded, watcher.Starting} {
		if n := modes[m]; n > 0 {
			text += fmt.Sprintf("; %s: %d", m, n)
		}
	}
	return text
}
