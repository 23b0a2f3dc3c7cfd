#!/usr/bin/env bash
# Proves that nothing has to be installed by hand: a minimal Debian of its
# own, with make and the host's Go and npm copied in and nothing else, gets a
# clean clone of the last commit and runs each command there. Needs root, the
# network and, with PyTorch to fetch and all to compile, half an hour.
#
#   packaging/test-fresh.sh [COMMAND...]      (default: 'make demo' 'make test')
#
# SUITE (default bookworm) names the release: trixie is Debian 13. SCRATCH (default
# /var/tmp/burnish-fresh) keeps the bare Debian for the next run. The clients'
# configuration (apt, npm, pip, Go, certificates) is the host's.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
readonly scratch=${SCRATCH:-/var/tmp/burnish-fresh}
host=$(sed -n "s/^VERSION_CODENAME=//p" /etc/os-release)
readonly host suite=${SUITE:-bookworm}
readonly base=$scratch/$suite root=$scratch/root

say() { printf '\n== %s\n' "$*"; }
die() { echo "test-fresh: $*" >&2; exit 1; }

[ $# -gt 0 ] || set -- 'make demo' 'make test'
[ "$(id -u)" = 0 ] || die "systemd-nspawn needs root: sudo $0"
packaging/setup.sh systemd
mkdir -p "$scratch"
if [ ! -e "$base/.complete" ]; then
	say "debootstrap, once"
	rm -rf "$base"
	debootstrap --variant=minbase --include=ca-certificates,make "$suite" "$base" >"$scratch/debootstrap.log" 2>&1 ||
		{ tail -n 5 "$scratch/debootstrap.log" >&2; die "debootstrap failed: the whole log is $scratch/debootstrap.log"; }
	touch "$base/.complete"
fi

rm -rf "$root"
cp -a --reflink=auto "$base" "$root"
packaging/host-config.sh "$root"
# The host's sources name the host's release.
grep -rlZ "$host" "$root"/etc/apt/sources.list* | xargs -0 -r sed -i "s/$host/$suite/g"
cp -a "$(go env GOROOT)" "$root/usr/local/go"
cp -L "$(command -v node)" "$root/usr/local/bin/node"
npm=$(readlink -f "$(command -v npm)") # …/npm/bin/npm-cli.js
mkdir -p "$root/usr/local/lib/node_modules"
cp -a "${npm%/bin/*}" "$root/usr/local/lib/node_modules/npm"
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"
git clone -q --no-hardlinks . "$root/root/burnish"
say "commit $(git -C "$root/root/burnish" log -1 --format='%h %s')"

# The way to the registries, where it is told by the environment.
env=(--setenv=CI=true)
while IFS='=' read -r name value; do
	env+=("--setenv=$name=$value")
done < <(env | grep -E '^(https?_proxy|HTTPS?_PROXY|no_proxy|NO_PROXY|SSL_CERT_(FILE|DIR)|NODE_EXTRA_CA_CERTS|PIP_(CERT|INDEX_URL|DEFAULT_TIMEOUT)|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|GO(PROXY|SUMDB|NOSUMDB|PRIVATE))=' || true)

for command in "$@"; do
	say "$command"
	SECONDS=0
	systemd-nspawn -D "$root" --register=no --keep-unit --quiet --as-pid2 --pipe --chdir=/root/burnish "${env[@]}" \
		--setenv=PATH=/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin --setenv=HOME=/root \
		bash -c "$command" </dev/null || die "failed: $command"
	echo "($SECONDS s)"
done
say "ok: nothing was installed by hand"
