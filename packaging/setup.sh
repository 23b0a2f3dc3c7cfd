#!/usr/bin/env bash
# Installs what building, testing and packaging Burnish need, group by group.
#
#   packaging/setup.sh [build] [test] [train] [page] [lint] [systemd] [arm64] [package] [vm]      (default: build)
#
#   build    C compiler, pkg-config, libvips; ONNX Runtime in bin/lib
#   test     Python, PyTorch and NumPy from Debian; ONNX tools in .venv
#   train    PyTorch from PyPI in .venv-train (7 GB, a few minutes)
#   page     Chromium from Debian; axe-core in .cache/axe, for the tests of the page
#   lint     shellcheck; golangci-lint in .cache/tools
#   systemd  debootstrap and systemd-nspawn, for the scripts that test a
#            package or a fresh checkout in a Debian container
#   arm64    those and ONNX Runtime for arm64 in .cache, to build for it
#   package  lintian and rpm, which judge packages
#   vm       QEMU and busybox, for the script that changes a machine's clock
#
# For Debian 12 with Go 1.26 and npm. It installs only what is missing: a second
# run takes a second and needs no network.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly ORT_VERSION=1.27.0
readonly ORT_TARBALL_SHA512=404cc6c2bbcd060bf8b8f55d9db1ec3861b81ba4fdea676570523c68028f8cc53cc0e3e956870f5dbea4dd01a46996a0553bf61bd0679dba3a67725d5ebd5f43
readonly ORT_LIB_SHA256_x64=d8aff4aa8abee8fb2abb2f2f2459ffc94461e781e41b9f7c072829dd0d470221
readonly ORT_LIB_SHA256_arm64=c36bc200e7e6c093b8abb0b34590fbdd8c52fd3fb5e33795b9523ffdde2fce0f
readonly AXE_VERSION=4.14.1
readonly AXE_TARBALL_SHA512=1477dafa598d8d065f273d6af302aa203c02e83131707b7fa648cd41bd3d6b734f8c22a0dab86ee6a6f64b8afbe804b214d36db85a2826965edfb3a0b9d546b5
readonly GOLANGCI_VERSION=v2.15.0

readonly BUILD_PACKAGES=(ca-certificates gcc libc6-dev libjpeg-dev libvips-dev libwebp-dev pkg-config)
readonly TEST_PACKAGES=(libvips-tools python3 python3-numpy python3-pil python3-pytest
	python3-scipy python3-torch python3-venv)
# From Debian 13 on, libheif's encoders are packages of their own.
readonly ENCODER_PACKAGES=(libheif-plugin-aomenc libheif-plugin-x265)
readonly TRAIN_PACKAGES=(gcc libc6-dev python3 python3-venv)
readonly PAGE_PACKAGES=(chromium)
readonly LINT_PACKAGES=(shellcheck)
readonly SYSTEMD_PACKAGES=(debootstrap systemd-container)
readonly PACKAGE_PACKAGES=(lintian rpm man-db)
readonly VM_PACKAGES=(qemu-system-x86 busybox-static cpio)

say() { printf 'setup: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }
need() { command -v "$1" >/dev/null || die "$1 not found: $2"; }

as_root() {
	if [ "$(id -u)" = 0 ]; then
		env DEBIAN_FRONTEND=noninteractive "$@"
	elif command -v sudo >/dev/null; then
		sudo env DEBIAN_FRONTEND=noninteractive "$@"
	else
		die "this needs root: run as root or install sudo, or have an administrator run: $*"
	fi
}

# apt_need PACKAGE...: installs those that are missing, and only those.
apt_need() {
	local missing=() p
	command -v dpkg-query >/dev/null ||
		die "no dpkg here: install the equivalents of: $*, then build with: go build ./cmd/burnish"
	for p in "$@"; do
		[ "$(dpkg-query -W -f='${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || missing+=("$p")
	done
	[ ${#missing[@]} = 0 ] && return
	say "installing ${missing[*]}"
	mkdir -p .cache
	{ as_root apt-get update -q && as_root apt-get install -q -y --no-install-recommends "${missing[@]}"; } \
		>.cache/apt.log 2>&1 || { tail -n 20 .cache/apt.log >&2; die "apt-get failed: the whole log is .cache/apt.log"; }
}

# apt_offers PACKAGE...: those of them that this Debian has.
apt_offers() {
	local p
	for p in "$@"; do
		if apt-cache show "$p" >/dev/null 2>&1; then echo "$p"; fi
	done
}

matches() { echo "$2  $3" | "$1" --check --status - 2>/dev/null; } # matches sha256sum SUM FILE

go_need() {
	need go "install Go 1.26 or newer"
	local v minor
	v=$(go env GOVERSION) || die "go env failed: is the Go installation complete?"
	minor=${v#go1.}; minor=${minor%%[!0-9]*}
	[ "${minor:-0}" -ge 26 ] || die "Go 1.26 or newer needed, found $v"
}

# onnxruntime MACHINE FILE: the library for that kind of processor.
onnxruntime() {
	local arch sum tarball=.cache/onnxruntime-node-$ORT_VERSION.tgz lib=$2
	case $1 in
	x86_64) arch=x64 sum=$ORT_LIB_SHA256_x64 ;;
	aarch64) arch=arm64 sum=$ORT_LIB_SHA256_arm64 ;;
	*) die "no ONNX Runtime is available for $1: build one and set restore.runtime.library" ;;
	esac
	matches sha256sum "$sum" "$lib" && return

	if ! matches sha512sum "$ORT_TARBALL_SHA512" "$tarball"; then
		need npm "install Debian's package npm"
		say "fetching ONNX Runtime $ORT_VERSION (100 MB)"
		mkdir -p .cache
		npm pack --silent --pack-destination .cache "onnxruntime-node@$ORT_VERSION" </dev/null >/dev/null ||
			die "npm pack onnxruntime-node@$ORT_VERSION failed: is the npm registry reachable?"
		matches sha512sum "$ORT_TARBALL_SHA512" "$tarball" ||
			die "$tarball has the wrong SHA-512: delete it and try again"
	fi
	mkdir -p "${lib%/*}"
	tar -xzOf "$tarball" "package/bin/napi-v6/linux/$arch/libonnxruntime.so.1" >"$lib.part"
	matches sha256sum "$sum" "$lib.part" || die "the library in $tarball has the wrong SHA-256"
	mv "$lib.part" "$lib"
}

# python_env FOLDER REQUIREMENTS [OPTION...]: an environment of Debian's interpreter with these packages.
python_env() {
	local env=$1 req=$2
	shift 2
	[ -f "$req" ] || die "$req not found"
	cmp -s "$req" "$env/.requirements" && [ -x "$env/bin/python" ] && return
	say "installing the Python packages of $req into $env"
	# Debian's interpreter by its path: its PyTorch belongs to no other.
	/usr/bin/python3 -m venv --clear "$@" "$env"
	"$env/bin/python" -m pip install -q --disable-pip-version-check -r "$req" </dev/null ||
		die "pip install -r $req failed: is the Python package index reachable?"
	cp "$req" "$env/.requirements"
}

axe() {
	local tarball=.cache/axe-core-$AXE_VERSION.tgz
	if ! matches sha512sum "$AXE_TARBALL_SHA512" "$tarball"; then
		need npm "install Debian's package npm"
		npm pack --silent --pack-destination .cache "axe-core@$AXE_VERSION" </dev/null >/dev/null ||
			die "npm pack axe-core@$AXE_VERSION failed: is the npm registry reachable?"
		matches sha512sum "$AXE_TARBALL_SHA512" "$tarball" ||
			die "$tarball has the wrong SHA-512: delete it and try again"
	elif [ .cache/axe/axe.min.js -nt "$tarball" ]; then
		return
	fi
	mkdir -p .cache/axe
	tar -xzOf "$tarball" package/axe.min.js >.cache/axe/axe.min.js.part
	mv .cache/axe/axe.min.js.part .cache/axe/axe.min.js
}

golangci() {
	local dir=.cache/tools/golangci-lint-$GOLANGCI_VERSION
	if [ ! -x "$dir/golangci-lint" ]; then
		say "building golangci-lint $GOLANGCI_VERSION (a few minutes, once)"
		GOBIN=$PWD/$dir GOFLAGS=-mod=mod go install "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$GOLANGCI_VERSION" \
			2>.cache/golangci.log || { tail -n 20 .cache/golangci.log >&2; die "building golangci-lint failed"; }
	fi
	ln -sfn "${dir##*/}/golangci-lint" .cache/tools/golangci-lint
}

[ $# -gt 0 ] || set -- build
mkdir -p .cache
for group in "$@"; do
	case $group in
	build) go_need; apt_need "${BUILD_PACKAGES[@]}"; onnxruntime "$(uname -m)" bin/lib/libonnxruntime.so.1 ;;
	test)
		mapfile -t encoders < <(apt_offers "${ENCODER_PACKAGES[@]}")
		apt_need "${TEST_PACKAGES[@]}" "${encoders[@]}"
		python_env .venv model/requirements.txt --system-site-packages
		;;
	train)
		apt_need "${TRAIN_PACKAGES[@]}"
		python_env .venv-train model/requirements-train.txt
		;;
	page) apt_need "${PAGE_PACKAGES[@]}"; axe ;;
	lint) go_need; apt_need "${LINT_PACKAGES[@]}"; golangci ;;
	arm64) go_need; apt_need "${SYSTEMD_PACKAGES[@]}"; onnxruntime aarch64 .cache/arm64/libonnxruntime.so.1 ;;
	package) apt_need "${PACKAGE_PACKAGES[@]}" ;;
	systemd) apt_need "${SYSTEMD_PACKAGES[@]}" ;;
	vm) apt_need "${VM_PACKAGES[@]}" ;;
	*) die "unknown group $group: build, test, train, page, lint, systemd, arm64, package or vm" ;;
	esac
done
