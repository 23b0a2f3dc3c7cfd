package cmd

import (
	"context"
	"time"

	"github.com/burnish-photo/burnish/cmd/pace"
	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/plugin/admission"
)

// paceOptions let a command over many photos leave others their share.
type paceOptions struct {
	Share      diag.Percent   `placeholder:"PERCENT" help:"Share of the cores to use, such as 50%; default: limits.share."`
	LoadBelow  diag.Percent   `placeholder:"PERCENT" help:"Start no photo while other programs use that share of the cores or more."`
	QuietHours []config.Hours `placeholder:"HOURS" help:"Start no photo in these hours, such as 08:00-18:00 or \"mon-fri 08:00-18:00\"."`
	OnBattery  string         `enum:"run,pause" default:"run" help:"pause: start no photo while the machine runs on battery."`
}

// begin confines the command to its share of the cores, and returns what the
// engine is opened with.
func (p paceOptions) begin(c *config.Config) (plugin.Option, error) {
	if p.Share > 0 {
		c.Limits.Share = p.Share
	}
	share := admission.ShareOf(c.Limits.Share.Part(), admission.Cores())
	if share.Cores < admission.Cores() {
		if err := admission.ConfineProcess(share.Cores); err != nil {
			return nil, err
		}
	}
	return plugin.WithDuty(share.Duty), nil
}

func (p paceOptions) rules() pace.Rules {
	return pace.Rules{Quiet: quietHours(p.QuietHours), LoadBelow: p.LoadBelow.Part(), OffOnly: p.OnBattery == config.PauseOnBattery}
}

// patience waits until photos may begin.
type patience struct {
	rules pace.Rules
	host  pace.Host
	tell  func(text string)
}

// wait returns when one may begin, or ctx ends.
func (p *patience) wait(ctx context.Context) {
	if !p.rules.Any() {
		return
	}
	const every = 5 * time.Second
	for waits := false; ; waits = true {
		now := time.Now()
		p.host.Look(now)
		why := p.rules.Why(now, &p.host)
		switch {
		case why == "" && waits:
			p.tell("going on")
			return
		case why == "":
			return
		case !waits:
			p.tell("waiting: " + why)
		}
		select {
		case <-time.After(every):
		case <-ctx.Done():
			return
		}
	}
}
