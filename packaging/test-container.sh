#!/usr/bin/env bash
# Starts the image that container.sh built: as root, which becomes PUID:PGID, and
# as another user. Each must restore a photo, no output may belong to root, and
# HEALTHCHECK must tell whether the daemon runs.
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
image=${1:-burnish:latest}
container=$(buildah from "$image")
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
# health USER: what the image's HEALTHCHECK runs is content with a daemon, and
# not without one.
health() {
	local said
	# shellcheck disable=SC2016 # variables of the container's shell
	buildah run "${arguments[@]}" --user "$1" --env PUID=1001 --env PGID=1001 -v "$work/in-${1%:*}:/photos/in:ro" -v "$work/out-${1%:*}:/photos/out" "$container" -- \
		sh -ec 'check() { entrypoint health; }
			! check || { echo "content without a daemon"; exit 1; }
			entrypoint run & daemon=$!
			for i in $(seq 60); do ! check || break; sleep 1; done
			check
			kill -TERM $daemon
			wait $daemon' >"$work/health" 2>&1 || { cat "$work/health" >&2; die "the health check of a container of user $1 fails"; }
	said=$(buildah inspect --type image --format '{{.Docker.Config.Healthcheck.Test}}' "$image")
	[ "$said" = '[CMD entrypoint health]' ] || die "HEALTHCHECK is $said"
}
try 0:0 1001
ln -s in-1001 "$work/in-0" && ln -s out-1001 "$work/out-0"
health 0:0
buildah run "${arguments[@]}" "$container" -- rm -rf /state/burnish
try 1234:1234 1234
health 1234:1234
echo "test-container: ok"
