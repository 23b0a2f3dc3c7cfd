package cmd

import (
	"fmt"
	"log/slog"
	"time"

	sd "github.com/coreos/go-systemd/v22/daemon"
	"golang.org/x/sys/unix"
)

// systemd tells the service manager how the daemon stands (sd_notify(3)); nobody
// where this is no service.
type systemd struct{ log *slog.Logger }

// Ready says that the daemon is ready, also after a reload.
func (s systemd) Ready() { s.notify(sd.SdNotifyReady) }

// Reloading says that a reload has begun; Ready ends it.
func (s systemd) Reloading() {
	var now unix.Timespec
	if unix.ClockGettime(unix.CLOCK_MONOTONIC, &now) == nil {
		s.notify(fmt.Sprintf("%s\nMONOTONIC_USEC=%d", sd.SdNotifyReloading, time.Duration(now.Nano()).Microseconds()))
	}
}

// Stopping says that the daemon ends.
func (s systemd) Stopping() { s.notify(sd.SdNotifyStopping) }

// Status tells people how the daemon stands, in a line.
func (s systemd) Status(line string) { _, _ = sd.SdNotify(false, "STATUS="+line) }

// Alive feeds the watchdog of a service with WatchdogSec.
func (s systemd) Alive() {
	if timeout, err := sd.SdWatchdogEnabled(false); err == nil && timeout > 0 {
		s.notify(sd.SdNotifyWatchdog)
	}
}

func (s systemd) notify(state string) {
	if _, err := sd.SdNotify(false, state); err != nil {
		s.log.Warn("sd_notify failed", "error", err)
	}
}
