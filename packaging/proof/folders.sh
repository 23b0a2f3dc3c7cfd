# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154,SC2086,SC2317 # variables and functions are shared between the parts
# Folders of other users: sourced by test-systemd.sh.

# watch_also FOLDER OUTPUT adds a folder to the configuration.
watch_also() { inside sed -i "s|^restore:|  - {folder: $1, pipeline: photos, output: $2}\nrestore:|" $config; }

# heed NAME FOLDER...: does what `burnish check` says, to the letter.
heed() {
	local said name=$1
	shift
	! said=$(inside burnish check -c $config) || die "check reports no fault"
	echo "$said"
	for f in "$@"; do grep -q "\"$f\"" <<<"$said" || die "check does not mention $f"; done
	grep -E '^  (install|setfacl) ' <<<"$said" | inside sh -e || die "the commands of the remedy fail"
	inside mkdir -p /etc/systemd/system/burnish.service.d
	sed -n 's/^      //p' <<<"$said" | inside tee "/etc/systemd/system/burnish.service.d/$name.conf"
	inside systemctl daemon-reload
	inside burnish check -c $config || die "the remedy is not enough"
}

prove_bind_mount() {
	say "a bind mount that belongs to another user"
	inside cp $config /etc/burnish/before.yaml
	apt install acl
	watch_also /srv/camera /srv/restored
	heed camera /srv/camera /srv/restored
	inside systemctl restart burnish || die "the service does not start with the remedy"
	cp "$photo" "$camera/.new" # inherits the folder's access control list
	chown 1000:1000 "$camera/.new"
	chmod 0640 "$camera/.new"
	mv "$camera/.new" "$camera/card.jpg"
	wait_for 180 "/srv/restored/card.restored.jpg" inside test -s /srv/restored/card.restored.jpg
	inside ls -ln /srv/camera /srv/restored
	[ "$(stat -c %u "$camera" "$camera/card.jpg" | sort -u)" = 1000 ] || die "the bind mount or its photo changed hands"
	cmp "$photo" "$camera/card.jpg" || die "the original was touched"
	shown "bind mount of another user (uid 1000)" "restored after the commands that burnish check printed"
}

prove_home() {
	say "folders of another user, below /home"
	inside useradd -m -u 1000 anna
	inside chmod 0700 /home/anna
	inside install -d -o anna -g anna /home/anna/photos
	watch_also /home/anna/photos /home/anna/restored
	heed home /home/anna/photos /home/anna/restored
	inside systemctl restart burnish || die "the service does not start with the remedy"
	install -m 0600 -o 1000 -g 1000 "$photo" "$root/home/anna/photos/.new"
	inside setfacl -m u:burnish:r /home/anna/photos/.new
	mv "$root/home/anna/photos/.new" "$root/home/anna/photos/anna.jpg"
	wait_for 180 "/home/anna/restored/anna.restored.jpg" test -s "$root/home/anna/restored/anna.restored.jpg"
	inside ls -l /home/anna/photos /home/anna/restored
	shown "private folder below /home" "restored after the commands that burnish check printed"
}

# plain_again takes the installed configuration back.
plain_again() {
	inside mv /etc/burnish/before.yaml $config
	inside rm -r /etc/systemd/system/burnish.service.d
	inside systemctl daemon-reload
	inside systemctl restart burnish
}
