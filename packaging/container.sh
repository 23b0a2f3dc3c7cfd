#!/usr/bin/env bash
# Builds the container image of bin/burnish.
#
#   packaging/container.sh [TAG]      (default: burnish:latest)
#
# BASE is the image to build on (default debian:bookworm-slim). BUILDAH_ARGS are
# further arguments for buildah, such as --isolation=chroot in a container.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
die() { echo "container: $*" >&2; exit 1; }
read -ra arguments <<<"${BUILDAH_ARGS:-}"
command -v buildah >/dev/null || die "buildah not found: apt-get install buildah"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$(packaging/package.sh "$(git describe --tags --always --dirty 2>/dev/null || echo unknown)" | tail -n 1)" "$work/burnish.deb"
cp packaging/container/{entrypoint.sh,burnish.yaml} "$work/"
buildah bud "${arguments[@]}" --format docker ${BASE:+--build-arg BASE="$BASE"} -t "${1:-burnish:latest}" \
	-f packaging/container/Containerfile "$work"
