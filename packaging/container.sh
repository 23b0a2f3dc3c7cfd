#!/usr/bin/env bash
# Builds the container image of bin/burnish.
#
#   packaging/container.sh [--cuda] [TAG]      (default: burnish:latest)
#
# --cuda adds NVIDIA's libraries of CUDA 13 (3 GB), for a GPU build of ONNX
# Runtime; CUDA is the list of their packages on PyPI. BASE is the image to build
# on (default debian:bookworm-slim); "debootstrap" makes one from the Debian
# archive, as root, with this host's way to it. BUILDAH_ARGS are further arguments
# for buildah, such as --isolation=chroot in a container.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
die() { echo "container: $*" >&2; exit 1; }
read -ra arguments <<<"${BUILDAH_ARGS:-}"
command -v buildah >/dev/null || die "buildah not found: apt-get install buildah"
if [ "${1:-}" = --cuda ]; then
	shift
	CUDA=${CUDA:-nvidia-cuda-runtime==13.* nvidia-cublas==13.* nvidia-curand==10.* nvidia-cufft==12.* nvidia-cudnn-cu13==9.*}
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ "${BASE:-}" = debootstrap ]; then
	packaging/setup.sh systemd
	debootstrap --variant=minbase --include=ca-certificates bookworm "$work/root" >"$work/log" 2>&1 || { tail -n 5 "$work/log" >&2; die "debootstrap failed"; }
	packaging/host-config.sh "$work/root"
	container=$(buildah from scratch)
	buildah add -q "$container" "$work/root" / >/dev/null
	buildah commit -q --rm "$container" localhost/burnish-base:bookworm >/dev/null
	rm -rf "$work/root"
	BASE=localhost/burnish-base:bookworm
fi
cp "$(packaging/package.sh "$(git describe --tags --always --dirty 2>/dev/null || echo unknown)" | tail -n 1)" "$work/burnish.deb"
cp packaging/container/{entrypoint.sh,burnish.yaml} "$work/"
buildah bud "${arguments[@]}" --format docker ${BASE:+--build-arg BASE="$BASE"} ${CUDA:+--build-arg CUDA="$CUDA"} -t "${1:-burnish:latest}" \
	-f packaging/container/Containerfile "$work"
