package tools

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/burnish-photo/burnish/ops/network/onnx"
	"github.com/burnish-photo/burnish/ops/promptcir/models"
)

// Model is a model that steps may name.
type Model struct {
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
	SHA256  string `json:"sha256"`
	Bytes   int    `json:"bytes"`
	Path    string `json:"path,omitempty"`    // of its file; "" for one in the binary
	Hides   bool   `json:"hides,omitempty"`   // it is used in place of the one in the binary
	Foreign bool   `json:"foreign,omitempty"` // of another program: for the operator network
	Error   string `json:"error,omitempty"`   // why it cannot be used
}

// Models lists the models in the binary and those in a folder, which may be "".
func Models(folder string) (all []Model, err error) {
	for _, name := range models.Names() {
		data, _ := models.Open(name)
		all = append(all, describe(name, "", data))
	}
	if folder == "" {
		return all, nil
	}
	names, err := fs.Glob(os.DirFS(folder), "*.onnx")
	if err != nil {
		return all, err
	}
	slices.Sort(names)
	for _, name := range names {
		path := filepath.Join(folder, name)
		data, failed := onnx.Load(path)
		m := describe(strings.TrimSuffix(filepath.Base(path), ".onnx"), path, data)
		if failed != nil {
			m = Model{Name: m.Name, Path: path, Error: failed.Error()}
		}
		m.Hides = slices.Contains(models.Names(), m.Name)
		all = append(all, m)
	}
	return all, nil
}

func describe(name, path string, data []byte) Model {
	digest := sha256.Sum256(data)
	m := Model{Name: name, Path: path, Bytes: len(data), SHA256: hex.EncodeToString(digest[:])}
	if m.Foreign = foreign(name, data); m.Foreign {
		return m
	}
	c, err := onnx.Inspect(name, data, nil)
	if m.Version = c.Version; err != nil {
		m.Error = err.Error()
	}
	return m
}

// foreign reports whether a file is ONNX without a contract of Burnish's.
func foreign(name string, data []byte) bool {
	f, err := onnx.Describe(name, data)
	_, own := f.Metadata["burnish.contract"]
	return err == nil && !own
}
