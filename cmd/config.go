package cmd

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/burnish-photo/burnish/config"
)

// load reads the configuration in file, or the built-in one where file is "",
// and prints its warnings.
func (h *host) load(file string) (*config.Config, error) {
	if file == "" {
		return config.Default(h.registry)
	}
	c, faults, err := config.Load(file, h.registry)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the configuration %s does not exist; check -c", file)
	}
	if err != nil {
		return nil, err
	}
	errs, warnings := faults.Split()
	for _, w := range warnings {
		fmt.Fprintln(h.err, w.Error())
	}
	if len(errs) > 0 {
		return nil, fmt.Errorf("the configuration has faults:\n%w", errs)
	}
	return c, nil
}

type checkCommand struct {
	Config string `short:"c" required:"" placeholder:"FILE" help:"Configuration file."`
}

// Help is shown by burnish check --help.
func (checkCommand) Help() string {
	return `Prints every fault as file:line:column: message and exits with 1 if there is any. Warnings are printed too.

Example: burnish check -c burnish.yaml`
}

// Run checks a configuration.
func (c *checkCommand) Run(h *host) error {
	parsed, faults, err := config.Load(c.Config, h.registry)
	if err != nil {
		return err
	}
	errs, warnings := faults.Split()
	for _, f := range faults {
		fmt.Fprintln(h.out, f.Error())
	}
	if len(errs) > 0 {
		return errFailures
	}
	fmt.Fprintf(h.out, "%s: sound: %d pipelines, %d watched folders, %d warnings\n", c.Config, len(parsed.Pipelines), len(parsed.Watch), len(warnings))
	return nil
}
