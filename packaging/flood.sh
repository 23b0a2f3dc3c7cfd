#!/usr/bin/env bash
# A flood: PHOTOS small photos that appear in a watched folder at once, and a
# start with FILES other files already there. Prints what was missed, memory,
# latency from event to start, throughput, start-up time and idle CPU.
#   packaging/flood.sh [PHOTOS [FILES]]     (20000 100000)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
photos=${1:-20000} files=${2:-100000}
burnish=$PWD/bin/burnish photo=$PWD/packaging/demo/photos/dune-q10.jpg
dir=$(mktemp -d)
daemon=
# shellcheck disable=SC2317,SC2329 # by the trap
end() { stop; rm -rf "$dir"; }
trap end EXIT
stop() {
	[ -n "$daemon" ] || return 0
	kill "$daemon" 2>/dev/null || true
	wait "$daemon" || true
	daemon=
}
cat >"$dir/burnish.yaml" <<YAML
version: 1
state_dir: ./state
watch: [{folder: ./in, pipeline: small, output: ./out, settle: 200ms}]
limits: {queue: 100000}
pipelines: {small: {steps: [{resize: {width: 64, height: 64}}], outputs: [{path: "{dir}/{stem}.jpg", provenance: false}]}}
YAML
start() {
	began=$(date +%s.%N)
	(cd "$dir" && exec "$burnish" run "$@" -c burnish.yaml) 2>"$dir/log" &
	daemon=$!
}
folders() { "$burnish" status -c "$dir/burnish.yaml" --json 2>/dev/null | tr ',{}' '\n' || true; }
count() { folders | sed -n "s/^\"$1\":\([0-9]*\)$/\1/p" | tail -n1; }
family() { echo "$daemon"; cat "/proc/$daemon"/task/*/children; }
memory() { # of the daemon and its worker, MiB
	local pid sum=0
	for pid in $(family); do sum=$((sum + $(awk '/^VmRSS/ {print $2}' "/proc/$pid/status" 2>/dev/null || echo 0))); done
	echo $((sum / 1024))
}
ticks() {
	local pid sum=0 fields
	for pid in $(family); do
		read -ra fields <"/proc/$pid/stat"
		sum=$((sum + fields[13] + fields[14]))
	done
	echo "$sum"
}
idle() { # prints the share of one core over 20 s
	local before after
	before=$(ticks)
	sleep 20
	after=$(ticks)
	awk -v t=$((after - before)) -v hz="$(getconf CLK_TCK)" 'BEGIN {printf "idle CPU      %.2f %% of a core\n", 100 * t / hz / 20}'
}
# Seconds from a photo's appearance to the start of its work, smallest first.
latencies() {
	find "$dir/in" -name '*.jpg' -printf '%P %C@\n' | sort >"$dir/appeared"
	sed -n 's/^time=\([^ ]*\) .*msg=done photo=\(.*\) outputs=.* took=\([0-9.]*\)\(m\{0,1\}s\).*/\2 \1 \3 \4/p' "$dir/log" |
		while read -r path time took unit; do
			echo "${path#"$dir/in/"} $(date -d "$time" +%s.%N) $took $unit"
		done | sort >"$dir/done"
	join "$dir/appeared" "$dir/done" |
		awk '{print $3 - ($5 == "ms" ? $4 / 1000 : $4) - $2}' | sort -n
}

mkdir "$dir/in" "$dir/stage"
echo "making $photos photos"
(cd "$dir" && mkdir small && "$burnish" apply -c burnish.yaml -p small "$photo" -o small >/dev/null)
for ((i = 0; i < photos; i++)); do
	[ $((i % 500)) != 0 ] || mkdir "$dir/stage/$((i / 500))"
	{ cat "$dir/small/dune-q10.jpg"; printf '%d' "$i"; } >"$dir/stage/$((i / 500))/$i.jpg" # no two are equal
done

start
until folders | grep -q '"mode":"watching"\|"mode":"polling"'; do sleep 0.1; done
cp "$photo" "$dir/in/alone.jpg"
until [ -e "$dir/out/alone.jpg" ]; do sleep 0.1; done
sleep 1
echo "alone         $(latencies | head -n1) s from event to start, of which 0.2 s are the settle period"
first=$(memory) most=$(memory)
cp -rl "$dir/stage/." "$dir/in"
dropped=$(date +%s.%N)
last=-1
while now=$(count "done"); [ "${now:-0}" -le "$photos" ]; do
	[ "$now" != "$last" ] || { echo "flood: stuck at $now of $((photos + 1)) photos"; tail -5 "$dir/log"; exit 1; }
	last=$now
	sleep 10
	now=$(memory)
	most=$((now > most ? now : most))
done
finished=$(stat -c %Y "$dir/out" && find "$dir/out" -type f -printf '%T@\n' | sort -n | tail -n1)
finished=${finished##*$'\n'}
missed=$((photos + 1 - $(find "$dir/out" -name '*.jpg' | wc -l)))
echo "missed        $missed of $((photos + 1)); $(grep -c 'level=ERROR' "$dir/log" || true) errors, $(grep -c 'more file system events' "$dir/log" || true) overflows of the event queue"
awk -v n="$photos" -v a="$dropped" -v b="$finished" 'BEGIN {printf "throughput    %.0f photos/s, %.0f s from the last drop to the last output\n", n / (b - a), b - a}'
echo "memory        $first MiB before, $most MiB at most, $(memory) MiB after (daemon and worker)"
latencies | awk '{l[NR] = $1} END {printf "latency       event to start, the wait for all photos before it included: first %.1f s, median %.1f s, last %.1f s\n", l[1], l[int(NR / 2) + 1], l[NR]}'
idle
stop
[ "$missed" = 0 ]

rm -rf "$dir/in" "$dir/out" "$dir/state" "$dir/stage"
mkdir "$dir/in"
echo "making $files files"
python3 - "$dir/in" "$files" <<'PY'
import os, sys
root, n = sys.argv[1], int(sys.argv[2])
for i in range(n):
    if i % 500 == 0:
        os.mkdir(f"{root}/{i // 500}")
    with open(f"{root}/{i // 500}/{i}.txt", "w") as f:
        f.write("no photo")
PY
start -v
until folders | grep -q '"mode":"watching"\|"mode":"polling"'; do sleep 0.1; done
echo "start-up      $(awk -v a="$began" -v b="$(date +%s.%N)" 'BEGIN {printf "%.1f", b - a}') s until $(count files) files in $(count folders) folders are known and watched"
until [ "$(grep -c 'msg=skipped' "$dir/log")" -ge "$files" ]; do sleep 0.5; done
echo "              $(awk -v a="$began" -v b="$(date +%s.%N)" 'BEGIN {printf "%.1f", b - a}') s until each was looked into; $(memory) MiB"
idle
