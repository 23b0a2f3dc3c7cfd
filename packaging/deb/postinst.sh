#!/bin/sh
set -e
if [ "$1" = configure ] || [ "$1" = abort-upgrade ]; then
	systemd-sysusers /usr/lib/sysusers.d/burnish.conf
	systemd-tmpfiles --create /usr/lib/tmpfiles.d/burnish.conf || true
	deb-systemd-helper unmask burnish.service burnish.socket >/dev/null || true
	# The port is opened where an administrator has enabled it.
	if deb-systemd-helper debian-installed burnish.socket && deb-systemd-helper --quiet was-enabled burnish.socket; then
		deb-systemd-helper enable burnish.socket >/dev/null || true
	fi
	deb-systemd-helper update-state burnish.socket >/dev/null || true
	if deb-systemd-helper --quiet was-enabled burnish.service; then
		deb-systemd-helper enable burnish.service >/dev/null || true
	else
		deb-systemd-helper update-state burnish.service >/dev/null || true
	fi
	if [ -d /run/systemd/system ]; then
		systemctl --system daemon-reload >/dev/null || true
		if [ -n "$2" ]; then action=restart; else action=start; fi
		deb-systemd-invoke "$action" burnish.service >/dev/null || true
		for unit in $(systemctl list-units --plain --no-legend 'burnish@*.service' | cut -d' ' -f1); do
			deb-systemd-invoke restart "$unit" >/dev/null || true
		done
	fi
fi
