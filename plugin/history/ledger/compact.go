package ledger

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/burnish-photo/burnish/plugin/beneath"
	"go.etcd.io/bbolt"
)

// A ledger is compacted where more than half of it, and that much, is free.
const (
	compacting = ".compacting" // suffix of the new file until it takes the place of the old
	wasted     = 4 << 20       // bytes
)

// wasteful reports whether the file should be compacted.
func (l *Ledger) wasteful() bool {
	s := l.db.Stats()
	free := int64(s.FreePageN+s.PendingPageN) * int64(l.db.Info().PageSize)
	info, err := os.Stat(l.db.Path())
	return err == nil && free > wasted && 2*free > info.Size()
}

// compact copies the ledger without what is free into a file that takes its
// place at once: whatever comes in between, one of the two is there whole. The
// ledger is closed; what is returned is the new one. One that cannot be copied
// stays as it is.
func (l *Ledger) compact() (*Ledger, error) {
	file := l.db.Path()
	small, err := copyCompact(l.db, file+compacting)
	if err != nil {
		_ = os.Remove(file + compacting)
		l.notice = fmt.Sprintf("ledger %s stays larger than it need be: %v", file, err)
		return l, nil
	}
	before, after := sizeOf(file), sizeOf(file+compacting)
	err = os.Rename(file+compacting, file)
	if err = errors.Join(err, small.Close(), l.db.Close(), beneath.SyncFolder(filepath.Dir(file))); err != nil {
		return nil, fmt.Errorf("compact ledger %s: %w: the state folder must be readable and writable for this user", file, err)
	}
	fresh, err := openFile(file)
	if err == nil {
		fresh.news = fmt.Sprintf("ledger %s compacted from %d to %d bytes", file, before, after)
	}
	return fresh, err
}

// sizeOf is a file's size in bytes, 0 where it cannot be told.
func sizeOf(file string) int64 {
	info, err := os.Stat(file)
	if err != nil {
		return 0
	}
	return info.Size()
}

// copyCompact returns the copy open, and so locked.
func copyCompact(from *bbolt.DB, file string) (*bbolt.DB, error) {
	if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	to, err := bbolt.Open(file, 0o640, &bbolt.Options{Timeout: lockTimeout})
	if err != nil {
		return nil, err
	}
	if err := errors.Join(bbolt.Compact(to, from, 1<<20), to.Sync()); err != nil {
		return nil, errors.Join(err, to.Close())
	}
	return to, nil
}
