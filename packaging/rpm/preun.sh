#!/bin/sh
# $1 is how many versions stay: 0 is a removal, 1 an upgrade.
set -e
if [ "$1" = 0 ]; then
	systemctl --no-reload disable burnish.service burnish.socket >/dev/null 2>&1 || true
	[ ! -d /run/systemd/system ] || systemctl stop burnish.socket burnish.service 'burnish@*.service' || true
fi
