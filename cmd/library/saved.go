package library

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/cmd/statefile"
)

const taskFile = "library-task.json"

// saveEvery is how often a task that runs is saved.
const saveEvery = 10 * time.Second

// cut is why a task has not ended that a daemon left.
func cut() *api.Problem {
	return &api.Problem{Status: 500, Detail: "the daemon ended before the task did", Hint: "begin it again"}
}

// load reads the task that the last daemon left.
func (t *Tasks) load(stateDir string) error {
	t.file = filepath.Join(stateDir, taskFile)
	data, err := os.ReadFile(t.file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = api.Unmarshal(data, &t.now)
	}
	if err != nil {
		t.now = api.LibraryTask{}
		return err
	}
	if t.now.Running {
		t.now.Running, t.now.Problem = false, cut()
	}
	return nil
}

// save keeps the task for the next daemon. t.mu is held.
func (t *Tasks) save() {
	t.saved = time.Now()
	data, err := api.Marshal(t.now)
	if err == nil {
		err = statefile.Write(t.file, data, 0o640)
	}
	if err != nil {
		t.log.Warn("what a task found is not kept over a restart", "error", err)
	}
}
