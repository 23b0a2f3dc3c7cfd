package metadata

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/plugin/output/metadata/exif"
	"github.com/burnish-photo/burnish/plugin/output/metadata/xmp"
)

// Taken is the moment that the photo's metadata say it was made, by the clock of
// where it was taken: EXIF first, then XMP and IPTC, at last when it was changed.
// It is zero where none is a date; fault then quotes what stands in the place of
// one, "" where nothing does.
func Taken(img ops.Image) (t time.Time, fault string) {
	for _, d := range dates(img) {
		if strings.Trim(d.text, " :-/0\x00") == "" {
			continue // blank, as cameras without a clock write it
		}
		if t, ok := parseDate(d.text); ok {
			return t, ""
		}
		if fault == "" {
			fault = fmt.Sprintf("%.40q in %s is no date", d.text, d.place)
		}
	}
	return time.Time{}, fault
}

type date struct{ text, place string }

// dates are the dates that a photo's metadata hold, the one to trust most first.
func dates(img ops.Image) (all []date) {
	m := Read(img)
	var entries []exif.Entry
	if b, err := exif.Parse(m.EXIF); err == nil {
		entries = b.Entries()
	}
	var properties []xmp.Property
	if p, err := xmp.Parse(m.XMP); err == nil {
		properties = p.Properties()
	}
	const photoshop = "http://ns.adobe.com/photoshop/1.0/"
	inEXIF := func(dir exif.Dir, tag uint16) {
		if e, ok := exif.Find(entries, dir, tag); ok {
			all = append(all, date{exif.Text(e), "EXIF"})
		}
	}
	inXMP := func(space, name string) {
		for _, p := range properties {
			if p.Space == space && p.Name == name {
				all = append(all, date{p.Value, "XMP"})
			}
		}
	}
	inEXIF(exif.Exif, exif.DateTimeOriginal)
	inXMP(xmp.EXIF, "DateTimeOriginal")
	inXMP(photoshop, "DateCreated")
	if text := strings.TrimSpace(dataset(m.IPTC, 55) + " " + dataset(m.IPTC, 60)); text != "" {
		all = append(all, date{text, "IPTC"})
	}
	inEXIF(exif.Exif, exif.DateTimeDigitized)
	inXMP(xmp.EXIF, "DateTimeDigitized")
	inXMP(xmp.Base, "CreateDate")
	inEXIF(exif.IFD0, exif.DateTime)
	inXMP(xmp.TIFF, "DateTime")
	inXMP(xmp.Base, "ModifyDate")
	return all
}

// dateForm takes what cameras, phones and editors write: EXIF's form, with other
// separators, ISO 8601 with and without them, without seconds or a time at all,
// with parts of a second and an offset. XMP's dates may end with the year or month.
var dateForm = regexp.MustCompile(`(?i)^\s*(\d{4})(?:\s*[-:/. ]?\s*(\d{1,2})(?:\s*[-:/. ]?\s*(\d{1,2}))?)?` +
	`(?:([T\s,_-]+)(\d{1,2})[:.h-]?(\d{2})(?:[:.m-]?(\d{2})s?(?:[.,:]\d+)?)?\s*([ap]m)?\s*(?:Z|UTC|GMT|[-+]\d{2}:?(?:\d{2})?)?)?\s*$`)

// parseDate reads a date leniently; false for what no calendar has. Hour 24 is
// what phones have written for the first of the day; ISO's 24:00 ends the day.
// The offset says where the clock stood, and changes nothing that it showed.
func parseDate(text string) (time.Time, bool) {
	m := dateForm.FindStringSubmatch(strings.TrimRight(text, "\x00"))
	if m == nil {
		return time.Time{}, false
	}
	number := func(i, missing int) int {
		if n, err := strconv.Atoi(m[i]); err == nil {
			return n
		}
		return missing
	}
	year, month, day := number(1, 0), number(2, 1), number(3, 1)
	hour, minute, second := number(5, 0), number(6, 0), min(number(7, 0), 59) // 60 is a leap second
	switch half := strings.ToLower(m[8]); {
	case half != "" && (hour < 1 || hour > 12):
		return time.Time{}, false
	case half == "am":
		hour %= 12
	case half == "pm":
		hour = hour%12 + 12
	}
	if number(7, 0) > 60 || minute > 59 || hour > 24 || year < 1 {
		return time.Time{}, false
	}
	days := 0
	if hour == 24 {
		hour = 0
		if strings.ContainsAny(m[4], "Tt") && minute == 0 && second == 0 {
			days = 1
		}
	}
	t := time.Date(year, time.Month(month), day, hour, minute, second, 0, time.Local)
	if month > 12 || month < 1 || t.Day() != day || t.Year() != year {
		return time.Time{}, false
	}
	return t.AddDate(0, 0, days), true
}
