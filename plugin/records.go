package plugin

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/burnish-photo/burnish/plugin/history"
	"github.com/burnish-photo/burnish/plugin/history/ledger"
	"github.com/burnish-photo/burnish/plugin/originals"
)

// Records are what an engine remembers, for people to look at and to change.
type Records = history.Records

// Failure is a photo that failed when it was last tried.
type Failure = history.Failure

// Query chooses among records; see [history.Query].
type Query = history.Query

// ParseQuery reads an expression over the fields of a record.
func ParseQuery(text string) (Query, error) { return history.ParseQuery(text) }

// Question asks what a ledger knows of a photo.
type Question = history.Question

// Answer is what a ledger knows.
type Answer = history.Answer

// Records gives access to the engine's records, nil where it keeps none.
func (e *Engine) Records() *Records {
	if e.store == nil {
		return nil
	}
	return history.NewRecords(e.store, e.config.StateDir)
}

// OpenRecords opens the records in a state folder that no engine has open. The
// caller closes them.
func OpenRecords(stateDir string) (*Records, error) {
	if _, err := os.Stat(filepath.Join(stateDir, ledger.FileName)); err != nil {
		return nil, fmt.Errorf("there is no ledger in the state folder %s: name the configuration of the daemon with -c: %w", stateDir, err)
	}
	l, err := ledger.Open(stateDir)
	if err != nil {
		return nil, err
	}
	return history.NewRecords(l, stateDir), nil
}

// Peek opens the records in a state folder for a look: nothing there is
// written, and Recall alone may be called. It fails where an engine has them
// open, and keeps others from opening them until it is closed.
func Peek(stateDir string) (*Records, error) {
	l, err := ledger.Peek(stateDir)
	if err != nil {
		return nil, err
	}
	return history.NewRecords(l, stateDir), nil
}

// DropGone drops the records of photos that have been gone, with all their
// outputs, for as long as the configuration keeps them. It may be asked often,
// and looks once a day.
func (e *Engine) DropGone(now time.Time) error { return e.history.DropGone(now, e.config.Retention) }

// EmptyTrash removes what has been in the state folder's trash for as long as
// it is to be kept there.
func (e *Engine) EmptyTrash(now time.Time) error { return originals.EmptyTrash(e.config.StateDir, now) }
