#!/usr/bin/env bash
# Sets the clock back and ahead under a running daemon. Prints how long five more
# photos take each time, and checks that none is processed twice. It runs in a
# virtual machine without disk or network, so that this machine's clock is not
# changed: Debian's cloud kernel, busybox and bin/burnish with its libraries. Each
# figure includes a settle period of one second.
#   packaging/trials/clock.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
[ "$(uname -m)" = x86_64 ] || { echo 'clock: skipped, the virtual machine needs x86-64'; exit 0; }
packaging/setup.sh vm
work=$(mktemp -d)
# shellcheck disable=SC2317,SC2329 # by the trap
end() { rm -rf "$work"; }
trap end EXIT
root=$work/root

# The kernel's package is only unpacked.
mkdir -p .cache/kernel
if ! compgen -G '.cache/kernel/vmlinuz-*' >/dev/null; then
	package=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/.*Depends: \(linux-image-[^ ]*\)$/\1/p' | head -n 1)
	(cd "$work" && apt-get download -q "$package" >download.log 2>&1) ||
		{ cat "$work/download.log" >&2; echo "clock: the kernel package $package is not available" >&2; exit 1; }
	dpkg -x "$work"/linux-image-*.deb "$work/kernel"
	cp "$work"/kernel/boot/vmlinuz-* .cache/kernel/
fi

mkdir -p "$root"/{bin,proc,sys,dev,data,root,photos}
cp /bin/busybox bin/burnish "$root/bin/"
cp packaging/demo/photos/*.jpg "$root/photos/"
ldd bin/burnish | grep -o '/[^ ]*' | while read -r library; do
	mkdir -p "$root$(dirname "$library")"
	cp -L "$library" "$root$library"
done
cat >"$root/init" <<'INIT'
#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin HOME=/root
mount -t proc none /proc
mount -t sysfs none /sys
mount -t devtmpfs none /dev
mount -t tmpfs none /data
cd /data
mkdir in out
cat >burnish.yaml <<'YAML'
version: 1
state_dir: state
pipelines: {small: {steps: [{resize: {width: 200}}], outputs: [{path: "{stem}.jpg"}]}}
watch: [{folder: in, pipeline: small, output: out, settle: 1s}]
YAML
n=0
up() { cut -d. -f1 /proc/uptime; }
start() {
	burnish run -c burnish.yaml 2>>log &
	daemon=$!
	until grep -q 'watching folder' log; do sleep 1; done
}
drop() {
	for _ in 1 2 3 4 5; do
		n=$((n + 1))
		cp "$(ls /photos/*.jpg | head -n $((n % 6 + 1)) | tail -n 1)" in/$n.jpg
		head -c $n /dev/zero >>in/$n.jpg
	done
}
made() { ls out | wc -l; }
await() {
	from=$(up)
	while [ "$(made)" -lt $n ] && [ $(($(up) - from)) -lt 120 ]; do sleep 1; done
	echo "clock: $1: $(made) of $n photos done after $(($(up) - from)) s"
}
turn() { date -s "@$(($(date +%s) + $1))" >/dev/null; }
start
drop
await 'as it is'
drop
turn -7200
await 'two hours back while photos settle'
turn -31536000
drop
await 'a year back'
kill $daemon
wait $daemon
turn -2592000
start
drop
await 'started with it a month back'
turn 63072000
drop
await 'two years ahead'
sleep 2
echo "clock: $(grep -c 'msg=done' log) photos processed, $(grep -cE 'level=(WARN|ERROR)' log) warnings"
[ "$(made)" = 25 ] && [ "$(grep -c 'msg=done' log)" = 25 ] && echo 'clock: OK' || cat log
kill $daemon
wait $daemon
poweroff -f
INIT
chmod +x "$root/init"
(cd "$root" && find . | cpio -o -H newc --quiet) >"$work/initrd"
timeout 600 qemu-system-x86_64 -m 1500 -smp 2 -cpu max -nographic -no-reboot -kernel .cache/kernel/vmlinuz-* \
	-initrd "$work/initrd" -append 'console=ttyS0 panic=-1 quiet' </dev/null | tr -d '\r' >"$work/console" || true
sed -n 's/^.*\(clock: .*\)/\1/p' "$work/console"
grep -q 'clock: OK' "$work/console" || { tail -n 40 "$work/console"; exit 1; }
