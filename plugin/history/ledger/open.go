package ledger

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/burnish-photo/burnish/plugin/beneath"
	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

const (
	lockTimeout    = time.Second
	openingTimeout = 3 * time.Second      // who waits for the ledger itself has given up by then
	batchDelay     = 2 * time.Millisecond // how long a Put waits for others to share its sync
)

// errDamaged marks a file that is no ledger any more.
var errDamaged = errors.New("damaged ledger")

// Open opens the ledger in the folder dir, creating both. The state folder is
// then this process's until Close: a second Open, here or elsewhere, fails
// after a few seconds. A damaged file is set aside beside the new one and Notice
// tells of it; one of a newer Burnish is refused and left alone. What opening
// does to the folder's files, one process at a time does.
func Open(dir string) (*Ledger, error) {
	if dir == "" {
		return nil, errors.New("there is no state folder: set state_dir, or --state, to one that is the user's alone")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("create state folder %s: %w: make its parent writable or set state_dir elsewhere", dir, err)
	}
	if err := trusted(dir, os.Geteuid()); err != nil {
		return nil, err
	}
	file := filepath.Join(dir, FileName)
	release, err := alone(file)
	if err != nil {
		return nil, err
	}
	defer release()
	if err := finishRebuilding(file); err != nil {
		return nil, err
	}
	l, err := openFile(file)
	if errors.Is(err, errDamaged) {
		return rebuild(file, err)
	}
	if err == nil && l.wasteful() {
		return l.compact()
	}
	return l, err
}

// trusted refuses a state folder that another user owns or may write to: what
// it says is done, and the files that are made there, would be at their mercy.
func trusted(dir string, user int) error {
	const remedy = "name one that is that user's alone (state_dir, or --state)"
	for _, look := range []func(string) (os.FileInfo, error){os.Lstat, os.Stat} { // a link and what it leads to
		info, err := look(dir)
		if err != nil {
			return fmt.Errorf("state folder %s: %w", dir, err)
		}
		link, owner := info.Mode()&fs.ModeSymlink != 0, user
		if s, ok := info.Sys().(*syscall.Stat_t); ok {
			owner = int(s.Uid)
		}
		switch {
		case owner != user && !(link && owner == 0):
			return fmt.Errorf("the state folder %s belongs to the user with id %d, and Burnish runs as %d: run it as that user, or %s", dir, owner, user, remedy)
		case !link && info.Mode().Perm()&0o002 != 0:
			return fmt.Errorf("everybody may write to the state folder %s: chmod o-w %s once you know who did, or %s", dir, dir, remedy)
		}
	}
	return nil
}

// opening is the suffix of an empty file that is locked while the ledger is
// being opened, and so while it is rebuilt or compacted. It stays.
const opening = ".opening"

// alone waits until no other process is opening the ledger.
func alone(file string) (release func(), err error) {
	f, err := os.OpenFile(file+opening, os.O_RDWR|os.O_CREATE, 0o640)
	if err != nil {
		return nil, openFault(file, err)
	}
	for began := time.Now(); ; time.Sleep(lockTimeout / 50) {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { _ = f.Close() }, nil
		}
		if errors.Is(err, syscall.EWOULDBLOCK) && time.Since(began) > openingTimeout {
			err = bolterrors.ErrTimeout
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return nil, errors.Join(openFault(file, err), f.Close())
		}
	}
}

// rebuilding is the suffix of a new ledger until the damaged one is set aside.
const rebuilding = ".rebuilding"

// finishRebuilding ends what a crash came in between of. A new ledger is whole
// once the damaged one has been set aside.
func finishRebuilding(file string) error {
	_, err := os.Lstat(file)
	if errors.Is(err, fs.ErrNotExist) {
		err = os.Rename(file+rebuilding, file)
	} else {
		err = os.Remove(file + rebuilding)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("open ledger: %w", err)
	}
	return nil
}

// rebuild sets a damaged file aside and begins a new one with what could be
// read of it.
func rebuild(file string, damage error) (*Ledger, error) {
	fresh, err := openFile(file + rebuilding)
	if err != nil {
		return nil, err
	}
	found, lost := salvage(file)
	n, err := fresh.restore(found)
	if err = errors.Join(err, fresh.Close()); err != nil {
		return nil, err
	}
	aside := file + ".damaged-" + time.Now().UTC().Format("20060102T150405.000Z")
	if err := os.Rename(file, aside); err != nil {
		return nil, fmt.Errorf("set damaged ledger %s aside: %w", file, err)
	}
	if err := os.Rename(file+rebuilding, file); err != nil {
		return nil, fmt.Errorf("set damaged ledger %s aside: %w", file, err)
	}
	if fresh, err = openFile(file); err != nil {
		return nil, err
	}
	fresh.notice = fmt.Sprintf("%v: it was set aside as %s and a new ledger begun with %d records that could be read of it; other photos are recognised by their outputs, and only those that cannot be are processed once more",
		damage, aside, n)
	if lost != nil {
		fresh.notice += fmt.Sprintf(" (reading it ended early: %v)", lost)
	}
	return fresh, nil
}

// openFile opens, checks and, where it is new, lays out one file, and is its
// only holder.
func openFile(file string) (l *Ledger, err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	var db *bbolt.DB
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w %s: %v", errDamaged, file, r)
		}
		if err != nil && db != nil {
			_ = db.Close()
			l = nil
		}
	}()
	if db, err = bbolt.Open(file, 0o640, &bbolt.Options{Timeout: lockTimeout}); err != nil {
		return nil, openFault(file, err)
	}
	db.MaxBatchDelay = batchDelay
	if err := check(db); err != nil {
		return nil, fmt.Errorf("%w %s: %w", errDamaged, file, err)
	}
	if err := layout(db); err != nil {
		return nil, fmt.Errorf("open ledger %s: %w", file, err)
	}
	if err := beneath.SyncFolder(filepath.Dir(file)); err != nil {
		return nil, fmt.Errorf("open ledger %s: %w", file, err)
	}
	return newLedger(db), nil
}

// openFault tells a lock and the system's refusals from damage.
func openFault(file string, err error) error {
	var path *fs.PathError
	var errno syscall.Errno
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return fmt.Errorf("state folder %s is in use by another Burnish: stop it (systemctl stop burnish, or end the other command) or set another state_dir", filepath.Dir(file))
	case errors.As(err, &path), errors.As(err, &errno):
		return fmt.Errorf("open ledger: %w: the state folder must be readable and writable for this user", err)
	default:
		return fmt.Errorf("%w %s: %w", errDamaged, file, err)
	}
}

// check walks every page that is in use. It panics or faults on some damage.
func check(db *bbolt.DB) error {
	return db.View(func(tx *bbolt.Tx) error {
		info, err := os.Stat(db.Path())
		if err != nil {
			return err
		}
		if info.Size() < tx.Size() {
			return fmt.Errorf("%d bytes long instead of %d", info.Size(), tx.Size())
		}
		return tx.ForEach(func(name []byte, b *bbolt.Bucket) error {
			if b == nil {
				return fmt.Errorf("table %q cannot be read", name)
			}
			return b.ForEach(func(_, _ []byte) error { return nil })
		})
	})
}
