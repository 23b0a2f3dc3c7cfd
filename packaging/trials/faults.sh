#!/usr/bin/env bash
# A running daemon with a full disk, a read-only disk, I/O errors, missing rights,
# and a watched folder that disappears and returns. Prints how many of ten photos
# were done, how long after the fault was over, and what was left behind. It mounts
# small file systems, so it needs root.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
[ "$(id -u)" = 0 ] || { echo 'faults: needs root to mount small file systems'; exit 1; }
burnish=$PWD/bin/burnish photos=$PWD/packaging/demo/photos
work=$(mktemp -d)
daemon=
# shellcheck disable=SC2317,SC2329 # by the trap
end() {
  [ -z "$daemon" ] || kill "$daemon" 2>/dev/null || true
  wait
  umount "$work"/*/out "$work"/*/in 2>/dev/null || true
  rm -rf "$work"
}
trap end EXIT

# begin NAME: a folder with a daemon as an unprivileged user, its output a file
# system of 64 MiB.
begin() {
  dir=$work/$1
  mkdir -p "$dir"/{in,out,state}
  chmod 755 "$work" "$dir"
  mount -t tmpfs -o size="${2:-64m}",mode=777 burnish-faults "$dir/out" || { echo "$1: skipped, cannot mount here"; return 1; }
  chown 65534:65534 "$dir/in" "$dir/state"
  cat >"$dir/burnish.yaml" <<YAML
version: 1
state_dir: ./state
limits: {min_free_space: 0}
watch: [{folder: ./in, pipeline: small, output: ./out, settle: 200ms, poll_interval: 500ms}]
pipelines: {small: {steps: [{resize: {width: 512, height: 512}}], outputs: [{path: "{dir}/{stem}.png"}]}}
YAML
  start
}
start() {
  (cd "$dir" && exec setpriv --reuid=65534 --regid=65534 --clear-groups "$burnish" run -c burnish.yaml) 2>>"$dir/log" &
  daemon=$!
  until [ -S "$dir/state/control.sock" ]; do kill -0 "$daemon" && sleep 0.1; done
}
drop() {
  local i=0 photo
  for photo in "$photos"/*.jpg "$photos"/*.jpg; do
    i=$((i + 1))
    [ $i -gt 10 ] && break
    { cat "$photo"; printf '%s' "$1$i"; } >"$dir/.new" # after the end marker, so that no two are equal
    mv "$dir/.new" "$dir/in/$1$i.jpg"
  done
}
done_now() { find "$dir/out" -name '*.png' 2>/dev/null | wc -l; }
# report NAME WANT: waits for the photos and prints the figures.
report() {
  local began=$SECONDS n left
  while n=$(done_now); [ "$n" -lt "$2" ] && [ $((SECONDS - began)) -lt 120 ]; do sleep 0.2; done
  left=$(find "$dir/out" -name '*.tmp' | wc -l)
  printf '%-28s %2d of %d photos done, %3d s after the fault was gone; %d failures logged, %d in quarantine, %d temporary files left\n' \
    "$1" "$n" "$2" $((SECONDS - began)) "$(grep -c 'level=ERROR' "$dir/log")" "$(find "$dir/state/quarantine" -type f 2>/dev/null | wc -l)" "$left"
  kill "$daemon"; wait "$daemon" 2>/dev/null || true; daemon=
  umount "$dir/out" 2>/dev/null || true
  if [ "$n" != "$2" ] || [ "$left" != 0 ]; then tail -5 "$dir/log"; failed=1; fi
}
failed=0

if begin space 300k; then
  drop a; sleep 8
  mount -o remount,size=64m "$dir/out"
  report 'no space' 10
fi
if begin readonly; then
  mount -o remount,ro "$dir/out"
  drop a; sleep 6
  mount -o remount,rw "$dir/out"
  report 'read-only' 10
fi
if begin rights; then
  chmod 555 "$dir/out"
  drop a; sleep 6
  chmod 777 "$dir/out"
  report 'no right to write' 10
fi
if begin unreadable; then
  drop a; chmod 000 "$dir"/in/*.jpg; sleep 6
  chmod 644 "$dir"/in/*.jpg
  report 'no right to read' 10
fi
if begin gone; then
  drop a; mv "$dir/in" "$dir/away"; sleep 6
  mv "$dir/away" "$dir/in"; drop b
  report 'folder gone and back' 20
fi
if begin clock; then
  drop a; touch -d '2 hours' "$dir"/in/a[1-5].jpg; touch -d '1990-01-01' "$dir"/in/a[6-9].jpg
  report 'times ahead and long ago' 10
fi
# The photos are on a disk most of which is cut off for a while.
if begin io; then
  kill "$daemon"; wait "$daemon" || true; rm -f "$dir/state/control.sock"
  truncate -s 32m "$dir/disk"; mkfs.ext4 -q -F "$dir/disk"
  if mount -o loop "$dir/disk" "$dir/in"; then
    drop a; umount "$dir/in"
    cp "$dir/disk" "$dir/whole"; chmod 755 "$dir"
    mount -o loop,ro "$dir/disk" "$dir/in"
    truncate -s 1m "$dir/disk"
    start; sleep 6
    dd if="$dir/whole" of="$dir/disk" bs=1M conv=notrunc status=none
    report 'I/O errors' 10
    umount "$dir/in"
    grep -q 'input/output error' "$dir/log" || { echo 'I/O errors: none occurred'; failed=1; }
  else
    daemon=; umount "$dir/out"; echo 'I/O errors: skipped, no loop device is available'
  fi
fi
exit $failed
