#!/bin/sh
# $1 is how many versions are installed now: 1 is the first installation. The
# distribution's presets decide whether the service starts.
set -e
systemd-sysusers /usr/lib/sysusers.d/burnish.conf
systemd-tmpfiles --create /usr/lib/tmpfiles.d/burnish.conf || true
if [ "$1" = 1 ]; then
	systemctl --no-reload preset burnish.service >/dev/null 2>&1 || true
fi
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload || true
	[ "$1" = 1 ] || systemctl try-restart burnish.service 'burnish@*.service' || true
fi
