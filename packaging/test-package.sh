#!/usr/bin/env bash
# Judges bin/burnish and what a package of it says: position-independent and
# without anything to relocate at run time, versions that grow from commit to
# commit, dependencies by the names of Debian 12 and 13.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
die() { echo "test-package: $*" >&2; exit 1; }
readonly binary=${1:-bin/burnish}
[ -x "$binary" ] || die "$binary not found: make build"

readelf -hW "$binary" | grep -Eq 'Type:[[:space:]]+DYN' || die "$binary is not position-independent (PIE)"
readelf -lW "$binary" | grep -q INTERP || die "$binary is not a program"
readelf -lW "$binary" | grep -q GNU_RELRO || die "$binary has no segment that is read-only after relocation (RELRO)"
readelf -dW "$binary" | grep -Eq 'FLAGS_1.*NOW.*PIE|FLAGS_1.*PIE.*NOW' || die "$binary is not linked with -z now, or is not a PIE"
readelf -lW "$binary" | grep -E 'GNU_STACK.*RWE' && die "$binary has an executable stack"
readelf -dW "$binary" | grep -q TEXTREL && die "$binary has text relocations"

if git rev-parse -q --verify HEAD~60 >/dev/null 2>&1; then
	older=
	for commit in $(git rev-list --first-parent --reverse HEAD~60..HEAD); do
		version=$(packaging/version.sh "$(git rev-parse --short "$commit")" "$commit")
		[ -z "$older" ] || dpkg --compare-versions "$older" lt "$version" || die "$version does not sort after $older, which it follows"
		older=$version
	done
	dpkg --compare-versions "$older" lt "$(packaging/version.sh v0.1.0)" || die "$older does not sort before the first release"
fi
[ "$(packaging/version.sh v1.2.3-4-gabc)" = 1.2.3+4.gabc ] || die "v1.2.3-4-gabc becomes $(packaging/version.sh v1.2.3-4-gabc)"

for package in libvips42t64 libglib2.0-0t64 libheif-plugin-aomenc libheif-plugin-x265; do
	grep -q -- "$package" packaging/nfpm.yaml || die "the package does not name $package, as Debian 13 does"
done
echo "test-package: ok"
