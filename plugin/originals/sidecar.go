package originals

import (
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Endings of names, in lower case, by what they mean to a photo of the same name.
var (
	rawEndings    = []string{".dng", ".cr2", ".cr3", ".nef", ".arw", ".raf", ".orf", ".rw2"}
	filmEndings   = []string{".mov", ".mp4", ".mp"}
	editEndings   = []string{".xmp", ".aae"}
	pictureEnding = []string{
		".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".gif", ".tif", ".tiff", ".avif", ".heic", ".heif", ".hif", ".jxl", ".jp2", ".bmp", ".psd",
	}
)

// sidecars are those of the names in a photo's folder that belong to the photo
// and to no other that stays there: edits (XMP, AAE), the film of a Live Photo,
// Google Takeout's JSON, and the RAW that a camera wrote beside it. Where
// originals stay, RAWs and films do, and the edits that these need.
func sidecars(photo string, names []string, originalsStay bool) (own []string) {
	var others []string // photos that stay
	for _, name := range names {
		if name != photo && isPicture(name) {
			others = append(others, name)
		}
	}
	needed := func(name string) bool {
		return slices.ContainsFunc(others, func(other string) bool { return belongs(name, other) })
	}
	for _, name := range names { // RAWs first: one that goes needs nothing here
		if name != photo && hasEnding(name, rawEndings) && !originalsStay && belongs(name, photo) && !needed(name) {
			own = append(own, name)
		}
	}
	for _, name := range names {
		if hasEnding(name, rawEndings) && name != photo && !slices.Contains(own, name) {
			others = append(others, name)
		}
	}
	for _, name := range names {
		if originalsStay && hasEnding(name, filmEndings) {
			continue
		}
		if name != photo && !hasEnding(name, rawEndings) && !isPicture(name) && belongs(name, photo) && !needed(name) {
			own = append(own, name)
		}
	}
	slices.Sort(own)
	return own
}

func isPicture(name string) bool { return hasEnding(name, pictureEnding) }

func hasEnding(name string, endings []string) bool {
	return slices.Contains(endings, strings.ToLower(filepath.Ext(name)))
}

// belongs reports whether a file is a sidecar of a photo, by their names alone.
func belongs(name, photo string) bool {
	name, photo = norm.NFC.String(name), norm.NFC.String(photo)
	stem := strings.TrimSuffix(photo, filepath.Ext(photo))
	ext := strings.ToLower(filepath.Ext(name))
	rest := strings.TrimSuffix(name, filepath.Ext(name))
	switch {
	case stem == "" || name == photo:
		return false
	case slices.Contains(rawEndings, ext):
		return rest == stem && !hasEnding(photo, rawEndings)
	case ext == ".mp": // Google's films of PXL_1.MP.jpg
		return name == stem
	case slices.Contains(filmEndings, ext):
		return rest == stem
	case slices.Contains(editEndings, ext):
		return rest == stem || rest == photo
	case ext == ".json":
		return isTakeout(rest, photo)
	}
	return false
}

// takeoutLength is at how many characters Google Takeout cuts the names of its
// JSON files off, their ending not counted.
const takeoutLength = 46

// isTakeout reports whether a name without .json is Google Takeout's for a photo:
// the photo's name, followed by ".supplemental-metadata", cut off where it is too
// long. The number of IMG(1).jpg comes last: IMG.jpg.supplemental-metadata(1).
func isTakeout(rest, photo string) bool {
	ext := filepath.Ext(photo)
	if stem, number := cutNumber(strings.TrimSuffix(photo, ext)); number != "" {
		if plain, n := cutNumber(rest); n == number && isTakeout(plain, stem+ext) {
			return true
		}
	}
	whole := photo + ".supplemental-metadata"
	return strings.HasPrefix(whole, rest) && (len(rest) >= len(photo) || utf8.RuneCountInString(rest) >= takeoutLength)
}

// cutNumber parts a name from a number in parentheses at its end.
func cutNumber(name string) (rest, number string) {
	open := strings.LastIndexByte(name, '(')
	if open < 1 || !strings.HasSuffix(name, ")") || strings.Trim(name[open+1:len(name)-1], "0123456789") != "" {
		return name, ""
	}
	return name[:open], name[open:]
}

// renamed is the name of a sidecar once its photo bears another.
func renamed(sidecar, photo, now string) string {
	if photo == now {
		return sidecar
	}
	if rest, ok := strings.CutPrefix(sidecar, photo); ok {
		return now + rest
	}
	stem, to := strings.TrimSuffix(photo, filepath.Ext(photo)), strings.TrimSuffix(now, filepath.Ext(now))
	if rest, ok := strings.CutPrefix(sidecar, stem); ok {
		return to + rest
	}
	return sidecar
}
