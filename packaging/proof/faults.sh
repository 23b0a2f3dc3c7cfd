# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154,SC2086,SC2317 # variables and functions are shared between the parts
# What goes wrong while photos are in work: sourced by test-systemd.sh.

# large FILE is a photo that takes seconds to restore, made once.
large() {
	if [ ! -f "$scratch/large.jpg" ]; then
		cat >"$scratch/large.yaml" <<-'END'
			version: 1
			pipelines:
			  large:
			    steps: [{resize: {width: 1200, height: 1200, enlarge: true}}]
			    outputs: [{path: "large.jpg", jpeg: {quality: 12}, keep: [icc], provenance: false}]
		END
		bin/burnish apply -c "$scratch/large.yaml" -o "$scratch" "$photo" >"$scratch/large.log" 2>&1 || die "no large photo could be made: $(cat "$scratch/large.log")"
	fi
	install -m 0644 "$scratch/large.jpg" "$1.new"
	echo "$1" >>"$1.new" # an equal photo would be given the outputs of the first
	mv "$1.new" "$1"
}
alone() { wait_for 60 "$1 in progress" working "$1"; }
working() { grep "in progress: .*/$1" <<<"$(inside burnish status -c $config)"; }
no_leftovers() { [ -z "$(inside find /var/lib/burnish/out -name '.*' -type f)" ] || die "temporary files are left: $(inside find /var/lib/burnish/out -name '.*')"; }

prove_killed_worker() {
	local pid worker
	say "the worker is killed while it restores"
	pid=$(property MainPID)
	large "$drop/killed.jpg"
	alone killed.jpg
	worker=$(worker_of "$pid")
	inside sh -c "kill -KILL $worker"
	wait_for 240 "out/killed.restored.jpg" test -s "$out/killed.restored.jpg"
	[ "$(property MainPID)" = "$pid" ] || die "the daemon ended with its worker"
	no_leftovers
	shown "worker killed (SIGKILL) mid-photo" "the daemon goes on; a new worker restores the photo"
}

prove_restart() {
	say "a restart while a photo is restored"
	large "$drop/restart.jpg"
	alone restart.jpg
	inside systemctl restart burnish
	wait_for 120 "out/restart.restored.jpg" test -s "$out/restart.restored.jpg"
	no_leftovers
	[ "$(inside find /var/lib/burnish/out -name 'restart.restored*' | wc -l)" = 1 ] || die "the photo was published twice"
	shown "systemctl restart mid-photo" "the photo is finished first; published once"
}

prove_crash() {
	local restarts
	say "the daemon crashes while a photo is restored"
	restarts=$(property NRestarts)
	large "$drop/crash.jpg"
	alone crash.jpg
	inside systemctl kill --signal=SEGV burnish # worker and all
	restarted() { [ "$(property NRestarts)" -gt "$restarts" ] && [ "$(property ActiveState)" = active ]; }
	wait_for 60 "a new start after a crash" restarted
	wait_for 240 "out/crash.restored.jpg" test -s "$out/crash.restored.jpg"
	no_leftovers
	shown "daemon and worker crash (SIGSEGV) mid-photo" "systemd starts them again; the photo is restored"
}

prove_full_disk() {
	local health
	say "the disk of the outputs is full"
	inside systemctl stop burnish
	# A small file system that keeps what is there, with less free than limits.min_free_space.
	inside mkdir /var/lib/burnish/kept
	inside cp -a /var/lib/burnish/out/. /var/lib/burnish/kept
	inside mount -t tmpfs -o size=400M,mode=0755 tmpfs /var/lib/burnish/out
	inside chown burnish:burnish /var/lib/burnish/out
	inside cp -a /var/lib/burnish/kept/. /var/lib/burnish/out
	inside dd if=/dev/zero of=/var/lib/burnish/out/filler bs=1M count=300 status=none
	inside systemctl start burnish
	inside cp "/var/lib/burnish/ingest/mountain.jpg" /var/lib/burnish/ingest/.new
	inside sh -c 'printf more >>/var/lib/burnish/ingest/.new; mv /var/lib/burnish/ingest/.new /var/lib/burnish/ingest/full.jpg'
	wait_for 60 "a paused folder" journal -g 'low disk space'
	! health=$(inside burnish health -c $config) || die "burnish health is content on a full disk"
	echo "$health"
	! inside test -e /var/lib/burnish/out/full.restored.jpg || die "an output below the guard of free space"
	inside rm /var/lib/burnish/out/filler
	wait_for 180 "full.restored.jpg once there is space" inside test -s /var/lib/burnish/out/full.restored.jpg
	inside burnish health -c $config
	inside systemctl stop burnish
	inside cp -a /var/lib/burnish/out/. /var/lib/burnish/kept
	inside umount /var/lib/burnish/out
	inside cp -a /var/lib/burnish/kept/. /var/lib/burnish/out
	inside rm -r /var/lib/burnish/kept
	inside systemctl start burnish
	shown "disk full" "folder paused, health says so; goes on once there is space"
}
