#!/usr/bin/env bash
# Copies JPEG-compressed photos into a watched folder, lets Burnish restore them,
# and prints the output paths and the PSNR against the clean originals, before and
# after, of the published files.
#
#   packaging/demo.sh [FOLDER]        (default: demo; its contents are replaced)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
readonly src=packaging/demo work=${1:-demo} burnish=bin/burnish
seen=$(awk -F '\t' '$NF == "yes"' "$src/SOURCES.tsv" | wc -l) # column in_training_set
readonly seen

die() { echo "demo: $*" >&2; exit 1; }
psnr() { "$burnish" compare "$1" "$2" | awk '{print $(NF-1)}'; }

[ -x "$burnish" ] || die "$burnish not found: make build"
[ ! -e "$work" ] || [ -f "$work/burnish.yaml" ] || die "$work is not a folder of the demo: choose another"
rm -rf "$work"
mkdir -p "$work/ingest"
cp "$src/burnish.yaml" "$work/"
cp "$src"/photos/*.jpg "$work/ingest/"

echo "$(find "$work/ingest" -type f | wc -l) photos copied to $work/ingest; running: $burnish run -c $work/burnish.yaml --once"
"$burnish" run -c "$work/burnish.yaml" --once || die "the run failed: see the lines above"

echo
{
	printf 'PHOTO\tJPEG QUALITY\tBEFORE\tAFTER\tGAIN\n'
	while IFS=$'\t' read -r photo original quality _; do
		[ "$photo" != photo ] || continue
		restored=$work/out/${photo%.jpg}.restored.jpg
		[ -f "$restored" ] || die "$restored is missing"
		[ -f "$work/out/thumbs/$photo" ] || die "$work/out/thumbs/$photo is missing"
		before=$(psnr "$src/originals/$original" "$work/ingest/$photo")
		after=$(psnr "$src/originals/$original" "$restored")
		printf '%s\t%s\t%s\t%s\t-\n' "$photo" "$quality" "$before" "$after"
	done <"$src/SOURCES.tsv"
} | awk -F '\t' '
	NR == 1 { printf "%-22s %-13s %9s %9s %8s\n", $1, $2, $3, $4, $5; next }
	{
		printf "%-22s %-13s %6.2f dB %6.2f dB %+5.2f dB\n", $1, $2, $3, $4, $4 - $3
		n++; before += $3; after += $4
	}
	END {
		if (!n) exit 1 # the reason was printed above
		printf "%-22s %-13s %6.2f dB %6.2f dB %+5.2f dB\n", "mean", "", before / n, after / n, (after - before) / n
		if (after <= before) { print "demo: no gain" >"/dev/stderr"; exit 1 }
	}'
cat <<END

compressed  $work/ingest/
restored    $work/out/*.restored.jpg
for the web $work/out/*.web.webp
thumbnails  $work/out/thumbs/
originals   $src/originals/  (sources and licences: $src/SOURCES.tsv)
END
if [ "$seen" -gt 0 ]; then
	echo
	echo "The model was trained on $seen of these photos: they show what Burnish does,"
	echo "not the quality to expect. The model card, ops/promptcir/models/lite.md, has results on other photos."
fi
