package worker

import (
	"flag"
	"fmt"
	"log/slog"
	"os"
	"testing"

	"github.com/burnish-photo/burnish/cmd/worker/programs"
	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/builtin"
)

// TestMain is the worker process where a supervisor has started it.
func TestMain(m *testing.M) {
	if programs.Stage(os.Args) {
		os.Exit(1)
	}
	if len(os.Args) < 2 || os.Args[1] != "work" {
		os.Exit(m.Run())
	}
	p := Process{Log: func(bool) *slog.Logger { return slog.New(slog.DiscardHandler) }}
	flags := flag.NewFlagSet("work", flag.ExitOnError)
	flags.BoolVar(&p.FilterCalls, "filter", false, "")
	flags.IntVar(&p.Landlock, "landlock", 0, "")
	_ = flags.Parse(os.Args[2:])
	err := startNative()
	if err == nil {
		p.Registry, err = ops.NewRegistry(builtin.Specs()...)
	}
	if err == nil {
		err = Serve(p)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
