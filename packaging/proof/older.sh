#!/usr/bin/env bash
# Builds the package of an earlier commit, once, and prints its path.
#
#   packaging/proof/older.sh [COMMIT]    (default: the last release, by its tag)
#
# Until there is a release, the default is the last commit before the page.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
die() { echo "older: $*" >&2; exit 1; }
commit=${1:-$(git describe --tags --abbrev=0 HEAD^ 2>/dev/null || echo f4380eb)}
commit=$(git rev-parse --verify "$commit^{commit}") || die "no commit $commit here: fetch the whole history"
version=$(packaging/version.sh "$(git describe --tags --always "$commit")" "$commit")
package=dist/older/burnish_${version}_$(dpkg --print-architecture).deb
if [ ! -f "$package" ]; then
	tree=$(mktemp -d)
	trap 'rm -rf "$tree"' EXIT
	git clone -q --shared . "$tree/burnish"
	git -C "$tree/burnish" checkout -q --detach "$commit"
	mkdir -p "$tree/burnish/bin"
	cp -R bin/lib "$tree/burnish/bin/"
	make -s -C "$tree/burnish" deb >&2
	mkdir -p dist/older
	cp "$tree/burnish/dist/${package##*/}" "$package"
fi
echo "$package"
