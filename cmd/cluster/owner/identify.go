package owner

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/burnish-photo/burnish/cmd/cluster"
	"github.com/burnish-photo/burnish/cmd/statefile"
)

// identity is who an owner is, and how often it has begun.
type identity struct {
	Mark  string `json:"mark"`
	Epoch uint64 `json:"epoch"`
}

// identify begins a new epoch of the owner of a state folder. Two owners of one
// name differ by their marks.
func identify(stateDir, name string) (id string, epoch uint64, err error) {
	file := filepath.Join(stateDir, "cluster", "owner.json")
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return "", 0, err
	}
	var i identity
	data, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(data, &i)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", 0, fmt.Errorf("%s: %w; remove it, and the owner begins anew", file, err)
	}
	if !cluster.IsToken(i.Mark) {
		i.Mark = strings.ToLower(rand.Text()[:6])
	}
	i.Epoch++
	if data, err = json.Marshal(i); err != nil {
		return "", 0, err
	}
	return plain(name) + "-" + i.Mark, i.Epoch, statefile.Write(file, data, 0o600)
}

// plain is a name as a part of a subject.
func plain(name string) string {
	name, _, _ = strings.Cut(name, ".")
	name = strings.Map(func(r rune) rune {
		if r < 0x80 && (cluster.IsToken(string(r))) {
			return r
		}
		return '_'
	}, name)
	return name[:min(len(name), 40)]
}
