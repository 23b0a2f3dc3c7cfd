package output

import (
	"encoding/binary"
	"testing"

	"github.com/burnish-photo/burnish/plugin/output/metadata"
	"github.com/burnish-photo/burnish/plugin/output/metadata/container"
	"github.com/burnish-photo/burnish/plugin/output/metadata/exif"
)

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
		got, fault := metadata.Taken(carrying(t, test.m))
		if test.want == "" && !got.IsZero() || test.want != "" && got.Format("2006-01-02") != test.want || fault != test.fault {
			t.Errorf("%s: %v, %q", name, got, fault)
		}
	}
}
