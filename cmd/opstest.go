package cmd

import (
	"fmt"
	"strings"

	"github.com/burnish-photo/burnish/cmd/worker/programs"
	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/ops/opstest"
	"github.com/burnish-photo/burnish/plugin"
)

type opsTestCommand struct {
	Name       string `arg:"" help:"Operator to test."`
	Parameters string `arg:"" optional:"" help:"Parameters of the step, as YAML; default: those of its example."`
	Config     string `short:"c" placeholder:"FILE" help:"Configuration file that declares the operator; default: the first of ${places}, if any."`
	Fast       bool   `help:"Leave out what takes seconds: memory and cancellation of large photos."`
}

// Help is shown by burnish ops test --help.
func (opsTestCommand) Help() string {
	return `Tries an operator on photos of all kinds and odd sizes, made up on the spot: results must be the same each time, of the right size, with the photo's metadata; errors must be for people; it must end when it is told to; its memory must not grow with the photo. Prints a line for each check. Photos that the operator refuses with an error are listed, and are no fault.

Exit status: 0 if it passes, 1 if it does not, 2 if it cannot be tested.

Examples:
  burnish ops test sharpen
  burnish ops test -c burnish.yaml soften "{radius: 4}"`
}

// Run runs the suite.
func (o *opsTestCommand) Run(h *host) error {
	c, err := o.configuration(h)
	if err != nil {
		return err
	}
	registry, _ := c.Registry(h.registry) // its faults were told of
	spec, ok := registry.Lookup(o.Name)
	if !ok {
		return fmt.Errorf("there is no operator %q%s; burnish ops lists them", o.Name, diag.Suggest(o.Name, registry.Names()))
	}
	folder, err := h.scratch.makeFolder("burnish-")
	if err != nil {
		return err
	}
	launcher := h.programs(c)
	defer launcher.Close()
	found, err := opstest.Run(h, opstest.Subject{Spec: spec, Params: o.Parameters, Large: !o.Fast, Env: environment(h, c, launcher, folder)})
	if err != nil {
		return err
	}
	return o.print(h, found)
}

// configuration is the one named, or found, or that of a Burnish without one.
func (o *opsTestCommand) configuration(h *host) (*config.Config, error) {
	if o.Config == "" {
		if _, err := find(""); err != nil {
			return config.Default(h.registry)
		}
	}
	c, _, err := h.loadFound(o.Config)
	return c, err
}

// environment is what an operator under test is built with.
func environment(h *host, c *config.Config, launcher *programs.Launcher, scratch string) ops.Env {
	const inMemory = 16 << 20
	return ops.Env{
		Log: h.logger(), Folder: c.Folder(), Models: c.Restore.Models, Devices: c.Restore.Device, Require: c.Restore.RequireDevice,
		InMemory: inMemory, Scratch: scratch, Programs: launcher,
		Networks: func() error {
			return plugin.StartRestoration(c.Restore.Runtime.Library, c.Restore.Runtime.Providers)
		},
	}
}

func (o *opsTestCommand) print(h *host, found []opstest.Finding) error {
	failed := false
	for _, f := range found {
		state := "ok"
		if f.Err != nil {
			state, failed = "fault", true
		}
		fmt.Fprintf(h.out, "%-6s %s\n", state, f.Check)
		if f.Err != nil {
			for line := range strings.Lines(f.Err.Error()) {
				fmt.Fprintf(h.out, "       %s\n", diag.Printable(strings.TrimSuffix(line, "\n")))
			}
		}
		for _, r := range f.Refused {
			fmt.Fprintf(h.out, "       refused: %s\n", diag.Printable(r))
		}
	}
	if failed {
		return errFailures
	}
	return nil
}
