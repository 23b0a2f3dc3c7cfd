package cmd

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/burnish-photo/burnish/config"
)

// places are where a configuration is looked for when none is named.
var places = []string{"burnish.yaml", "/etc/burnish/burnish.yaml"}

// find returns file, or the first of the places that exists.
func find(file string) (string, error) {
	if file != "" {
		return file, nil
	}
	for _, place := range places {
		if _, err := os.Stat(place); err == nil {
			return place, nil
		}
	}
	return "", fmt.Errorf("no configuration: name one with -c FILE; neither %s exists", strings.Join(places, " nor "))
}

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
	Config string `short:"c" placeholder:"FILE" help:"Configuration file; default: ./burnish.yaml, else /etc/burnish/burnish.yaml."`
}

// Help is shown by burnish check --help.
func (checkCommand) Help() string {
	return `Prints every fault as file:line:column: message and exits with 1 if there is any. Warnings are printed too.

Example: burnish check -c burnish.yaml`
}

// Run checks a configuration.
func (c *checkCommand) Run(h *host) error {
	file, err := find(c.Config)
	if err != nil {
		return err
	}
	parsed, faults, err := config.Load(file, h.registry)
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
	fmt.Fprintf(h.out, "%s: sound: %d pipelines, %d watched folders, %d warnings\n", file, len(parsed.Pipelines), len(parsed.Watch), len(warnings))
	return nil
}
