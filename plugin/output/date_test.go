package output

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/plugin/output/metadata/container"
	"github.com/burnish-photo/burnish/plugin/output/metadata/exif"
)

// immich#5714: what cameras and phones write for a date.
func TestParseDate(t *testing.T) {
	for text, want := range map[string]string{
		"2015:08:22 10:08:19":           "2015-08-22 10:08:19",
		"2015:08:22 24:08:19":           "2015-08-22 00:08:19", // a phone's first hour of the day
		"2015-08-22 10:08:19":           "2015-08-22 10:08:19",
		"2015/08/22 10:08:19":           "2015-08-22 10:08:19",
		"2015.08.22 10.08.19":           "2015-08-22 10:08:19",
		"2015-08-22T10:08:19":           "2015-08-22 10:08:19",
		"2015-08-22T24:00:00":           "2015-08-23 00:00:00",
		"2015-08-22T10:08:19.250+02:00": "2015-08-22 10:08:19",
		"2015-08-22T23:08:19Z":          "2015-08-22 23:08:19",
		"2024:02:21 10:14:22.27-05:30":  "2024-02-21 10:14:22",
		"2025:01:14 18:31:30+0000":      "2025-01-14 18:31:30",
		"20150822T100819":               "2015-08-22 10:08:19",
		"20150822 100819+0200":          "2015-08-22 10:08:19",
		"20150822":                      "2015-08-22 00:00:00",
		"2015:08:22 10:08":              "2015-08-22 10:08:00",
		"2015:08:22 10:08:60":           "2015-08-22 10:08:59",
		"2015:08:22":                    "2015-08-22 00:00:00",
		"2015: 8: 2 10:08:19":           "2015-08-02 10:08:19",
		"2015:08:22  1:08:19\x00":       "2015-08-22 01:08:19",
		"2015:08:22 12:08:19 am":        "2015-08-22 00:08:19",
		"2015:08:22 01:08:19 PM":        "2015-08-22 13:08:19",
		"2015:08:22 10:08:19 \x00\x00":  "2015-08-22 10:08:19",
		"2015-08":                       "2015-08-01 00:00:00",
		"2015":                          "2015-01-01 00:00:00",
		"2016:02:29 00:00:00":           "2016-02-29 00:00:00",
		"2015:02:29 00:00:00":           "",
		"2015:13:01 00:00:00":           "",
		"2015:00:10 00:00:00":           "",
		"2015:08:00 00:00:00":           "",
		"2015:08:22 25:00:00":           "",
		"2015:08:22 10:60:00":           "",
		"2015:08:22 10:00:61":           "",
		"2015:08:22 13:00:00 pm":        "",
		"0000:00:00 00:00:00":           "",
		"    :  :     :  :  ":           "",
		"":                              "",
		"yesterday":                     "",
		"99999999999999999999:01:01":    "",
		"2015:08:22 10:08:19; rm -rf /": "",
		"\xff\xfe2015:08:22":            "",
	} {
		got, ok := parseDate(text)
		if ok != (want != "") || ok && got.Format("2006-01-02 15:04:05") != want {
			t.Errorf("%q is %v, %t; want %q", text, got, ok, want)
		}
	}
}

func TestTaken(t *testing.T) {
	text := func(tag uint16, s string) exif.Entry {
		return exif.Entry{Dir: exif.Exif, Tag: tag, Type: 2, Count: uint32(len(s) + 1), Value: append([]byte(s), 0)}
	}
	packet := `<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:CreateDate="2014-05-06T07:08:09+01:00"/></rdf:RDF>`
	for name, test := range map[string]struct {
		m           container.Metadata
		want, fault string
	}{
		"nothing":            {container.Metadata{}, "", ""},
		"XMP":                {container.Metadata{XMP: []byte(packet)}, "2014-05-06", ""},
		"IPTC":               {container.Metadata{IPTC: []byte("\x1c\x02\x37\x00\x0820130607\x1c\x02\x3c\x00\x0b101112+0100")}, "2013-06-07", ""},
		"an impossible EXIF": {container.Metadata{EXIF: exif.Encode([]exif.Entry{text(exif.DateTimeOriginal, "2015:13:45 10:00:00")}, binary.LittleEndian).Bytes()}, "", `"2015:13:45 10:00:00" in EXIF is no date`},
		"EXIF, else XMP": {container.Metadata{XMP: []byte(packet),
			EXIF: exif.Encode([]exif.Entry{text(exif.DateTimeOriginal, "0000:00:00 00:00:00")}, binary.LittleEndian).Bytes()}, "2014-05-06", ""},
		"EXIF before XMP": {container.Metadata{XMP: []byte(packet),
			EXIF: exif.Encode([]exif.Entry{text(exif.DateTimeOriginal, "2012:01:02 03:04:05")}, binary.LittleEndian).Bytes()}, "2012-01-02", ""},
		"digitised": {container.Metadata{EXIF: exif.Encode([]exif.Entry{text(exif.DateTimeOriginal, " "), text(exif.DateTimeDigitized, "2012-01-02T03:04")}, binary.BigEndian).Bytes()}, "2012-01-02", ""},
	} {
		got, fault := Taken(carrying(t, test.m))
		if test.want == "" && !got.IsZero() || test.want != "" && got.Format("2006-01-02") != test.want || fault != test.fault {
			t.Errorf("%s: %v, %q", name, got, fault)
		}
	}
}

func FuzzParseDate(f *testing.F) {
	for _, text := range []string{"2015:08:22 24:08:19", "2015-08-22T10:08:19.250+02:00", "20150822", "0000:00:00 00:00:00"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if got, ok := parseDate(text); ok && (got.Year() < 1 || got.Year() > 10000 || got.Location() != time.Local) {
			t.Errorf("%q is %v", text, got)
		}
	})
}
