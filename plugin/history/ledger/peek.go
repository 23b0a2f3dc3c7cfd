package ledger

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"

	"go.etcd.io/bbolt"
)

// Peek opens the ledger in the folder dir for a look: nothing in the folder is
// written, created or mended. It fails where another process has it open, or
// where there is none ([os.ErrNotExist]), and, for as long as it is open, keeps
// others from opening it, so it is to be closed soon. Only what reads may be
// called.
func Peek(dir string) (l *Ledger, err error) {
	file := filepath.Join(dir, FileName)
	if _, err := os.Stat(file); err != nil {
		return nil, err
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			l, err = nil, fmt.Errorf("%w %s: %v", errDamaged, file, r)
		}
	}()
	db, err := bbolt.Open(file, 0, &bbolt.Options{ReadOnly: true, Timeout: lockTimeout})
	if err != nil {
		return nil, openFault(file, err)
	}
	l = newLedger(db)
	if err := l.view(func(t tables) error { return nil }); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}
