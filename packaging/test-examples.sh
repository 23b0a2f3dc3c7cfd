#!/usr/bin/env bash
# Every configuration that ships passes `burnish check` without a warning, in a
# folder where what it watches exists.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
[ -x bin/burnish ] || { echo "test-examples: bin/burnish not found: make build" >&2; exit 1; }

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
passed=0 failed=0
for file in packaging/examples/*.yaml packaging/demo/burnish.yaml packaging/deb/burnish.yaml; do
	dir=$scratch/$((passed + failed))
	mkdir "$dir"
	# What lies at an absolute path (the service's folders, a GPU build) is not
	# here: it gets a stand-in beside the file.
	sed 's|/var/lib/burnish|.|; s|/opt/onnxruntime|./onnxruntime|' "$file" >"$dir/burnish.yaml"
	sed -n 's/^ *- folder: //p' "$dir/burnish.yaml" | while read -r folder; do mkdir -p "$dir/$folder"; done
	sed -n 's/^ *library: //p' "$dir/burnish.yaml" | while read -r library; do install -D /dev/null "$dir/$library"; done
	if said=$(bin/burnish check -c "$dir/burnish.yaml" 2>&1) && [[ $said == *" 0 warnings"* ]]; then
		passed=$((passed + 1))
	else
		echo "$file: ${said//"$dir/burnish.yaml"/line}" >&2
		failed=$((failed + 1))
	fi
done
echo "configurations: $passed passed, $failed failed"
[ "$failed" = 0 ]
