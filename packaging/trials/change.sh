#!/bin/sh
# change.sh [PHOTOS]: what it takes to do an archive of photos again after a change
# of its pipeline, against the first run. Fails where a change costs more than the
# documentation promises.
set -eu
photos=${1:-300}
burnish=$(realpath "${BURNISH:-bin/burnish}")
originals=$(realpath packaging/demo/photos)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

mkdir ingest
set -- "$originals"/*.jpg
i=0
while [ $i -lt "$photos" ]; do
	photo=$1 # parts of each in turn, no two alike
	shift
	set -- "$@" "$photo"
	vips crop "$photo" "ingest/$i.jpg[Q=$((20 + i / 384))]" $((i / $# % 8)) $((i / $# / 8 % 8)) 440 440
	i=$((i + 1))
done

# configuration CACHE SIDE QUALITY
configuration() {
	cat >burnish.yaml <<-YAML
		version: 1
		state_dir: ./state
		cache: {size: $1}
		watch:
		  - {folder: ./ingest, pipeline: photos, output: ./out, settle: 10ms, on_change: redo}
		pipelines:
		  photos:
		    steps:
		      - promptcir: {skip: never}
		      - resize: {width: $2, height: $2}
		    outputs:
		      - path: "{stem}.jpg"
		      - path: "{stem}-source.jpg"
		        from: source
		        jpeg: {quality: $3}
	YAML
}

# run WHAT: the seconds that all photos take, of their own, without the start.
run() {
	"$burnish" run -c burnish.yaml --once --log-format json 2>log || { cat log; exit 1; }
	done=$(grep -c '"msg":"done"' log) || true
	if [ "$done" != "$photos" ]; then
		echo "$1: $done of $photos photos were done" >&2
		tail -n 5 log >&2
		exit 1
	fi
	seconds=$(sed -n 's/.*"msg":"done".*"seconds":\([0-9.e-]*\).*/\1/p' log | awk '{ s += $1 } END { printf "%.3f", s }')
	printf '%-44s %9.1f s, %8.3f s a photo\n' "$1" "$seconds" "$(echo "$seconds $photos" | awk '{ print $1 / $2 }')"
}

# cheaper FIRST SECOND RATIO: whether it is, by so many times.
cheaper() {
	echo "$1 $2 $3" | awk '{ r = $1 / ($2 > 0 ? $2 : 0.001); printf "  %.0f times cheaper; promised: %d\n", r, $3; exit r < $3 }'
}

configuration 10GB 200 80
run "first run"
first=$seconds
configuration 10GB 160 80
run "the last step changed, with the cache"
cheaper "$first" "$seconds" 50
configuration 0 160 70
run "an output changed that needs no network"
cheaper "$first" "$seconds" 10
"$burnish" cache stat -c burnish.yaml
