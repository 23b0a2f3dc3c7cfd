# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154,SC2086,SC2317 # variables and functions are shared between the parts
# What the installed service does: sourced by test-systemd.sh.
readonly config=/etc/burnish/burnish.yaml
out=$root/var/lib/burnish/out

prove_install() {
	say "install $deb"
	install -m 0644 "$deb" "$root/burnish.deb"
	apt update
	apt install /burnish.deb
	inside dpkg-query -W burnish
	wait_for 60 "an active service" inside systemctl is-active burnish
	[ "$(inside systemctl is-enabled burnish)" = enabled ] || die "the service is not enabled"
	[ "$(property Type)" = notify ] || die "the service is not of type notify"
	inside burnish check -c $config
	shown "install" "active and enabled; burnish check finds no fault"
}

prove_photo() {
	say "a photo arrives"
	cp "$photo" "$drop/mountain.jpg"
	for f in mountain.restored.jpg mountain.web.webp thumbs/mountain.jpg; do
		wait_for 180 "out/$f" test -s "$out/$f"
	done
	inside ls -l /var/lib/burnish/out
	cmp "$photo" "$drop/mountain.jpg" || die "the original was touched"
	[ -z "$(inside find /var/lib/burnish/out ! -user burnish)" ] || die "outputs not owned by burnish"
	shown "a photo is dropped" "three outputs of the service's user; original unchanged"
}

prove_sandbox() {
	local pid state worker score
	say "the sandbox"
	pid=$(property MainPID)
	inside grep -q '^Seccomp:[[:space:]]*2' "/proc/$pid/status" || die "no system call filter"
	inside grep -q '^CapEff:[[:space:]]*0*$' "/proc/$pid/status" || die "capabilities left"
	# The process that decodes is confined further, by itself: without Landlock or
	# without its filter the service works, but not as it should.
	state=$(inside burnish status -c $config)
	grep -E '^(sandbox|system calls):' <<<"$state" || die "status does not show the sandbox"
	grep -Eq '^sandbox: Landlock, version [0-9]+$' <<<"$state" || die "Landlock is not in force"
	grep -Eq '^system calls: filtered by seccomp$' <<<"$state" || die "the worker's system calls are not filtered, or denials are not reported"
	worker=$(worker_of "$pid") || die "no worker process"
	[ "$(filters "$worker")" -gt "$(filters "$pid")" ] || die "the worker has no filter of its own"
	inside grep -q '^NoNewPrivs:[[:space:]]*1' "/proc/$worker/status" || die "the worker may gain privileges"
	! journal -g 'sandbox denied' || die "the sandbox denies what a plain photo needs"
	score=$(inside systemd-analyze security burnish --no-pager | grep -o 'level for burnish.service: [0-9.]*' | grep -o '[0-9.]*$')
	offline=$(inside systemd-analyze security --offline=true burnish.service --no-pager | grep -o 'level for burnish.service: [0-9.]*' | grep -o '[0-9.]*$')
	awk -v a="$score" -v b="$offline" 'BEGIN { exit !(a <= 0.5 && b <= 0.5) }' || die "systemd-analyze security: $score, offline $offline, must be 0.5 at most"
	shown "sandbox" "$(grep '^sandbox:' <<<"$state" | cut -d' ' -f2-), seccomp, no capabilities; exposure $score (offline $offline)"
}
worker_of() { inside sh -c "grep -l '^PPid:[[:space:]]*$1\$' /proc/[0-9]*/status" | grep -om1 '[0-9]*'; }
filters() { inside sed -n 's/^Seccomp_filters:[[:space:]]*//p' "/proc/$1/status"; }

prove_reload() {
	local pid
	say "reload"
	pid=$(property MainPID)
	inside sed -i 's/settle: 2s/settle: 1s/' $config
	inside systemctl reload burnish || die "the service does not reload"
	journal -g 'configuration reloaded' || die "the log tells of no reload"
	inside sed -i 's/settle: 1s/settel: 1s/' $config
	! inside systemctl reload burnish 2>/dev/null || die "a faulty configuration was taken by a reload"
	journal -n 20 -g 'burnish.yaml:[0-9]+:[0-9]+' | tail -n 1 || die "the log does not name the line of the fault"
	inside sed -i 's/settel: 1s/settle: 2s/' $config
	[ "$(inside systemctl is-active burnish)/$(property MainPID)" = "active/$pid" ] || die "a refused reload ended the service"
	inside systemctl reload burnish
	shown "reload: good, faulty, good" "taken, refused with line and column, taken; the same process"
}

prove_faulty_start() {
	say "a faulty configuration at start"
	inside sed -i 's/sigma:/sigmo:/' $config
	! inside systemctl restart burnish 2>/dev/null || die "a faulty configuration was accepted"
	[ "$(property ActiveState)/$(property ExecMainStatus)" = failed/2 ] || die "the exit status is not 2, or the service was restarted"
	journal -n 4
	inside sed -i 's/sigmo:/sigma:/' $config
	inside systemctl restart burnish || die "no start after the configuration was corrected"
	[ "$(property ActiveState)" = active ] || die "not active after the configuration was corrected"
	shown "start with a faulty configuration" "exit status 2, no restarts; starts once corrected"
}

prove_second_start() {
	local before
	say "SIGTERM, and a second start"
	before=$(stat -c %Y%i "$out/mountain.restored.jpg")
	inside systemctl stop burnish
	[ "$(property Result)/$(property ExecMainStatus)" = success/0 ] || die "not a clean exit"
	inside systemctl start burnish
	sleep 6
	[ "$(inside systemctl is-active burnish)" = active ] || die "not active after a second start"
	[ "$(stat -c %Y%i "$out/mountain.restored.jpg")" = "$before" ] || die "the photo was processed twice"
	shown "SIGTERM, second start" "exit status 0; nothing is done twice"
}

prove_removal() {
	local photos
	say "removal"
	photos=$(inside find /var/lib/burnish/ingest /var/lib/burnish/out /srv -type f | wc -l)
	apt purge burnish
	[ "$(inside find /var/lib/burnish/ingest /var/lib/burnish/out /srv -type f | wc -l)" = "$photos" ] || die "purge removed photos"
	for f in /var/lib/burnish/state $config /usr/bin/burnish; do [ ! -e "$root$f" ] || die "purge left $f"; done
	shown "purge" "ledger, configuration and program gone; $photos originals and outputs stay"
}
