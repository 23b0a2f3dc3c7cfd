#!/bin/sh
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
	deb-systemd-invoke stop burnish.service >/dev/null || true
	systemctl --system stop 'burnish@*.service' >/dev/null || true
fi
