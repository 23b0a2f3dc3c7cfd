package cmd

import (
	"fmt"
	"os"

	"github.com/burnish-photo/burnish/cmd/worker/programs"
	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/plugin"
)

// openEngine opens an engine without a ledger. Its temporary files, and those of
// libraries, lie in a folder that goes with the command, however it ends.
func (h *host) openEngine(c *config.Config, options ...plugin.Option) (*plugin.Engine, error) {
	if err := h.ownTemporary(); err != nil {
		return nil, err
	}
	return plugin.Open(h, c.Engine(), h.registry, append(options, plugin.WithLog(h.logger()), plugin.WithPrograms(h.programs(c)))...)
}

// programs starts the programs of operators. They end with the engine that they
// are started for, or with the command.
func (h *host) programs(c *config.Config) *programs.Launcher {
	return programs.New(c.Operators, c.Worker.Sandbox != "off", h.logger())
}

// ownTemporary makes TMPDIR a folder of the command's own.
func (h *host) ownTemporary() error {
	folder, err := h.scratch.makeFolder("burnish-")
	if err != nil {
		return fmt.Errorf("make a folder for temporary files; TMPDIR names another place for it: %w", err)
	}
	return os.Setenv("TMPDIR", folder)
}
