#!/usr/bin/env bash
# Packs bin/burnish and tries the package in fresh Debians, 12 and 13, booted with
# systemd; ends with a table of what was shown.   package-test.sh [VERSION]
#
# SUITES (default 'bookworm trixie'), SCRATCH and OLDER as of test-systemd.sh; OLDER
# is built from the last release by default. Needs root and the Debian archive.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
die() { echo "package-test: $*" >&2; exit 1; }
[ "$(id -u)" = 0 ] || die "needs root: sudo make package-test"
log=$(mktemp -d)
trap 'rm -rf "$log"' EXIT

deb=$(packaging/package.sh "${1:-unknown}" | tail -n 1)
rpm=$(FORMAT=rpm packaging/package.sh "${1:-unknown}" | tail -n 1)
said=$(lintian --fail-on error,warning --allow-root "$deb" 2>&1) || die "lintian: $said"
requires=$(rpm -qp --requires "$rpm")
for library in libvips.so.42 libjpeg.so.62 libwebp.so.7; do grep -q "^$library" <<<"$requires" || die "the RPM does not require $library"; done
diff <(dpkg-deb --fsys-tarfile "$deb" | tar -t | sed 's,^\.,,; s,/$,,' | sort) <(rpm -qpl "$rpm" | sort) |
	grep -E '/(bin|lib|etc|man|systemd)/.*\.(gz|service|yaml|so.*)$|/usr/bin/' && die "the .deb and the RPM have other files"
older=${OLDER:-$(packaging/proof/older.sh)}

for suite in ${SUITES:-bookworm trixie}; do
	SUITE=$suite OLDER=$older packaging/test-systemd.sh "$deb" 2>&1 | tee "$log/$suite"
done
printf '\n%s, lintian: no error and no warning; %s: the same files\n' "${deb##*/}" "${rpm##*/}"
cat "$log"/* | grep -h '^| '
