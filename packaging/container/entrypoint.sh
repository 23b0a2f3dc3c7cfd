#!/bin/sh
# Starts burnish as a user without privileges. Started as root, it becomes
# PUID:PGID (default 1000:1000); started with --user, it stays that user.
set -e
[ "$(id -u)" = 0 ] || exec burnish "$@"
uid=${PUID:-1000} gid=${PGID:-1000}
for id in "$uid" "$gid"; do
	case $id in
	'' | *[!0-9]*) echo "entrypoint: PUID and PGID must be numbers, got PUID=$uid PGID=$gid" >&2; exit 2 ;;
	esac
done
[ "$(stat -c %u /state)" != 0 ] || chown "$uid:$gid" /state
exec setpriv --reuid="$uid" --regid="$gid" --clear-groups --no-new-privs --inh-caps=-all --bounding-set=-all -- burnish "$@"
