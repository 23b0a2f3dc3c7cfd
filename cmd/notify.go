package cmd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"github.com/burnish-photo/burnish/cmd/logging"
	"github.com/burnish-photo/burnish/cmd/notify"
	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/ops/diag"
)

// notifySettings are those of a configuration file.
func notifySettings(n config.Notify) notify.Settings {
	s := notify.Settings{
		Events: n.Events, Interval: n.Interval, Batch: n.Batch, AllowHosts: n.AllowHosts, Command: n.Command,
		Email: notify.Email{To: n.Email.To, From: n.Email.From, Sendmail: n.Email.Sendmail},
	}
	for _, w := range n.Webhooks {
		s.Webhooks = append(s.Webhooks, notify.Webhook{URL: w.URL, URLFile: w.URLFile, SecretFile: w.SecretFile, SecretEnv: w.SecretEnv, Events: w.Events})
	}
	return s
}

// notifyOptions are what messages say of this daemon.
func notifyOptions(stateDir string, log *slog.Logger) notify.Options {
	name, err := os.Hostname()
	if err != nil {
		name = "this machine"
	}
	return notify.Options{StateDir: stateDir, Version: release(), Host: name, Log: log}
}

// notifier is the daemon's. The log, which tells it of events, is there before.
type notifier struct {
	atomic.Pointer[notify.Notifier]
}

func (n *notifier) open(stateDir string, log *slog.Logger) {
	n.Store(notify.New(notifyOptions(stateDir, log)))
}

func (n *notifier) hear(e logging.Event) {
	if to := n.Load(); to != nil {
		to.Hear(e)
	}
}

func (n *notifier) use(c notify.Config) { n.Load().Use(c) }

// lastDeliveries is how long the end of run --once waits for messages.
const lastDeliveries = 10 * time.Second

// close ends deliveries. A daemon that ends waits for none.
func (n *notifier) close(once bool) {
	wait := time.Duration(0)
	if once {
		wait = lastDeliveries
	}
	ctx, stop := context.WithTimeout(context.Background(), wait)
	defer stop()
	n.Load().Close(ctx)
}

type notifyCommand struct {
	Test notifyTestCommand `cmd:"" help:"Send a test message of each kind to every receiver."`
}

type notifyTestCommand struct {
	Config string `short:"c" placeholder:"FILE" help:"Configuration file; default: the first of ${places}."`
}

// Help is shown by burnish notify test --help.
func (notifyTestCommand) Help() string {
	return `Sends a message of each kind to every receiver under "notify" that wants it, marked as a test, and prints how each try went. Runs as the user who calls it, outside of the service's restrictions.

Exit status: 0 if all were delivered, 1 if one was not.

Example: burnish notify test -c burnish.yaml`
}

// Run sends the messages.
func (n *notifyTestCommand) Run(h *host) error {
	file, err := find(n.Config)
	if err != nil {
		return err
	}
	c, _, err := h.readText(file, diag.Diagnostics.Portable)
	if err != nil {
		return err
	}
	to, err := notify.Open(notifySettings(c.Notify))
	if err != nil {
		return err
	}
	if to.Empty() {
		return fmt.Errorf("%s notifies nobody: add notify.email, notify.command or notify.webhooks", file)
	}
	to.Test(h, notifyOptions(c.StateDir, h.logger()), func(receiver, group string, failed error) {
		said := "delivered"
		if failed != nil {
			said, err = "failed: "+failed.Error(), errors.Join(err, failed)
		}
		fmt.Fprintf(h.out, "%s, %s: %s\n", diag.Printable(receiver), group, diag.Printable(said))
	})
	if err != nil {
		return errFailures
	}
	return h.Err()
}
