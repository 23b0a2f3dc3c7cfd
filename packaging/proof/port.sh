# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154,SC2086,SC2317,SC2016 # variables and functions are shared between the parts
# The port that systemd opens for the service: sourced by test-systemd.sh.

# http METHOD PATH [HEADER]: the answer's status.
http() {
	inside bash -c 'exec 3<>/dev/tcp/127.0.0.1/8722 || exit 1
		printf "%s %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nConnection: close\r\n%s\r\n{}" "$1" "$2" "${3:+$3$'"'\r\n'"'}" >&3
		cat <&3' http "$@" | tee "$scratch/answer" | head -n1 | cut -d' ' -f2
}

prove_port() {
	local token score said
	say "the port that systemd hands in"
	inside sed -i 's/^watch:/listen: ["127.0.0.1:8723"]\nwatch:/' $config
	! said=$(inside systemctl reload burnish 2>&1 && inside burnish reload -c $config 2>&1) || die "a service without network listens"
	journal -n 20 -g 'the service has no network: remove it from listen' | tail -n 1 || die "the log does not say what to do: $said"
	inside sed -i '/^listen:/d' $config
	[ "$(inside systemctl is-enabled burnish.socket)" = disabled ] || die "the port is open though nobody has asked for it"
	inside systemctl enable burnish.socket
	inside systemctl restart burnish || die "the service does not start with its socket"
	[ "$(property ActiveState burnish.socket)/$(property ActiveState)" = active/active ] || die "the socket or the service is not active"
	[ "$(property PrivateNetwork)" = yes ] || die "the service has a network"
	[ "$(http GET /v1/status)" = 200 ] || die "no status at the port: $(cat "$scratch/answer")"
	grep -q '"running":true' "$scratch/answer" || die "no status at the port"
	[ "$(http GET /metrics)" = 200 ] || die "no metrics at the port"
	[ "$(http GET /v1/status 'X-Forwarded-For: 192.0.2.1')" = 401 ] || die "a proxy's visitor reads without a token"
	[ "$(http POST /v1/reload)" = 401 ] || die "a reload without a token"
	token=$(inside burnish token create admin --scope act -c $config) || die "no token"
	[ "$(inside stat -c '%U %a' /var/lib/burnish/state/tokens.json)" = 'burnish 600' ] || die "the tokens are not the service's alone"
	[ "$(http POST /v1/reload "Authorization: Bearer $token")" = 200 ] || die "no reload with a token: $(cat "$scratch/answer")"
	inside burnish token revoke admin -c $config
	[ "$(http POST /v1/reload "Authorization: Bearer $token")" = 401 ] || die "a revoked token works"
	score=$(inside systemd-analyze security burnish --no-pager | grep -o 'level for burnish.service: [0-9.]*' | grep -o '[0-9.]*$')
	awk -v a="$score" 'BEGIN { exit !(a <= 0.5) }' || die "systemd-analyze security: $score, must be 0.5 at most"
	inside systemctl disable --now burnish.socket
	inside systemctl restart burnish
	! http GET /v1/status 2>/dev/null | grep -q . || die "the port is open though it was disabled"
	shown "burnish.socket" "status, metrics and a reload by token with PrivateNetwork=yes; exposure $score; closed by default"
}
