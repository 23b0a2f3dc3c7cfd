#!/usr/bin/env bash
# Malformed files: one round through the daemon with the model, then ROUNDS rounds
# in random order with decoding and resizing only, with the race detector.
#   packaging/trials/hostile.sh [ROUNDS [FOLDER]]     (20 ../shared/data/hostile)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
rounds=${1:-20} data=$(realpath "${2:-../shared/data/hostile}")
burnish=$PWD/bin/burnish
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/in"
find "$data" -maxdepth 1 -type f ! -name '*.tsv' -exec cp -t "$dir/in" {} +
(cd "$dir/in" && sha256sum -- *) >"$dir/before"
cat >"$dir/burnish.yaml" <<YAML
version: 1
state_dir: ./state
watch: [{folder: ./in, pipeline: restore, output: ./out, settle: 200ms, allow_formats: [jxl]}]
worker: {stall_timeout: 30s}
pipelines: {restore: {steps: [{promptcir: {skip: never}}, {thumbnail: {}}], outputs: [{path: "{stem}-{hash}.png"}]}}
YAML
began=$SECONDS status=0
(cd "$dir" && "$burnish" -v run -c burnish.yaml --once) 2>"$dir/log" || status=$?
count() { grep -c -- "$1" "$dir/log" || true; }
# The summary names every failure; log lines that are alike are folded.
read -r finished failed < <(sed -n 's/^\([0-9]*\) photos\{0,1\} done, \([0-9]*\) failed:$/\1 \2/p' "$dir/log")
total=$(wc -l <"$dir/before") passed=$(count msg=skipped)
echo "with the model: $total files in $((SECONDS - began)) s: $finished done, $passed skipped, $failed failed, each with its reason; exit status $status"
[ $((finished + passed + failed)) = "$total" ] || { echo "hostile: $((total - finished - passed - failed)) files are not accounted for"; exit 1; }
[ "$(sed '1,/^[0-9]* photos\{0,1\} done,/d' "$dir/log" | grep -c "^  $dir/in/.*: .")" = "$failed" ] || { echo "hostile: a failure without a reason"; exit 1; }
died=$(count 'worker crashed')
echo "crashes of the worker process: $died; without progress for 30 s: $(count 'made no progress')"
[ "$died" = 0 ] || grep 'worker crashed' "$dir/log"
(cd "$dir/in" && sha256sum --quiet -c ../before)
[ "$status" = 1 ] || { echo "hostile: some files must fail and the daemon must exit with 1"; tail -5 "$dir/log"; exit 1; }
grep -q 'panic\|SIGSEGV' "$dir/log" && { echo "hostile: a crash"; exit 1; }

HOSTILE_DATA=$data HOSTILE_ROUNDS=$rounds go test -race -count 1 -timeout 1h -run TestHostile -v ./plugin 2>/dev/null | grep 'round [0-9]\|^--- \|^ok\|^FAIL'
