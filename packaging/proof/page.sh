# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154,SC2086,SC2317 # variables and functions are shared between the parts
# The page, opened in Chromium from outside: sourced by test-systemd.sh.
readonly port=18722 outside=10.203.0.1 visitor=burnish-proof

# browse URL FILE: writes what the page is after its scripts ran, and FILE.png.
browse() {
	local profile
	profile=$(mktemp -d)
	# --screenshot and --dump-dom do not go together.
	for what in --dump-dom "--screenshot=$2.png"; do
		"${prefix[@]}" timeout 90 chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
			--disable-component-update --disable-sync --user-data-dir="$profile" --window-size=1280,900 --timeout=10000 \
			"$what" "$1" >"$2.out" 2>"$2.log" || { tail -n 5 "$2.log" >&2; die "Chromium cannot open $1"; }
		[ "$what" != --dump-dom ] || mv "$2.out" "$2"
	done
	rm -rf "$profile"
}

# A host beside this one: a network namespace with a cable to it.
make_visitor() {
	ip netns add $visitor
	ip link add burnish-out type veth peer name burnish-in netns $visitor
	ip addr add $outside/24 dev burnish-out
	ip link set burnish-out up
	ip -n $visitor addr add 10.203.0.2/24 dev burnish-in
	ip -n $visitor link set burnish-in up
}
remove_visitor() { ip netns del $visitor 2>/dev/null || true; ip link del burnish-out 2>/dev/null || true; }

prove_page() {
	local prefix=() token
	[ -f "$root/usr/lib/systemd/system/burnish.socket" ] || die "the package has no burnish.socket"
	say "the page, through burnish.socket"
	remove_visitor
	make_visitor
	inside mkdir -p /etc/systemd/system/burnish.socket.d
	printf '[Socket]\nListenStream=\nListenStream=127.0.0.1:%s\nListenStream=%s:%s\nFreeBind=yes\nIPAddressAllow=10.203.0.0/24\n' $port $outside $port |
		inside tee /etc/systemd/system/burnish.socket.d/port.conf >/dev/null
	inside systemctl daemon-reload
	inside systemctl enable burnish.socket
	inside systemctl stop burnish
	inside systemctl start burnish.socket burnish
	[ "$(property PrivateNetwork)" = yes ] || die "the service has a network of its own to listen on"
	wait_for 60 "an answer on port $port" curl -sf "http://127.0.0.1:$port/livez"
	browse "http://127.0.0.1:$port/photos" "$scratch/photos.html"
	grep -q 'mountain.jpg' "$scratch/photos.html" || die "the page of photos does not show the photo: $scratch/photos.html"
	shown "page in Chromium, on the machine" "/photos shows the photo; the service has PrivateNetwork=yes"

	prefix=(ip netns exec "$visitor")
	[ "$("${prefix[@]}" curl -s -o /dev/null -w '%{http_code}' "http://$outside:$port/photos")" = 401 ] || die "a stranger reads the page without a token"
	browse "http://$outside:$port/photos" "$scratch/stranger.html"
	! grep -q 'mountain.jpg' "$scratch/stranger.html" || die "a stranger sees photos without a token"
	grep -q 'name="token"' "$scratch/stranger.html" || die "a stranger is not asked for a token: $scratch/stranger.html"
	token=$(inside burnish token create proof --scope read -c $config)
	"${prefix[@]}" curl -sf -H "Authorization: Bearer $token" "http://$outside:$port/photos" | grep -c 'mountain.jpg' >/dev/null || die "a token does not open the page"
	shown "page in Chromium, from another host" "asks for a token; with one it shows the photo"
	remove_visitor
	inside systemctl disable --now burnish.socket
	inside rm -r /etc/systemd/system/burnish.socket.d
	inside systemctl daemon-reload
	inside systemctl restart burnish
}
