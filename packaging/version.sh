#!/usr/bin/env bash
# Prints the Debian version of a commit.  version.sh [DESCRIBED [COMMIT]]
#
# v1.2.3 → 1.2.3, v1.2.3-4-gabc → 1.2.3+4.gabc, and without a tag
# 0~20260102030405.678.abc, older than any release: the commit's time in UTC,
# how many came before, and which it is. What comes later sorts later.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
readonly described=${1:-unknown} commit=${2:-HEAD}
v=${described#v}
case $v in
[0-9]*.[0-9]*.[0-9]*) echo "${v/-/+}" | tr - . ;;
*)
	if time=$(TZ=UTC git log -1 --format=%cd --date=format-local:%Y%m%d%H%M%S "$commit" 2>/dev/null); then
		echo "0~$time.$(git rev-list --count "$commit").${v//-/.}"
	else
		echo "0~$(date -u +%Y%m%d%H%M%S).0.${v//-/.}"
	fi
	;;
esac
