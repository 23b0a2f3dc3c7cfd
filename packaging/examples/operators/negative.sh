#!/bin/sh
# An operator of Burnish in POSIX sh: it makes negatives of photos.
#
#   operators:
#     negative: {command: [./negative.sh], runs: [head, tr, awk]}
LC_ALL=C
export LC_ALL
reversed=$(awk 'BEGIN { for (i = 255; i >= 0; i--) printf "\\%03o", i }')

# say HEADER BODY: begin a frame
say() { printf '%d %d\n%s\n' "$((${#1} + 1))" "$2" "$1"; }

while read -r _ body && IFS= read -r header; do
	case $header in
	*'"type":"hello"'*)
		say '{"type":"ready","protocol":1,"name":"negative.sh","version":"1"}' 0
		;;
	*'"type":"photo"'*)
		id=${header#*'"id":'}
		say "{\"type\":\"result\",\"id\":${id%%[!0-9]*}}" "$body"
		head -c "$body" | tr '\000-\377' "$reversed" || exit 1
		;;
	*)
		head -c "$body" >/dev/null
		;;
	esac
done
