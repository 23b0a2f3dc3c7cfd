#!/bin/sh
set -e
if [ "$1" = configure ] || [ "$1" = abort-upgrade ]; then
	systemd-sysusers /usr/lib/sysusers.d/burnish.conf
	systemd-tmpfiles --create /usr/lib/tmpfiles.d/burnish.conf || true
	deb-systemd-helper unmask burnish.service >/dev/null || true
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
