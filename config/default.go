package config

import (
	_ "embed"
	"os"

	"github.com/burnish-photo/burnish/ops"
)

//go:embed default.yaml
var defaultYAML []byte

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
