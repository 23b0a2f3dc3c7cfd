package cmd

import (
	"maps"
	"slices"

	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/ops/process"
	"github.com/burnish-photo/burnish/plugin/tools"
)

// examineOperators starts the program of every operator that the configuration
// declares, as it would be for a photo, and asks it what it is.
func examineOperators(h *host, c *config.Config) (all []tools.Finding) {
	launcher := h.programs(c)
	defer launcher.Close()
	for _, name := range slices.Sorted(maps.Keys(c.Operators)) {
		d := c.Operators[name]
		if len(d.Command) == 0 || d.Missing() != nil {
			all = append(all, tools.Found("operator", "%s: there is no program %s", name, diag.Printable(first(d.Command))).
				Fail("install it, or name a file beside the configuration that may be executed"))
			continue
		}
		ready, err := process.Inspect(h, launcher, name, d)
		if err != nil {
			all = append(all, tools.Found("operator", "%s: %s", name, diag.Printable(err.Error())).
				Fail("run the program by hand, and see what it lacks: it may read its own files, the system's and operators.%s.read, and start operators.%s.runs", name, name))
			continue
		}
		f := tools.Found("operator", "%s: %s %s, confined by %s", name, diag.Printable(ready.Name), diag.Printable(ready.Version), launcher.Confinement())
		if c.Worker.Sandbox == "off" {
			f = f.Warn("worker.sandbox: auto confines it")
		}
		all = append(all, f)
	}
	return all
}

func first(command []string) string {
	if len(command) == 0 {
		return ""
	}
	return command[0]
}
