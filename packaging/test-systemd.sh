#!/usr/bin/env bash
# Installs the .deb in a Debian 12 of its own, booted with a real systemd, and
# sees the service work: start, a photo dropped in, its outputs, the sandbox,
# SIGTERM, a second start, folders of another user, removal. Needs root and the
# Debian archive; a few minutes the first time.
#
#   packaging/test-systemd.sh [DEB]    (default: the newest in dist)
#
# SCRATCH (default /var/tmp/burnish-systemd) keeps the bare Debian for the next
# run; apt's configuration is the host's.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
readonly scratch=${SCRATCH:-/var/tmp/burnish-systemd}
readonly base=$scratch/base root=$scratch/root drop=$scratch/ingest
readonly photo=packaging/demo/photos/mountain-q20.jpg

say() { printf '\n== %s\n' "$*"; }
die() { echo "test-systemd: $*" >&2; exit 1; }
newest() { find dist -name 'burnish_*.deb' -printf '%T@ %p\n' 2>/dev/null | sort -rn | head -n1 | cut -d' ' -f2; }

[ "$(id -u)" = 0 ] || die "systemd-nspawn needs root: sudo $0"
deb=${1:-$(newest)}
[ -f "$deb" ] || die "no package found: make deb"
packaging/setup.sh systemd
mkdir -p "$scratch"

if [ ! -e "$base/.complete" ]; then
	say "debootstrap, once"
	rm -rf "$base"
	debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus,ca-certificates bookworm "$base" >"$scratch/debootstrap.log" 2>&1 ||
		{ tail -n 5 "$scratch/debootstrap.log" >&2; die "debootstrap failed: the whole log is $scratch/debootstrap.log"; }
	touch "$base/.complete"
fi
rm -rf "$root" "$drop"
cp -a --reflink=auto "$base" "$root"
packaging/host-config.sh "$root"
install -m 0644 "$deb" "$root/burnish.deb"
mkdir -p "$drop"

# nspawn of Debian 12 lets no Landlock through, which the service is to have.
systemd-nspawn -D "$root" --register=no --keep-unit --quiet -b \
	--system-call-filter='landlock_create_ruleset landlock_add_rule landlock_restrict_self' \
	--bind="$drop:/var/lib/burnish/ingest" </dev/null >"$scratch/boot.log" 2>&1 &
nspawn=$!
inside() { nsenter -t "$leader" -m -u -i -n -p -C -- env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"; }
finish() {
	local status=$?
	if [ $status != 0 ] && [ -n "${leader:-}" ]; then inside journalctl -u burnish --no-pager -n 40 || true; fi
	kill -s RTMIN+4 "${leader:-$nspawn}" 2>/dev/null || true # systemd: power off
	timeout 60 tail --pid="$nspawn" -f /dev/null || kill -KILL "$nspawn" 2>/dev/null || true
	exit $status
}
trap finish EXIT

# wait_for SECONDS WHAT COMMAND...
wait_for() {
	local end=$((SECONDS + $1)) what=$2
	shift 2
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || die "timed out: $what"
		sleep 0.5
	done
}
property() { inside systemctl show burnish -p "$1" --value; }
booted() { leader=$(pgrep -P "$nspawn" | head -n1) && inside systemctl is-system-running | grep -Eq 'running|degraded'; }

say "boot"
wait_for 90 "a booted system (see $scratch/boot.log)" booted
inside systemctl --version | head -n1

say "install $deb"
inside apt-get update -q >"$scratch/apt.log" 2>&1 || { tail -n 5 "$scratch/apt.log" >&2; die "apt-get update failed in the container"; }
inside apt-get install -q -y --no-install-recommends /burnish.deb >>"$scratch/apt.log" 2>&1 ||
	{ tail -n 20 "$scratch/apt.log" >&2; die "the package does not install"; }
inside dpkg-query -W burnish libvips42
wait_for 60 "an active service" inside systemctl is-active burnish
[ "$(inside systemctl is-enabled burnish)" = enabled ] || die "the service is not enabled"
[ "$(property Type)" = notify ] || die "the service is not of type notify"
inside burnish check -c /etc/burnish/burnish.yaml
inside burnish version

say "a photo arrives"
cp "$photo" "$drop/mountain.jpg"
out=$root/var/lib/burnish/out
for f in mountain.restored.jpg mountain.web.webp thumbs/mountain.jpg; do
	wait_for 180 "out/$f" test -s "$out/$f"
	inside ls -l "/var/lib/burnish/out/$f"
done
cmp "$photo" "$drop/mountain.jpg" || die "the original was touched"
[ -z "$(inside find /var/lib/burnish/out ! -user burnish)" ] || die "outputs not owned by burnish"
inside systemctl status burnish --no-pager --lines=8

say "the sandbox"
pid=$(property MainPID)
inside grep -E '^(Uid|NoNewPrivs|Seccomp|CapEff):' "/proc/$pid/status"
inside grep -q '^Seccomp:[[:space:]]*2' "/proc/$pid/status" || die "no system call filter"
inside grep -q '^CapEff:[[:space:]]*0*$' "/proc/$pid/status" || die "capabilities left"
# The process that decodes is confined further, by itself: without Landlock or
# without its filter the service works, but not as it should.
state=$(inside burnish status -c /etc/burnish/burnish.yaml)
grep -E '^(sandbox|system calls):' <<<"$state" || die "status does not show the sandbox"
grep -Eq '^sandbox: Landlock, version [0-9]+$' <<<"$state" || die "Landlock is not in force"
grep -Eq '^system calls: filtered by seccomp$' <<<"$state" || die "the worker's system calls are not filtered, or denials are not reported"
worker=$(inside sh -c "grep -l '^PPid:[[:space:]]*$pid\$' /proc/[0-9]*/status" | grep -om1 '[0-9]*') || die "no worker process"
filters() { inside sed -n 's/^Seccomp_filters:[[:space:]]*//p' "/proc/$1/status"; }
[ "$(filters "$worker")" -gt "$(filters "$pid")" ] || die "the worker has no filter of its own"
inside grep -q '^NoNewPrivs:[[:space:]]*1' "/proc/$worker/status" || die "the worker may gain privileges"
! inside journalctl -u burnish --no-pager -o cat -g 'sandbox denied' || die "the sandbox denies what a plain photo needs"
inside systemd-analyze security burnish --no-pager | grep -v '✓'

say "SIGTERM"
inside systemctl stop burnish
echo "Result=$(property Result) ExecMainCode=$(property ExecMainCode) ExecMainStatus=$(property ExecMainStatus)"
[ "$(property Result)/$(property ExecMainStatus)" = success/0 ] || die "not a clean exit"

say "reload"
inside systemctl start burnish
pid=$(property MainPID)
inside sed -i 's/settle: 2s/settle: 1s/' /etc/burnish/burnish.yaml
inside systemctl reload burnish || { inside journalctl -u burnish --no-pager -n 10; die "the service does not reload"; }
inside journalctl -u burnish --no-pager -o cat -g 'configuration reloaded' || die "the log tells of no reload"
inside sed -i 's/settle: 1s/settel: 1s/' /etc/burnish/burnish.yaml
! inside systemctl reload burnish 2>/dev/null || die "a faulty configuration was taken by a reload"
inside sed -i 's/settel: 1s/settle: 2s/' /etc/burnish/burnish.yaml
[ "$(inside systemctl is-active burnish)/$(property MainPID)" = "active/$pid" ] || die "a refused reload ended the service"

say "a second start does nothing twice"
before=$(stat -c %Y%i "$out/mountain.restored.jpg")
inside systemctl start burnish
sleep 8
[ "$(inside systemctl is-active burnish)" = active ] || die "not active after a second start"
[ "$(stat -c %Y%i "$out/mountain.restored.jpg")" = "$before" ] || die "the photo was processed twice"
inside journalctl -u burnish --no-pager -o cat -n 30

say "folders of another user, below /home and elsewhere"
inside apt-get install -q -y --no-install-recommends acl >>"$scratch/apt.log" 2>&1 || die "acl does not install"
inside useradd -m -u 1000 anna
inside chmod 0700 /home/anna
inside install -d -o anna -g anna /home/anna/photos /photos
inside install -d -o anna -g anna -m 0700 /photos/in
inside cp /etc/burnish/burnish.yaml /etc/burnish/before.yaml
inside sed -i 's|^restore:|  - {folder: /home/anna/photos, pipeline: photos, output: /home/anna/restored}\n  - {folder: /photos/in, pipeline: photos, output: /photos/restored}\nrestore:|' /etc/burnish/burnish.yaml
! said=$(inside burnish check -c /etc/burnish/burnish.yaml) || die "check reports no fault"
echo "$said"
for f in /home/anna/photos /home/anna/restored /photos/in /photos/restored; do grep -q "\"$f\"" <<<"$said" || die "check does not mention $f"; done
# What it says is done to the letter.
grep -E '^  (install|setfacl) ' <<<"$said" | inside sh -e || die "the commands of the remedy fail"
inside mkdir -p /etc/systemd/system/burnish.service.d
sed -n 's/^      //p' <<<"$said" | inside tee /etc/systemd/system/burnish.service.d/override.conf
inside systemctl daemon-reload
inside burnish check -c /etc/burnish/burnish.yaml || die "the remedy is not enough"
inside systemctl restart burnish || die "the service does not start with the remedy"
for f in home/anna/photos photos/in; do
	install -m 0600 -o 1000 -g 1000 "$photo" "$root/$f/.new"
	inside setfacl -m u:burnish:r "/$f/.new"
	mv "$root/$f/.new" "$root/$f/anna.jpg"
done
for f in home/anna/restored photos/restored; do wait_for 180 "/$f/anna.restored.jpg" test -s "$root/$f/anna.restored.jpg"; done
for f in /home/anna/photos /home/anna/restored /photos/in /photos/restored; do inside ls -l "$f"; done
inside mv /etc/burnish/before.yaml /etc/burnish/burnish.yaml
inside rm -r /etc/systemd/system/burnish.service.d
inside systemctl daemon-reload
inside systemctl restart burnish

say "a crash"
restarts=$(property NRestarts)
inside systemctl kill --kill-whom=main --signal=SEGV burnish
restarted() { [ "$(property NRestarts)" -gt "$restarts" ] && [ "$(property ActiveState)" = active ]; }
wait_for 60 "a new start after a crash" restarted
echo "restarted"

say "a faulty configuration"
inside sed -i 's/sigma:/sigmo:/' /etc/burnish/burnish.yaml
! inside systemctl restart burnish 2>/dev/null || die "a faulty configuration was accepted"
[ "$(property ActiveState)/$(property ExecMainStatus)" = failed/2 ] || die "the exit status is not 2, or the service was restarted"
inside journalctl -u burnish --no-pager -o cat -n 4
inside sed -i 's/sigmo:/sigma:/' /etc/burnish/burnish.yaml
inside systemctl restart burnish || die "no start after the configuration was corrected"
[ "$(property ActiveState)" = active ] || die "not active after the configuration was corrected"
echo "corrected and started"

say "removal"
inside apt-get purge -q -y burnish >>"$scratch/apt.log" 2>&1 || die "purge failed"
for f in "$out/mountain.restored.jpg" "$drop/mountain.jpg"; do [ -s "$f" ] || die "purge removed $f"; done
for f in /var/lib/burnish/state /etc/burnish/burnish.yaml; do [ ! -e "$root$f" ] || die "purge left $f"; done
say "ok"
