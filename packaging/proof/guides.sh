# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154,SC2086,SC2317 # variables and functions are shared between the parts
# The commands of the guides that need a system of their own: sourced by
# test-systemd.sh. packaging/docs/docs_test.go runs the others.

# blocks PAGE PATTERN: the fenced blocks whose first line matches, each between lines of its own.
blocks() {
	awk -v pattern="$2" '
		/^ *```/ && inside { inside = 0; next }
		/^ *```/ { if ($0 ~ pattern) { inside = 1; print "echo \"+ line " NR "\"" } else inside = 2; next }
		inside == 1 { print }' "packaging/docs/$1.md"
}

prove_guides() {
	local page
	say "the guides"
	inside id anna >/dev/null 2>&1 || inside useradd -m -u 1000 anna
	inside sh -c 'command -v setfacl' >/dev/null || apt install acl
	inside mkdir -p /root/guides
	install -m 0644 "$deb" "$root/root/guides/burnish_guide.deb"
	install -m 0644 "$photo" "$root/root/guides/photo.jpg"
	inside cp $config /etc/burnish/before.yaml
	inside mkdir -p /etc/systemd/system/burnish.socket.d # the port may be in use on this host
	printf '[Socket]\nListenStream=\nListenStream=127.0.0.1:%s\n' $port | inside tee /etc/systemd/system/burnish.socket.d/port.conf >/dev/null
	inside systemctl daemon-reload
	for page in server jellyfin security upgrading troubleshooting; do
		blocks $page '```sh service$' >"$root/root/guides/$page.sh"
		echo "-- $page.md"
		allow_starts
		inside bash -c "cd /root/guides && exec bash -euo pipefail $page.sh" >"$scratch/guide.log" 2>&1 </dev/null ||
			{ cat "$scratch/guide.log" >&2; die "a command of packaging/docs/$page.md fails"; }
	done
	grep -o 'exposure.*' "$scratch"/guide.log || true
	wait_for 60 "an active service after the guides" inside systemctl is-active burnish
	inside systemctl disable --now burnish@anna
	inside mv /etc/burnish/before.yaml $config
	inside rm -r /etc/systemd/system/burnish.service.d /etc/systemd/system/burnish.socket.d
	inside systemctl daemon-reload
	inside systemctl restart burnish
	shown "guides" "every command for the service in packaging/docs runs"
}

# prove_session runs a user's own service, as the guide for desktops has it.
prove_session() {
	local part
	say "a service of a user"
	apt install libpam-systemd dbus-user-session
	inside id anna >/dev/null 2>&1 || inside useradd -m -u 1000 anna
	inside loginctl enable-linger anna
	wait_for 60 "anna's session" inside systemctl is-active user@1000
	{
		blocks desktop '```sh$' | awk '/^echo "\+/ { n++ } n == 1 || n == 6'
		blocks desktop '```sh session$'
	} >"$root/home/anna/desktop.sh"
	for part in 'burnish init' 'systemd/user'; do
		grep -q "$part" "$root/home/anna/desktop.sh" || die "desktop.md has other blocks than this test expects"
	done
	inside runuser -u anna -- env HOME=/home/anna XDG_RUNTIME_DIR=/run/user/1000 bash -c 'cd && exec bash -euo pipefail desktop.sh' >"$scratch/guide.log" 2>&1 </dev/null ||
		{ cat "$scratch/guide.log" >&2; die "a command of packaging/docs/desktop.md fails"; }
	install -m 0644 -o 1000 -g 1000 "$photo" "$root/home/anna/Pictures/Drop/drop.jpg"
	wait_for 180 "the user's output" test -s "$root/home/anna/Pictures/Drop/restored/drop.restored.jpg"
	inside loginctl disable-linger anna
	shown "a user's own service (desktop guide)" "starts with the session and restores what is dropped"
}
