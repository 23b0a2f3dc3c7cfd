#!/bin/sh
# An operator of Burnish on ImageMagick: it draws photos with charcoal.
#
#   operators:
#     charcoal:
#       command: [./charcoal.sh]
#       runs: [head, convert]
#       parameters:
#         radius: {type: number, min: 0.5, max: 10, default: 2}

# say HEADER BODY: begin a frame
say() { printf '%d %d\n%s\n' "$((${#1} + 1))" "$2" "$1"; }

while read -r _ body && IFS= read -r header; do
	case $header in
	*'"type":"hello"'*)
		say '{"type":"ready","protocol":1,"name":"charcoal","version":"1","bands":[3],"parameters":[{"name":"radius","type":"number"}]}' 0
		;;
	*'"type":"photo"'*)
		id=${header#*'"id":'}
		radius=${header#*'"radius":'}
		width=${header#*'"width":'}
		height=${header#*'"height":'}
		say "{\"type\":\"result\",\"id\":${id%%[!0-9]*}}" "$body"
		head -c "$body" |
			convert -size "${width%%[!0-9]*}x${height%%[!0-9]*}" -depth 8 rgb:- -charcoal "${radius%%[!0-9.]*}" -colorspace sRGB rgb:- ||
			exit 1
		;;
	*)
		head -c "$body" >/dev/null
		;;
	esac
done
