#!/bin/sh
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
	deb-systemd-invoke stop burnish.socket burnish.service >/dev/null || true
	for unit in $(systemctl list-units --plain --no-legend 'burnish@*.service' | cut -d' ' -f1); do
		deb-systemd-invoke stop "$unit" >/dev/null || true
	done
fi
