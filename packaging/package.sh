#!/usr/bin/env bash
# Packs bin/burnish into dist/burnish_VERSION_ARCH.deb.  package.sh [VERSION]
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
	printf '\n======== The Go standard library\n\n'
	cat "$(go env GOROOT)/LICENSE"
}

[ -x bin/burnish ] || die "bin/burnish not found: make build"
VERSION=$(packaging/version.sh "${1:-unknown}")
ARCH=$(dpkg --print-architecture)
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || date +%s) # the same files, the same package
export VERSION ARCH SOURCE_DATE_EPOCH
readonly doc=dist/doc
rm -rf "$doc"
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
deb=dist/burnish_${VERSION}_$ARCH.deb
said=$(GOFLAGS=-mod=mod go run "$NFPM" package -f packaging/nfpm.yaml -p deb -t "$deb" 2>&1) ||
	die "nfpm failed: $said"
rm -r "$doc"
echo "$deb"
