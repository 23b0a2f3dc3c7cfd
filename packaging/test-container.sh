#!/usr/bin/env bash
# Starts the image that container.sh built: as root, which becomes PUID:PGID, and
# as another user. Each must restore a photo, and no output may belong to root.
#
#   packaging/test-container.sh [TAG]      (default: burnish:latest)
#
# BUILDAH_ARGS as for container.sh. Wants root, to make folders of two users.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
die() { echo "test-container: $*" >&2; exit 1; }
[ "$(id -u)" = 0 ] || die "needs root: sudo $0"
read -ra arguments <<<"${BUILDAH_ARGS:-}"
work=$(mktemp -d)
container=$(buildah from "${1:-burnish:latest}")
trap 'rm -rf "$work"; buildah rm "$container" >/dev/null' EXIT
chmod 0755 "$work"
try() { # try USER OWNER: a container of USER writes outputs of OWNER
	local in=$work/in-$2 out=$work/out-$2 output
	mkdir "$in" "$out"
	cp packaging/demo/photos/dune-q10.jpg "$in/a.jpg"
	chown "$2:$2" "$out"
	buildah run "${arguments[@]}" --user "$1" --env PUID=1001 --env PGID=1001 \
		-v "$in:/photos/in:ro" -v "$out:/photos/out" "$container" -- entrypoint run --once
	for output in a.restored.jpg a.web.webp thumbs/a.jpg; do
		[ -s "$out/$output" ] || die "no $output from a container of user $1"
		[ "$(stat -c %u "$out/$output")" = "$2" ] || die "$output of a container of user $1 belongs to $(stat -c %U "$out/$output")"
	done
}
try 0:0 1001
buildah run "${arguments[@]}" "$container" -- rm -rf /state/burnish
try 1234:1234 1234
echo "test-container: ok"
