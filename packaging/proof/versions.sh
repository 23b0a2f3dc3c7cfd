# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154,SC2086,SC2317 # variables and functions are shared between the parts
# Other versions and further instances: sourced by test-systemd.sh.

prove_instances() {
	local said
	say "a second instance"
	inside sh -c 'sed s/NAME/anna/ /usr/share/doc/burnish/examples/instance.yaml | sed s/NAME/anna/g >/etc/burnish/anna.yaml'
	inside install -d -o burnish -g burnish -m 2775 /var/lib/burnish-anna /var/lib/burnish-anna/ingest
	said=$(inside burnish check -c /etc/burnish/anna.yaml) || die "the example of an instance has faults: $said"
	grep -q 'burnish@anna.service' <<<"$said" || die "check does not judge as the instance: $said"
	inside systemctl enable --now burnish@anna || die "the instance does not start"
	inside cp /var/lib/burnish/ingest/mountain.jpg /var/lib/burnish-anna/ingest/other.jpg
	wait_for 180 "the instance's output" inside test -s /var/lib/burnish-anna/out/other.restored.jpg
	[ "$(property ActiveState)/$(property ActiveState burnish@anna)" = active/active ] || die "the two do not run side by side"
	inside test -s /var/lib/burnish-anna/state/ledger.db || die "the instance has no ledger of its own"
	[ "$(property CapabilityBoundingSet burnish@anna)$(property ProtectSystem burnish@anna)" = "$(property CapabilityBoundingSet)$(property ProtectSystem)" ] || die "the instance is less confined"
	shown "burnish@anna beside burnish" "own configuration, state and output; the same sandbox"
}

version() { inside dpkg-query -W burnish | cut -f2; }
# knows PHOTO: whether the ledger has it as done.
knows() {
	local planned
	planned=$(inside burnish plan -c $config "/var/lib/burnish/ingest/$1")
	grep -Eq 'done' <<<"$planned" || { echo "$planned"; return 1; }
}
conffile_of() { dpkg-deb --fsys-tarfile "$1" | tar -xO ./etc/burnish/burnish.yaml; }

# prove_upgrade installs the release before, then this one over it, with a
# configuration that its owner has changed.
prove_upgrade() {
	local before now stamp
	say "upgrade from $(dpkg-deb -f "$older" Version)"
	install -m 0644 "$older" "$root/older.deb"
	apt install /older.deb
	before=$(version)
	wait_for 60 "an active service of the older version" inside systemctl is-active burnish
	cp "$photo" "$drop/mountain.jpg"
	wait_for 180 "an output of the older version" test -s "$out/thumbs/mountain.jpg"
	wait_for 60 "the older version's record" knows mountain.jpg
	stamp=$(stat -c %Y%i "$out/mountain.restored.jpg")
	inside sed -i '1i # mine' $config
	install -m 0644 "$deb" "$root/burnish.deb"
	apt -o Dpkg::Options::=--force-confold install /burnish.deb
	now=$(version)
	[ "$before" != "$now" ] || die "the version is the same"
	wait_for 60 "an active service after the upgrade" inside systemctl is-active burnish
	[ "$(inside head -n 1 $config)" = '# mine' ] || die "the upgrade replaced a changed configuration"
	sleep 5
	knows mountain.jpg || die "the ledger does not know what the older version did"
	[ "$(stat -c %Y%i "$out/mountain.restored.jpg")" = "$stamp" ] || die "the upgrade processed the photo again"
	shown "upgrade $before" "to this version; changed conffile and ledger kept, nothing done twice"
}

# prove_downgrade goes back, and forth again.
prove_downgrade() {
	local stamp
	say "downgrade"
	stamp=$(stat -c %Y%i "$out/mountain.restored.jpg")
	apt --allow-downgrades -o Dpkg::Options::=--force-confold install /older.deb
	wait_for 60 "an active service after the downgrade" inside systemctl is-active burnish
	[ "$(inside head -n 1 $config)" = '# mine' ] || die "the downgrade replaced a changed configuration"
	sleep 5
	knows mountain.jpg || die "the older version does not know what the newer one's ledger holds"
	[ -z "$(inside find /var/lib/burnish/state -name 'ledger.db.damaged*')" ] || die "the older version set the ledger aside"
	cp packaging/demo/photos/dune-q10.jpg "$drop/dune.jpg"
	wait_for 180 "an output of the older version" test -s "$out/thumbs/dune.jpg"
	apt -o Dpkg::Options::=--force-confold install /burnish.deb
	wait_for 60 "an active service after the second upgrade" inside systemctl is-active burnish
	sleep 5
	[ "$(stat -c %Y%i "$out/mountain.restored.jpg")" = "$stamp" ] || die "a photo was processed again on the way"
	knows dune.jpg || die "the ledger lost what the older version added"
	shown "downgrade, and upgrade again" "the older version works on with the ledger; nothing is lost"
	inside sed -i 1d $config
}

# prove_conffile installs a package whose only change is its configuration: an
# untouched one follows, a changed one stays and the new one lies beside it.
prove_conffile() {
	local tree=$scratch/repacked
	say "a package with another default configuration"
	rm -rf "$tree"
	dpkg-deb -R "$deb" "$tree"
	sed -i "s/^Version: .*/&+next/" "$tree/DEBIAN/control"
	echo '# another default' >>"$tree/etc/burnish/burnish.yaml"
	sed -i "s,^[0-9a-f]*  etc/burnish/burnish.yaml,$(md5sum <"$tree/etc/burnish/burnish.yaml" | cut -d' ' -f1)  etc/burnish/burnish.yaml," "$tree/DEBIAN/md5sums"
	dpkg-deb --root-owner-group -Znone -b "$tree" "$root/next.deb" >/dev/null
	inside cmp -s $config - < <(conffile_of "$deb") || die "the configuration is not the installed package's: $(inside diff $config - < <(conffile_of "$deb"))"
	apt install /next.deb
	[ "$(inside tail -n 1 $config)" = '# another default' ] || die "an untouched configuration does not follow"
	inside sed -i '1i # mine' $config
	apt --allow-downgrades -o Dpkg::Options::=--force-confold install /burnish.deb
	[ "$(inside head -n 1 $config)" = '# mine' ] || die "a changed configuration was replaced"
	inside test -f $config.dpkg-dist || die "the new configuration is not beside the changed one"
	inside sh -c "cp $config.dpkg-dist $config; rm $config.dpkg-dist"
	wait_for 60 "an active service" inside systemctl is-active burnish
	shown "conffile" "untouched: follows; changed: stays, the new one beside it as .dpkg-dist"
}
