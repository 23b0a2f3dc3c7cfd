package library

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/cmd/statefile"
)

const keptFile = "kept-changes.json"

// maxKept bounds the choices that are remembered; the oldest go first.
const maxKept = 1000

// Kept are changes of pipelines whose photos are to stay as they are: what a
// person chose for a folder, until its pipeline changes again.
type Kept struct {
	file string

	mu  sync.Mutex
	all []api.ChangeChoice
}

// OpenKept reads the choices that the last daemon left.
func OpenKept(stateDir string) (*Kept, error) {
	k := &Kept{file: filepath.Join(stateDir, keptFile)}
	data, err := os.ReadFile(k.file)
	if errors.Is(err, fs.ErrNotExist) {
		return k, nil
	}
	if err == nil {
		err = api.Unmarshal(data, &k.all)
	}
	return k, err
}

// Has reports whether the photos of a change are to stay as they are.
func (k *Kept) Has(c api.ChangeChoice) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Contains(k.all, c)
}

// Keep remembers a choice. It is on disk when Keep returns.
func (k *Kept) Keep(c api.ChangeChoice) error {
	if c.Folder == "" || c.Pipeline == "" || c.Version == "" {
		return api.Refused("folder, pipeline and version must be those of a change")
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if slices.Contains(k.all, c) {
		return nil
	}
	all := append(slices.Clone(k.all[max(0, len(k.all)+1-maxKept):]), c)
	data, err := api.Marshal(all)
	if err == nil {
		err = statefile.Write(k.file, data, 0o640)
	}
	if err == nil {
		k.all = all
	}
	return err
}
