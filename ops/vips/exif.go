package vips

import (
	"regexp"
	"strings"
)

// EXIF returns the text of a tag such as "Make" or "DateTimeOriginal", of the
// first directory that has it; false where none has.
func (i *Image) EXIF(tag string) (string, bool) {
	for _, name := range i.Fields() {
		if !strings.HasPrefix(name, "exif-ifd") || !strings.HasSuffix(name, "-"+tag) {
			continue
		}
		if text, ok := i.String(name); ok {
			return exifText(text), true
		}
	}
	return "", false
}

var exifTail = regexp.MustCompile(`, [^,]+, \d+ components, \d+ bytes\)$`)

// exifText undoes how libvips writes a tag: "VALUE (VALUE, ASCII, 6 components,
// 6 bytes)".
func exifText(text string) string {
	cut := exifTail.FindStringIndex(text)
	if cut == nil {
		return strings.TrimSpace(text)
	}
	const between = " ("
	twice := text[:cut[0]]
	n := (len(twice) - len(between)) / 2
	if n >= 0 && twice[:n]+between+twice[:n] == twice {
		return strings.TrimSpace(twice[:n])
	}
	value, _, _ := strings.Cut(twice, between)
	return strings.TrimSpace(value)
}
