package promptcir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/ops/promptcir/models"
)

const suffix = ".onnx"

// source is a model's ONNX file.
type source struct {
	name string // for messages: a bundled model's name or a path
	path string // "" for a bundled model
	data []byte
}

// findModel looks for the model that a step names. A path, told by a separator
// or the suffix, is taken below env.Folder. A name is looked for in env.Models
// first, so that a newer model can replace the bundled one.
func findModel(name string, env ops.Env) (source, error) {
	if strings.ContainsRune(name, filepath.Separator) || strings.HasSuffix(name, suffix) {
		if !filepath.IsAbs(name) {
			name = filepath.Join(env.Folder, name)
		}
		return readModel(name)
	}
	if env.Models != "" {
		s, err := readModel(filepath.Join(env.Models, name+suffix))
		if !errors.Is(err, fs.ErrNotExist) {
			return s, err
		}
	}
	if data, ok := models.Open(name); ok {
		return source{name: name, data: data}, nil
	}
	return source{}, unknownModel(name, env)
}

// findHalf looks for the model's half-precision form, NAME-half.onnx, where the
// model itself may lie. GPUs run it; the model itself stays what they are
// compared with.
func (s source) findHalf(env ops.Env) (source, bool) {
	for _, path := range []string{strings.TrimSuffix(s.path, suffix), filepath.Join(env.Models, s.name)} {
		if path == "" || s.path == "" && env.Models == "" {
			continue
		}
		if half, err := readModel(path + "-half" + suffix); err == nil {
			return half, true
		}
	}
	data, ok := models.Open(s.name + "-half")
	return source{name: s.name + "-half", data: data}, ok
}

// lookForModel is findModel without reading.
func lookForModel(name string, env ops.Env) error {
	if _, bundled := models.Open(name); bundled || slices.Contains(knownModels(env), name) {
		return nil
	}
	if strings.ContainsRune(name, filepath.Separator) || strings.HasSuffix(name, suffix) {
		if !filepath.IsAbs(name) {
			name = filepath.Join(env.Folder, name)
		}
		_, err := os.Stat(name)
		return err
	}
	return unknownModel(name, env)
}

func unknownModel(name string, env ops.Env) error {
	known := knownModels(env)
	return fmt.Errorf("there is no model %q%s; others are named by the path of their .onnx file, or put into %s",
		name, diag.Suggest(name, known), orWhere(env.Models))
}

func readModel(path string) (source, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return source{}, fmt.Errorf("read model: %w", err)
	}
	return source{name: path, path: path, data: data}, nil
}

// knownModels lists the names that can be used without a path.
func knownModels(env ops.Env) []string {
	names := models.Names()
	if env.Models != "" {
		paths, _ := filepath.Glob(filepath.Join(env.Models, "*"+suffix)) // a malformed folder has no models
		for _, p := range paths {
			names = append(names, strings.TrimSuffix(filepath.Base(p), suffix))
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func orWhere(folder string) string {
	if folder == "" {
		return "the folder that restore.models names"
	}
	return folder
}
