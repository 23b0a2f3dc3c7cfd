#!/usr/bin/env bash
# Every configuration that ships passes `burnish check` without a warning, in a
# folder where what it watches exists; every compose file is valid, merged with
# the server's that it belongs beside.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
[ -x bin/burnish ] || { echo "test-examples: bin/burnish not found: make build" >&2; exit 1; }

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
passed=0 failed=0
for file in packaging/examples/*.yaml packaging/demo/burnish.yaml packaging/deb/burnish.yaml \
	packaging/systemd/instance.yaml packaging/container/burnish.yaml packaging/container/beside/{immich,photoprism,nextcloud}.yaml; do
	dir=$scratch/$((passed + failed))
	mkdir "$dir"
	# What lies at an absolute path (the service's folders, a GPU build) is not
	# here: it gets a stand-in beside the file.
	sed 's|/var/lib/burnish\(-NAME\)\{0,1\}|.|; s|/photos/|./photos/|; s| /state/| ./state/|; s|/opt/onnxruntime|./onnxruntime|' "$file" >"$dir/burnish.yaml"
	sed -n 's/^ *- {\{0,1\}folder: \([^,]*\).*/\1/p' "$dir/burnish.yaml" | while read -r folder; do mkdir -p "$dir/$folder"; done
	sed -n 's/^ *library: //p' "$dir/burnish.yaml" | while read -r library; do install -D /dev/null "$dir/$library"; done
	if said=$(bin/burnish check -c "$dir/burnish.yaml" 2>&1) && [[ $said == *" 0 warnings"* ]]; then
		passed=$((passed + 1))
	else
		echo "$file: ${said//"$dir/burnish.yaml"/line}" >&2
		failed=$((failed + 1))
	fi
done

readonly COMPOSE=github.com/compose-spec/compose-go/v2/cmd@v2.16.2
valid() { # valid COMPOSE-FILE...
	if said=$(UPLOAD_LOCATION=./library "$scratch/compose" "$@" 2>&1 >/dev/null); then
		passed=$((passed + 1))
	else
		echo "$*: $said" >&2
		failed=$((failed + 1))
	fi
}
GOBIN=$scratch/bin GOFLAGS=-mod=mod go install "$COMPOSE" 2>"$scratch/go.log" || { cat "$scratch/go.log" >&2; exit 1; }
mv "$scratch/bin/cmd" "$scratch/compose"
valid packaging/container/compose.yaml
for server in immich-server:immich photoprism:photoprism nextcloud:nextcloud; do
	printf 'services: {%s: {image: "server:latest"}}\n' "${server%:*}" >"$scratch/server.yaml"
	valid "$scratch/server.yaml" "packaging/container/beside/${server#*:}.compose.yaml"
done
echo "configurations: $passed passed, $failed failed"
[ "$failed" = 0 ]
