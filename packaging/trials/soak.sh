#!/usr/bin/env bash
# Runs PHOTOS small photos (0.05 MP) through one daemon. Prints memory and open
# files of the daemon and its worker at the start, in the middle and at the end.
#   packaging/trials/soak.sh [PHOTOS]     (10000)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
n=${1:-10000}
burnish=$PWD/bin/burnish photo=$PWD/packaging/demo/photos/dune-q10.jpg
dir=$(mktemp -d)
daemon=
# shellcheck disable=SC2317,SC2329 # by the trap
end() { [ -z "$daemon" ] || kill "$daemon" 2>/dev/null || true; wait; rm -rf "$dir"; }
trap end EXIT
mkdir "$dir/in"
cat >"$dir/small.yaml" <<YAML
version: 1
pipelines: {small: {steps: [{resize: {width: 270, height: 270}}], outputs: [{path: small.jpg, provenance: false}]}}
YAML
cat >"$dir/burnish.yaml" <<YAML
version: 1
state_dir: ./state
watch: [{folder: ./in, pipeline: small, output: ./out, settle: 200ms}]
pipelines: {small: {steps: [{resize: {width: 128, height: 128}}, {sharpen: {sigma: 0.5}}], outputs: [{path: "{dir}/{stem}.jpg"}, {path: "{dir}/{stem}.webp"}]}}
YAML
"$burnish" apply -c "$dir/small.yaml" "$photo" -o "$dir" >/dev/null
(cd "$dir" && exec "$burnish" run -c burnish.yaml) 2>"$dir/log" &
daemon=$!
until [ -S "$dir/state/control.sock" ]; do sleep 0.1; done

figures() { # WHEN
  local pid
  for pid in $daemon $(cat "/proc/$daemon"/task/*/children); do
    # Pages of files, libraries and what was looked at of the ledger, are shared and the kernel may take them back.
    awk -v when="$1" -v name="$([ "$pid" = "$daemon" ] && echo daemon || echo worker)" -v open="$(find "/proc/$pid/fd" -mindepth 1 | wc -l)" '
      /^RssAnon|^RssShmem/ {own += $2}
      /^RssFile/ {file = $2}
      /^[0-9a-f]+-/ {mapped = /ledger/}
      /^Rss:/ && mapped {ledger += $2}
      END {printf "%-8s %s  %3d MiB its own, %3d MiB of files (the ledger %d), %3d files open\n", when, name, own / 1024, file / 1024, ledger / 1024, open}
    ' "/proc/$pid/status" "/proc/$pid/smaps"
  done
}
ready() { find "$dir/out" -name '*.webp' 2>/dev/null | wc -l; }
drop() { # FROM TO
  local i
  for ((i = $1; i <= $2; i++)); do
    { cat "$dir/small.jpg"; printf '%d' "$i"; } >"$dir/new" # bytes after the end marker: no two are equal
    mkdir -p "$dir/in/$((i / 500))"
    mv "$dir/new" "$dir/in/$((i / 500))/$i.jpg"
  done
}
await() { # COUNT
  local last=-1 now
  while now=$(ready); [ "$now" -lt "$1" ]; do
    [ "$now" != "$last" ] || { echo "soak: stuck at $now of $1 photos"; tail -5 "$dir/log"; exit 1; }
    last=$now
    sleep 20
  done
}
began=$SECONDS
drop 1 $((n / 10)); until [ "$(ready)" -ge $((n / 10)) ]; do sleep 1; done
figures start
drop $((n / 10 + 1)) $((n / 2)); await $((n / 2))
figures middle
drop $((n / 2 + 1)) "$n"; await "$n"
figures end
echo "$n photos in $((SECONDS - began)) s, $(grep -c level=ERROR "$dir/log" || true) errors logged"
