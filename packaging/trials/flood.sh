#!/usr/bin/env bash
# Copies PHOTOS small photos into a watched folder at once, then starts with FILES
# existing files. Prints losses, memory, latency from event to start, throughput,
# start-up time and idle CPU.
#   packaging/trials/flood.sh [PHOTOS [FILES]]     (20000 100000)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
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
limits: {queue_per_folder: 100000}
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
# What is a process's own, and pages of files that it shares and the kernel may
# take back at any time: libraries, and as much of the ledger as was looked at.
memory() { # WHEN
	local pid
	for pid in $(family); do
		awk -v when="$1" -v name="$([ "$pid" = "$daemon" ] && echo daemon || echo worker)" '
			/^RssAnon|^RssShmem/ {own += $2}
			/^RssFile/ {file = $2}
			/^[0-9a-f]+-/ {mapped = /ledger/}
			/^Rss:/ && mapped {ledger += $2}
			END {printf "memory        %-7s %s: %d MiB its own, %d MiB of files (the ledger %d)\n", when, name, own / 1024, file / 1024, ledger / 1024}
		' "/proc/$pid/status" "/proc/$pid/smaps"
	done
}
own() { # of both, MiB
	local pid
	for pid in $(family); do awk '/^RssAnon/ {print $2}' "/proc/$pid/status"; done | awk '{n += $1} END {printf "%d", n / 1024}'
}
ticks() {
	local pid sum=0 fields
	for pid in $(family); do
		read -ra fields <"/proc/$pid/stat"
		sum=$((sum + fields[13] + fields[14]))
	done
	echo "$sum"
}
idle() { # prints the CPU time and the share of one core over 60 s
	local before after
	before=$(ticks)
	sleep 60
	after=$(ticks)
	awk -v t=$((after - before)) -v hz="$(getconf CLK_TCK)" 'BEGIN {printf "idle CPU      %.2f s in 60 s, %.2f %% of a core\n", t / hz, 100 * t / hz / 60}'
}
# Seconds from a photo's appearance to the start of its work, smallest first.
latencies() {
	python3 - "$dir/in" "$dir/log" <<'PY' | sort -n
import datetime, os, re, sys
root, log = sys.argv[1:]
for line in open(log):
    m = re.match(r'time=(\S+) .*msg=done photo=(\S+) outputs=.* took=([0-9.]+)(m?s)', line)
    if m:
        ended = datetime.datetime.fromisoformat(m[1]).timestamp()
        took = float(m[3]) / (1000 if m[4] == "ms" else 1)
        print(ended - took - os.stat(os.path.join(root, m[2])).st_ctime)
PY
}

known() { # LINES N: waits until the log has N of them; took is the time since start
	until [ "$(grep -c "$1" "$dir/log")" -ge "$2" ]; do sleep 0.2; done
	took=$(awk -v a="$began" -v b="$(date +%s.%N)" 'BEGIN {printf "%.1f", b - a}')
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
memory before
most=$(own) middle=
cp -rl "$dir/stage/." "$dir/in"
dropped=$(date +%s.%N)
last=-1
while now=$(count "done"); [ "${now:-0}" -le "$photos" ]; do
	[ "$now" != "$last" ] || { echo "flood: stuck at $now of $((photos + 1)) photos"; tail -5 "$dir/log"; exit 1; }
	last=$now
	sleep 10
	if [ -z "$middle" ] && [ "$last" -ge $((photos / 2)) ]; then middle=shown; memory middle; fi
	now=$(own)
	most=$((now > most ? now : most))
done
finished=$(stat -c %Y "$dir/out" && find "$dir/out" -type f -printf '%T@\n' | sort -n | tail -n1)
finished=${finished##*$'\n'}
missed=$((photos + 1 - $(find "$dir/out" -name '*.jpg' | wc -l)))
echo "missed        $missed of $((photos + 1)); $(grep -c 'level=ERROR' "$dir/log" || true) errors, $(grep -c 'inotify queue overflow' "$dir/log" || true) overflows of the event queue"
awk -v n="$photos" -v a="$dropped" -v b="$finished" 'BEGIN {printf "throughput    %.0f photos/s, %.0f s from the last drop to the last output\n", n / (b - a), b - a}'
memory after
echo "memory        $most MiB of private memory in both processes at most"
latencies | awk '{l[NR] = $1} END {printf "latency       event to start, the wait for all photos before it included: first %.1f s, median %.1f s, 99 of 100 within %.1f s, last %.1f s\n", l[1], l[int(NR / 2) + 1], l[int(NR * 0.99) + 1], l[NR]}'
idle
memory idle
stop
[ "$missed" = 0 ]

start -v
known 'msg=skipped' $((photos + 1))
echo "restart       $took s until $((photos + 1)) photos were known to be done"
memory restart
stop

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
known 'msg=skipped' "$files"
echo "              $took s until each was inspected"
memory known
idle
