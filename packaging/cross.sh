#!/usr/bin/env bash
# Builds Burnish for arm64 on amd64, in a Debian 12 of its own that has the
# compiler and the libraries of arm64, and packs it. Needs root and the Debian
# archive; a quarter of an hour and 3 GB the first time.
#
#   packaging/cross.sh [VERSION]      prints the paths of the .deb and the .rpm
#
# SCRATCH (default /var/tmp/burnish-arm64) keeps that Debian and Go's cache for the
# next run; the clients' configuration is the host's. QEMU=qemu-aarch64-static
# also runs the binary, under emulation.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
readonly scratch=${SCRATCH:-/var/tmp/burnish-arm64} version=${1:-unknown}
readonly root=$scratch/root out=dist/arm64
readonly packages=(crossbuild-essential-arm64 libvips-dev:arm64 libjpeg-dev:arm64 libwebp-dev:arm64 pkg-config libc6-dev)
die() { echo "cross: $*" >&2; exit 1; }
logged() { "$@" >>"$scratch/log" 2>&1 || { tail -n 10 "$scratch/log" >&2; die "failed: $*; the whole log is $scratch/log"; }; }

[ "$(id -u)" = 0 ] || die "systemd-nspawn needs root: sudo $0"
[ -x bin/burnish ] || die "bin/burnish not found: make build (the manual pages are made with it)"
packaging/setup.sh arm64
mkdir -p "$scratch/cache" "$out"
if [ ! -e "$root/.complete" ]; then
	echo "cross: making a Debian with the libraries of arm64, once" >&2
	[ -x "$root/usr/bin/apt-get" ] || logged debootstrap --variant=minbase --include=ca-certificates bookworm "$root"
	packaging/host-config.sh "$root"
	logged systemd-nspawn -D "$root" --register=no --keep-unit --quiet --as-pid2 --pipe --setenv=DEBIAN_FRONTEND=noninteractive \
		bash -ec 'dpkg --add-architecture arm64; apt-get update -q; apt-get install -q -y --no-install-recommends "$@"' - "${packages[@]}" </dev/null
	touch "$root/.complete"
fi

modules=$(go env GOMODCACHE)
go mod download
systemd-nspawn -D "$root" --register=no --keep-unit --quiet --as-pid2 --pipe --chdir=/src \
	--bind-ro="$(go env GOROOT):/usr/local/go" --bind-ro="$modules:/root/go/pkg/mod" --bind="$PWD:/src" --bind="$scratch/cache:/cache" \
	--setenv=PATH=/usr/local/go/bin:/usr/bin:/bin --setenv=HOME=/root --setenv=GOCACHE=/cache --setenv=GOPROXY=off --setenv=GOTOOLCHAIN=local \
	--setenv=GOFLAGS=-buildvcs=false --setenv=GOARCH=arm64 --setenv=CGO_ENABLED=1 \
	--setenv=CC=aarch64-linux-gnu-gcc --setenv=CXX=aarch64-linux-gnu-g++ --setenv=PKG_CONFIG=aarch64-linux-gnu-pkg-config \
	go build -trimpath -buildmode=pie -o "$out/burnish" \
	-ldflags "-s -w -X github.com/burnish-photo/burnish/cmd.version=$version -extldflags '-Wl,-z,relro,-z,now'" ./cmd/burnish </dev/null
readelf -hW "$out/burnish" | grep -q AArch64 || die "$out/burnish is not for arm64"

if [ -n "${QEMU:-}" ]; then # without a network, which takes minutes in emulation
	install -D -m 0644 .cache/arm64/libonnxruntime.so.1 "$out/lib/libonnxruntime.so.1"
	cat >"$out/try.yaml" <<-'END'
		version: 1
		pipelines:
		  try: {steps: [{resize: {width: 100, height: 100}}], outputs: [{path: "{stem}.webp"}]}
	END
	emulated() { "$QEMU" -L "$root" -E LD_LIBRARY_PATH="$root/usr/lib/aarch64-linux-gnu" "$out/burnish" "$@" >&2; }
	emulated version
	emulated apply -c "$out/try.yaml" -o "$out/try" --overwrite packaging/demo/photos/dune-q10.jpg
fi
for format in deb rpm; do
	FORMAT=$format ARCH=arm64 BINARY=$out/burnish LIBRARY=.cache/arm64/libonnxruntime.so.1 packaging/package.sh "$version"
done
