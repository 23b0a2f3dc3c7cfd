package cmd

import (
	"log/slog"

	"github.com/burnish-photo/burnish/cmd/worker"
)

// workCommand is the daemon's worker process; the daemon alone starts it.
type workCommand struct {
	Filter   bool `help:"Filter system calls."`
	Landlock int  `help:"The version of Landlock in force."`
}

// Run serves the daemon until it closes the connection or dies.
func (c workCommand) Run(h *host) error {
	log := func(verbose bool) *slog.Logger {
		loud := *h
		loud.verbose = verbose
		return loud.logger()
	}
	return worker.Serve(worker.Process{Registry: h.registry, Log: log, FilterCalls: c.Filter, Landlock: c.Landlock})
}
