package cmd

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/ops/diag"
)

type healthCommand struct {
	stateOption
	JSON bool `name:"json" help:"Print JSON."`
}

// healthTimeout is how long the daemon may take to answer.
const healthTimeout = 20 * time.Second

// Help is shown by burnish health --help.
func (healthCommand) Help() string {
	return `Asks the running daemon whether it processes photos as configured. Reasons against: a folder is degraded, its circuit breaker is open, its disk is nearly full, the state folder cannot be written, photos do not run on the configured device, or the daemon is stuck. A pause and quiet hours are no reasons.

Exit status: 0 if it is ready, 1 if it is not or no daemon runs.

Examples:
  burnish health -c burnish.yaml
  burnish health --json | jq .reasons`
}

// Run prints the health.
func (c *healthCommand) Run(h *host) error {
	dir, err := c.dir(h)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(h, healthTimeout)
	defer cancel()
	daemon := api.Dial(dir)
	defer daemon.Close()
	health, err := daemon.Health(ctx)
	if err != nil {
		health = api.Health{Reasons: []string{err.Error()}}
	}
	if c.JSON {
		if err := json.NewEncoder(h.out).Encode(health); err != nil {
			return err
		}
	} else {
		printHealth(h, health)
	}
	if !health.Ready {
		return errFailures
	}
	return nil
}

func printHealth(h *host, health api.Health) {
	if health.Ready {
		fmt.Fprintln(h.out, "ready")
		return
	}
	fmt.Fprintln(h.out, "not ready:")
	for _, reason := range health.Reasons {
		fmt.Fprintln(h.out, " ", diag.Printable(reason))
	}
}
