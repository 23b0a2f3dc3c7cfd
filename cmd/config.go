package cmd

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/config/strict"
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
// and prints its warnings. The watched folders need not be there.
func (h *host) load(file string) (*config.Config, error) {
	return h.read(file, strict.Faults.Anywhere)
}

// loadHere is load for a daemon, which needs its folders.
func (h *host) loadHere(file string) (*config.Config, error) {
	return h.read(file, func(all strict.Faults) strict.Faults { return all })
}

func (h *host) read(file string, counting func(strict.Faults) strict.Faults) (*config.Config, error) {
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
	errs, warnings := counting(faults).Split()
	for _, w := range warnings {
		fmt.Fprintln(h.err, w.Error())
	}
	if len(errs) > 0 {
		return nil, fmt.Errorf("the configuration has faults:\n%w", errs)
	}
	return c, nil
}

type checkCommand struct {
	File   string `arg:"" optional:"" help:"Configuration file, as with -c."`
	Config string `short:"c" placeholder:"FILE" help:"Configuration file; default: ./burnish.yaml, else /etc/burnish/burnish.yaml."`
}

// Help is shown by burnish check --help.
func (checkCommand) Help() string {
	return `Prints every fault as file:line:column: message and exits with 1 if there is any. Warnings are printed too.

Example: burnish check burnish.yaml`
}

// Run checks a configuration.
func (c *checkCommand) Run(h *host) error {
	if c.File != "" && c.Config != "" {
		return fmt.Errorf("check takes one configuration: give %s or -c %s", c.File, c.Config)
	}
	file, err := find(cmp.Or(c.File, c.Config))
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
