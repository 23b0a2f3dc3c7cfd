#!/bin/sh
set -e
if [ "$1" = remove ] && command -v deb-systemd-helper >/dev/null; then
	deb-systemd-helper mask burnish.service burnish.socket >/dev/null || true
fi
if [ "$1" = purge ]; then
	if command -v deb-systemd-helper >/dev/null; then
		deb-systemd-helper purge burnish.service burnish.socket >/dev/null || true
		deb-systemd-helper unmask burnish.service burnish.socket >/dev/null || true
	fi
	# What Burnish noted about its work goes; photos, in or out, never do, nor
	# does what belongs to instances of burnish@.service.
	rm -rf /var/lib/burnish/state
	rmdir --ignore-fail-on-non-empty /var/lib/burnish/ingest /var/lib/burnish/out /var/lib/burnish 2>/dev/null || true
fi
if [ -d /run/systemd/system ]; then
	systemctl --system daemon-reload >/dev/null || true
fi
