# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154,SC2086,SC2317 # variables and functions are shared between the parts
# A Debian of its own, booted with a real systemd: sourced by test-systemd.sh,
# which sets suite (its release) and scratch (where it is kept).
readonly base=$scratch/$suite root=$scratch/root
nspawn='' leader='' rows=()

say() { printf '\n== %s (%s s)\n' "$*" "$SECONDS"; }
die() { echo "test-systemd: $*" >&2; exit 1; }

# shown WHAT EVIDENCE: a row of the table that the test ends with.
shown() { rows+=("$1|$2"); }
table() {
	local row
	for row in "${rows[@]}"; do printf '| %s | %-42s | %s |\n' "$suite" "${row%%|*}" "${row#*|}"; done
}

# bare makes the bare Debian, once.
bare() {
	[ ! -e "$base/.complete" ] || return 0
	say "debootstrap of $suite, once"
	rm -rf "$base"
	debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus,ca-certificates "$suite" "$base" >"$scratch/debootstrap.log" 2>&1 ||
		{ tail -n 5 "$scratch/debootstrap.log" >&2; die "debootstrap failed: the whole log is $scratch/debootstrap.log"; }
	touch "$base/.complete"
}

# boot OPTION...: a fresh copy, with these options of systemd-nspawn.
boot() {
	local host
	rm -rf "$root"
	cp -a --reflink=auto "$base" "$root"
	packaging/host-config.sh "$root"
	host=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release) # the host's sources name the host's release
	grep -rlZ "$host" "$root"/etc/apt/sources.list* | xargs -0 -r sed -i "s/$host/$suite/g"
	# nspawn of Debian 12 lets no Landlock through, which the service is to have.
	systemd-nspawn -D "$root" --register=no --keep-unit --quiet -b \
		--system-call-filter='landlock_create_ruleset landlock_add_rule landlock_restrict_self' \
		"$@" </dev/null >"$scratch/boot.log" 2>&1 &
	nspawn=$!
	wait_for 120 "a booted system (see $scratch/boot.log)" booted
}
booted() { leader=$(pgrep -P "$nspawn" | head -n1) && inside systemctl is-system-running | grep -Eq 'running|degraded'; }

halt() {
	[ -n "$nspawn" ] || return 0
	kill -s RTMIN+4 "${leader:-$nspawn}" 2>/dev/null || true # systemd: power off
	timeout 60 tail --pid="$nspawn" -f /dev/null || kill -KILL "$nspawn" 2>/dev/null || true
}

inside() { nsenter -t "$leader" -m -u -i -n -p -C -- env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"; }

# wait_for SECONDS WHAT COMMAND...
wait_for() {
	local end=$((SECONDS + $1)) what=$2
	shift 2
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || die "timed out: $what"
		sleep 0.5
	done
}
# allow_starts sets the count of starts back, of which the unit allows five in ten minutes.
allow_starts() { inside systemctl reset-failed burnish 2>/dev/null || true; }
property() { inside systemctl show "${2:-burnish}" -p "$1" --value; }
journal() { inside journalctl -u "${unit:-burnish}" --no-pager -o cat "$@"; }

# apt ARGUMENT...: apt-get, quietly.
apt() { inside apt-get -q -y --no-install-recommends "$@" >>"$scratch/apt.log" 2>&1 || { tail -n 20 "$scratch/apt.log" >&2; die "apt-get $* failed in $suite"; }; }
