#!/usr/bin/env bash
# Packs a binary into a package of Debian or of RPM, from one description.
#
#   packaging/package.sh [VERSION]    (default: unknown) prints the package's path
#
# FORMAT is deb (default) or rpm. ARCH (default: this machine's), BINARY (default
# bin/burnish) and LIBRARY (its ONNX Runtime) name those of another machine; the
# manual pages and licences come from bin/burnish and this source all the same.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
readonly NFPM=github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.45.2

die() { echo "package: $*" >&2; exit 1; }

# licence FILE: its text, and for the Apache License the place of its text in Debian.
licence() {
	sed '/^ *Apache License$/,/END OF TERMS AND CONDITIONS/c\Apache License, Version 2.0: /usr/share/common-licenses/Apache-2.0' "$1"
}

# changelog: as Debian's policy requires; what changed is in the project's own.
changelog() {
	cat <<-END
		burnish ($VERSION) unstable; urgency=medium

		  * The features of this version: /usr/share/doc/burnish/NEWS.md.

		 -- Burnish <burnish@users.noreply.github.com>  $(date -uRd "@$SOURCE_DATE_EPOCH")
	END
}

# copyright: Burnish's own licence and those of everything linked into the binary.
copyright() {
	cat <<-END
		Upstream-Name: burnish
		Source: https://github.com/burnish-photo/burnish
		Comment: /usr/lib/burnish holds the ONNX Runtime library with its licence and
		 third-party notices. The licences of the Go packages in /usr/bin/burnish
		 follow the stanza below, in full. The bundled models have a licence of their
		 own: /usr/share/doc/burnish/models.

		Files: *
		Copyright: the Burnish authors
		License: Apache-2.0
		 On Debian systems the full text is in /usr/share/common-licenses/Apache-2.0.
	END
	local module dir f found
	go list -deps -f '{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}	{{.Dir}}{{end}}{{end}}' ./cmd/burnish | sort -u |
		while IFS=$'\t' read -r module dir; do
			printf '\n======== %s\n' "$module"
			found=
			for f in "$dir"/LICEN[SC]E* "$dir"/UNLICENSE* "$dir"/COPYING* "$dir"/NOTICE*; do
				if [ -f "$f" ]; then printf '\n'; licence "$f"; found=yes; fi
			done
			[ "$found" ] || die "no licence text in $dir"
		done
	printf "\n======== The C API headers of ONNX Runtime\n\n"
	cat ops/network/kernels/onnxruntime/LICENSE
	for f in cmd/page/assets/vendor/*.LICENSE cmd/page/assets/icons/LICENSE; do
		printf '\n======== %s, in the page\n\n' "$f"
		cat "$f"
	done
	printf '\n======== The Go standard library\n\n'
	cat "$(go env GOROOT)/LICENSE"
}

# instances UNIT: the same unit as a template, NAME.yaml for the instance NAME. Its
# socket is a file, since a port serves one instance.
instances() {
	# shellcheck disable=SC2016 # the unit's comment has backquotes
	sed -e 's/^Description=Burnish:/Description=Burnish (%i):/' \
		-e 's,/etc/burnish/burnish\.yaml,/etc/burnish/%i.yaml,' \
		-e 's,^ListenStream=127.0.0.1:8722$,ListenStream=/run/burnish-%i.sock,' \
		-e 's/enable burnish\.socket$/enable burnish@NAME.socket/' -e 's/restart burnish$/restart burnish@NAME/' \
		-e 's/^WantedBy=sockets.target burnish\.service$/WantedBy=sockets.target burnish@%i.service/' \
		-e 's/edit burnish\.socket`/edit burnish@NAME.socket`/' -e 's/^Description=Page and HTTP API of Burnish$/& (%i)/' \
		-e 's/^StateDirectory=burnish$/StateDirectory=burnish-%i/' \
		-e 's,^# /var/lib/burnish holds the folders of the installed configuration\.,# /var/lib/burnish-NAME belongs to the instance NAME: name its state_dir there.,' \
		-e 's/systemctl edit burnish`/systemctl edit burnish@NAME`/' "$1"
}

[ -x bin/burnish ] || die "bin/burnish not found: make build"
format=${FORMAT:-deb}
VERSION=$(packaging/version.sh "${1:-unknown}")
ARCH=${ARCH:-$(dpkg --print-architecture)}
BINARY=${BINARY:-bin/burnish}
LIBRARY=${LIBRARY:-bin/lib/libonnxruntime.so.1}
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || date +%s) # the same files, the same package
export VERSION ARCH BINARY LIBRARY SOURCE_DATE_EPOCH
case $format in
deb) package=dist/burnish_${VERSION}_$ARCH.deb ;;
rpm) package=dist/burnish-$VERSION.$(case $ARCH in amd64) echo x86_64 ;; arm64) echo aarch64 ;; *) echo "$ARCH" ;; esac).rpm ;;
*) die "FORMAT must be deb or rpm, got $format" ;;
esac
mkdir -p dist
STAGE=$(mktemp -d dist/stage.XXXXXX)
trap 'rm -rf "$STAGE"' EXIT
export STAGE
readonly doc=$STAGE/doc
mkdir -p "$doc/models"
copyright >"$doc/copyright"
changelog | gzip -9n >"$doc/changelog.gz"
cp packaging/CHANGELOG.md "$doc/NEWS.md"
install -D -m 0644 -t "$doc/monitoring" packaging/monitoring/burnish.rules.yaml packaging/monitoring/grafana-dashboard.json
# Cards and attributions of the models in the binary: their licence asks for them.
find ops/promptcir/models -maxdepth 1 -type f ! -name '*.go' ! -name '*.onnx' -exec cp -t "$doc/models" {} +
for model in ops/promptcir/models/*.onnx; do
	name=$(basename "$model" .onnx)
	for f in "$name.md" "$name-attribution.tsv"; do
		[ -f "$doc/models/$f" ] || die "the model $name has no $f: its licence asks for it"
	done
done
find "$doc" -type f -exec chmod 0644 {} +
install -D -m 0644 -t "$doc/examples" packaging/systemd/instance.yaml
for unit in service socket; do instances "packaging/systemd/burnish.$unit" >"$STAGE/burnish@.$unit"; done
go run ./packaging/man -burnish bin/burnish -version "$VERSION" -out "$STAGE/man"
said=$(GOFLAGS=-mod=mod go run "$NFPM" package -f packaging/nfpm.yaml -p "$format" -t "$package" 2>&1) ||
	die "nfpm failed: $said"
echo "$package"
