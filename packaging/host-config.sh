#!/usr/bin/env bash
# Gives a Debian in ROOT this host's way to the package registries, whatever it
# is (mirrors, proxies, certificates), so that the scripts that test in a
# Debian of their own work where this host's clients work. Only files are
# copied, none is kept in the repository.   host-config.sh ROOT
set -euo pipefail
readonly root=$1
[ -d "$root/etc/apt" ] || { echo "host-config: $root is not a Debian system" >&2; exit 1; }

rm -rf "$root"/etc/apt/sources.list "$root"/etc/apt/sources.list.d
for f in etc/apt/{sources.list,sources.list.d,auth.conf,auth.conf.d,apt.conf,apt.conf.d,keyrings,trusted.gpg,trusted.gpg.d} \
	etc/ssl/certs usr/local/share/ca-certificates usr/share/ca-certificates etc/pip.conf etc/npmrc \
	root/.npmrc root/.config/pip root/.config/go; do
	[ -e "/$f" ] || continue
	mkdir -p "$root/$(dirname "$f")"
	cp -a "/$f" "$root/$(dirname "$f")/"
done
# Debug-time hooks of the host's other tools do not exist in there.
rm -f "$root"/etc/apt/apt.conf.d/{20packagekit,50appstream}
cp -L /etc/resolv.conf "$root/etc/resolv.conf"
cp -L /etc/hosts "$root/etc/hosts"
