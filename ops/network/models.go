package network

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/ops/network/onnx"
)

const suffix = ".onnx"

// Model is a network's ONNX file.
type Model struct {
	Name string // for messages: a bundled model's name or a path
	Path string // its file; "": it is in memory only
	Data []byte // with its weights, wherever the file keeps them
	// Contract is that of a file that carries none; nil: the file's own.
	Contract *Contract

	half func() (Model, bool) // its half-precision form, which GPUs run; nil: there is none
}

// ReadModel reads a model's file.
func ReadModel(path string) (Model, error) {
	data, err := onnx.Load(path)
	if err != nil {
		return Model{}, err
	}
	return Model{Name: path, Path: path, Data: data}, nil
}

func (m Model) open(o onnx.Options) (*onnx.Model, error) {
	return onnx.OpenBytes(m.Name, m.Data, o)
}

// SHA256 is the digest of the model, with its weights.
func (m Model) SHA256() string {
	sum := sha256.Sum256(m.Data)
	return hex.EncodeToString(sum[:])
}

// Catalogue finds models by their names: bundled ones and those of the user.
type Catalogue struct {
	Names []string                                 // of bundled models
	Open  func(name string) (data []byte, ok bool) // a bundled model, its half-precision form under NAME-half
}

// Find reads the model that a step names. A path, told by a separator or the
// suffix, is taken below env.Folder. A name is looked for in env.Models first, so
// that a newer model can replace the bundled one.
func (c Catalogue) Find(name string, env ops.Env) (m Model, err error) {
	defer func() { m.half = func() (Model, bool) { return c.half(m, env) } }()
	if isPath(name) {
		return ReadModel(below(env.Folder, name))
	}
	if env.Models != "" {
		m, err := ReadModel(filepath.Join(env.Models, name+suffix))
		if !errors.Is(err, fs.ErrNotExist) {
			return m, err
		}
	}
	if data, ok := c.bundled(name); ok {
		return Model{Name: name, Data: data}, nil
	}
	return Model{}, c.unknown(name, env)
}

// Check is [Catalogue.Find] without reading.
func (c Catalogue) Check(name string, env ops.Env) error {
	if _, ok := c.bundled(name); ok || slices.Contains(c.known(env), name) {
		return nil
	}
	if isPath(name) {
		_, err := os.Stat(below(env.Folder, name))
		return err
	}
	return c.unknown(name, env)
}

func (c Catalogue) bundled(name string) (data []byte, ok bool) {
	if c.Open == nil {
		return nil, false
	}
	return c.Open(name)
}

func isPath(name string) bool {
	return strings.ContainsRune(name, filepath.Separator) || strings.HasSuffix(name, suffix)
}

func below(folder, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(folder, path)
}

// half looks for the model's half-precision form, NAME-half.onnx, where the model
// itself may lie. GPUs run it; the model itself stays what they are compared with.
func (c Catalogue) half(m Model, env ops.Env) (Model, bool) {
	for _, path := range []string{strings.TrimSuffix(m.Path, suffix), filepath.Join(env.Models, m.Name)} {
		if path == "" || m.Path == "" && env.Models == "" {
			continue
		}
		if half, err := ReadModel(path + "-half" + suffix); err == nil {
			return half, true
		}
	}
	data, ok := c.bundled(m.Name + "-half")
	return Model{Name: m.Name + "-half", Data: data}, ok
}

func (c Catalogue) unknown(name string, env ops.Env) error {
	folder := env.Models
	if folder == "" {
		folder = "the folder that restore.models names"
	}
	return fmt.Errorf("there is no model %q%s; others are named by the path of their .onnx file, or put into %s",
		name, diag.Suggest(name, c.known(env)), folder)
}

// known lists the names that can be used without a path.
func (c Catalogue) known(env ops.Env) []string {
	names := slices.Clone(c.Names)
	if env.Models != "" {
		files, _ := fs.Glob(os.DirFS(env.Models), "*"+suffix) // the pattern is in order
		for _, name := range files {
			names = append(names, strings.TrimSuffix(name, suffix))
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
