#!/usr/bin/env bash
# Installs the .deb in a Debian of its own, booted with a real systemd, and sees
# the service work; ends with a table of what was shown. Needs root and the
# Debian archive; five minutes, and more the first time.
#
#   packaging/test-systemd.sh [DEB]    (default: the newest in dist)
#
# SUITE is bookworm (default) or trixie. OLDER is a package of an earlier version
# to upgrade from. STEPS are functions of packaging/proof to run instead of all:
# prove_install, and what is to be tried. SCRATCH (default /var/tmp/burnish-systemd) keeps the bare
# Debian for the next run; apt's configuration is the host's.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
readonly scratch=${SCRATCH:-/var/tmp/burnish-systemd} suite=${SUITE:-bookworm} older=${OLDER:-}
readonly drop=$scratch/ingest camera=$scratch/camera
# shellcheck disable=SC2034 # the parts use it
readonly photo=packaging/demo/photos/mountain-q20.jpg
for part in machine service port folders faults versions guides page; do
	# shellcheck source=/dev/null
	. "packaging/proof/$part.sh"
done
newest() { find dist -maxdepth 1 -name "burnish_*_$(dpkg --print-architecture).deb" -printf '%T@ %p\n' 2>/dev/null | sort -rn | head -n1 | cut -d' ' -f2; }

[ "$(id -u)" = 0 ] || die "systemd-nspawn needs root: sudo $0"
deb=${1:-$(newest)}
[ -f "$deb" ] || die "no package found: make deb"
packaging/setup.sh systemd page
mkdir -p "$scratch"
bare
rm -rf "$drop" "$camera"
mkdir -p "$drop"
install -d -m 0700 -o 1000 -g 1000 "$camera"
: >"$scratch/apt.log"

finish() {
	local status=$?
	if [ $status != 0 ] && [ -n "$leader" ]; then journal -n 40 || true; fi
	remove_visitor
	halt
	[ $status != 0 ] || { say "$suite: ok"; table; }
	exit $status
}
trap finish EXIT
say "boot $suite"
boot --bind="$drop:/var/lib/burnish/ingest" --bind="$camera:/srv/camera"
inside systemctl --version | head -n1
if [ -n "$older" ]; then first='prove_upgrade prove_downgrade'; else first=prove_install; fi
for step in ${STEPS:-$first prove_photo prove_conffile prove_page prove_sandbox prove_port prove_second_start prove_reload prove_instances \
	prove_bind_mount prove_home plain_again prove_killed_worker prove_restart prove_crash prove_full_disk \
	prove_faulty_start prove_session prove_guides prove_removal}; do
	allow_starts
	$step
done
