package config

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/burnish-photo/burnish/ops"
	"gopkg.in/yaml.v3"
)

//go:embed default.yaml
var defaultYAML []byte

// initYAML is a first configuration for a folder of photos.
//
//go:embed init.yaml
var initYAML []byte

// Initial is a commented configuration file for a folder that it is to lie in:
// it watches the folder, does what [Default] does and has a state folder of its
// own. Its comments are for people.
func Initial(folder string) ([]byte, error) {
	folder, err := filepath.Abs(folder)
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256([]byte(folder))
	if DefaultStateDir() == "" {
		return nil, errors.New("state_dir " + NoStateDir)
	}
	state := filepath.Join(DefaultStateDir(), fmt.Sprintf("%s-%x", filepath.Base(folder), digest[:4]))
	text, err := yaml.Marshal(state)
	if err != nil {
		return nil, err
	}
	return bytes.Replace(initYAML, []byte("STATE"), bytes.TrimSpace(text), 1), nil
}

// builtIn is the file's name where there is none.
const builtIn = "built-in defaults"

// DefaultPipeline is the pipeline of [Default].
const DefaultPipeline = "photos"

// Default is what is used where no file is given: the pipeline photos, and
// state in the user's XDG state folder. It watches nothing.
func Default(reg *ops.Registry) (*Config, error) {
	folder, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	c, faults := Parse(builtIn, folder, defaultYAML, reg)
	if errs, _ := faults.Split(); len(errs) > 0 {
		return nil, errs
	}
	return c, nil
}

// ForFolder is the text of a configuration that does with a watched folder what
// [Default] does; paths are absolute, and stateDir may be "" for the usual one.
func ForFolder(folder, output, stateDir string) ([]byte, error) {
	more := map[string]any{"watch": []any{map[string]any{"folder": folder, "pipeline": DefaultPipeline, "output": output}}}
	if stateDir != "" {
		more["state_dir"] = stateDir
	}
	text, err := yaml.Marshal(more)
	return bytes.Join([][]byte{defaultYAML, text}, []byte("\n")), err
}
