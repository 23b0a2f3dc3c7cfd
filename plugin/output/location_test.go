package output

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/plugin/output/metadata/container"
	"github.com/burnish-photo/burnish/plugin/output/metadata/exif"
)

// carrying is the photo with other metadata.
func carrying(t *testing.T, m container.Metadata) ops.Image {
	t.Helper()
	img := photo(t)
	path := filepath.Join(t.TempDir(), "photo.jpg")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := container.Write(img.Source.Path, path, "jpeg", m); err != nil {
		t.Fatal(err)
	}
	img.Source.Path = path
	return img
}

const dronePacket = `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:drone-dji="http://www.dji.com/drone-dji/1.0/" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"
 xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" xmlns:geo="http://www.w3.org/2003/01/geo/wgs84_pos#" xmlns:exif="http://ns.adobe.com/exif/1.0/"
 drone-dji:GpsLongtitude="64.31" drone-dji:AbsoluteAltitude="120.5" geo:lat="44.32" drone-dji:FlightYawDegree="12.5">
<drone-dji:GpsLatitude>44.33</drone-dji:GpsLatitude><photoshop:City>Lunenburg1</photoshop:City><photoshop:State>Lunenburg2</photoshop:State>
<Iptc4xmpExt:LocationCreated><rdf:Bag><rdf:li rdf:parseType="Resource"><Iptc4xmpExt:Sublocation>Lunenburg3</Iptc4xmpExt:Sublocation></rdf:li></rdf:Bag></Iptc4xmpExt:LocationCreated>
<drone-dji:Track><rdf:Seq><rdf:li drone-dji:Latitude="44.34"><drone-dji:Speed>7.5</drone-dji:Speed><drone-dji:Longitude>64.35</drone-dji:Longitude></rdf:li></rdf:Seq></drone-dji:Track>
</rdf:Description></rdf:RDF></x:xmpmeta>`

// ExifToolGui PR#494: coordinates in the namespaces of drones go with "gps".
func TestPlacesInAnyNamespace(t *testing.T) {
	text := func(dir exif.Dir, tag uint16, s string) exif.Entry {
		return exif.Entry{Dir: dir, Tag: tag, Type: 2, Count: uint32(len(s) + 1), Value: append([]byte(s), 0)}
	}
	note := []byte("a drone's note")
	img := carrying(t, container.Metadata{XMP: []byte(dronePacket), EXIF: exif.Encode([]exif.Entry{
		text(exif.IFD0, exif.Make, "DJI"), {Dir: exif.Exif, Tag: exif.MakerNote, Type: 7, Count: uint32(len(note)), Value: note},
	}, binary.LittleEndian).Bytes()})
	places := []string{"64.31", "120.5", "44.32", "44.33", "Lunenburg1", "Lunenburg2", "Lunenburg3", "44.34", "64.35", string(note)}
	rest := []string{"12.5", "7.5", "DJI"}
	for policy, want := range map[string][2]bool{ // are places and the rest there?
		"":                         {true, true},
		", strip: [copyright]":     {true, true},
		", strip: [gps]":           {false, true},
		", keep: [description]":    {false, false},
		", keep: [icc, xmp, exif]": {true, true},
	} {
		path, _, err := stage(t, img, "{path: a.jpg"+policy+"}")
		if err != nil {
			t.Errorf("%s: %v", policy, err)
			continue
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for i, words := range [][]string{places, rest} {
			for _, word := range words {
				if strings.Contains(string(data), word) != want[i] {
					t.Errorf("%s: %q is there: %t", policy, word, !want[i])
				}
			}
		}
	}
}

// Exiv2#2659: text of Exif 3.0's type UTF-8, and its new tags, go by their class.
func TestExif3(t *testing.T) {
	text := func(dir exif.Dir, tag uint16, s string) exif.Entry {
		return exif.Entry{Dir: dir, Tag: tag, Type: 129, Count: uint32(len(s) + 1), Value: append([]byte(s), 0)}
	}
	img := carrying(t, container.Metadata{EXIF: exif.Encode([]exif.Entry{
		text(exif.IFD0, exif.Artist, "Zoë One"), text(exif.IFD0, exif.Copyright, "© Zoë Two"), text(exif.Exif, 0xa437, "Zoë Three"),
		text(exif.Exif, 0xa438, "Zoë Four"), text(exif.Exif, 0xa436, "Title Five"), text(exif.Exif, 0xa43a, "Developer Six"),
	}, binary.BigEndian).Bytes()})
	copyright := []string{"Zoë One", "© Zoë Two", "Zoë Three", "Zoë Four"}
	for policy, want := range map[string][]string{
		"":                       append(slices.Clone(copyright), "Title Five", "Developer Six"),
		", strip: [copyright]":   {"Title Five", "Developer Six"},
		", keep: [copyright]":    copyright,
		", strip: [description]": append(slices.Clone(copyright), "Developer Six"),
		", strip: [camera]":      append(slices.Clone(copyright), "Title Five"),
	} {
		for _, format := range []string{"jpg", "tif", "png", "webp"} {
			path, _, err := stage(t, img, "{path: a."+format+policy+"}")
			if err != nil {
				t.Errorf("%s%s: %v", format, policy, err)
				continue
			}
			m, err := container.Read(path, strings.NewReplacer("jpg", "jpeg", "tif", "tiff").Replace(format))
			if err != nil {
				t.Fatal(err)
			}
			b, err := exif.Parse(m.EXIF)
			if err != nil {
				t.Fatalf("%s%s: %v", format, policy, err)
			}
			var got []string
			for _, e := range b.Entries() {
				if e.Type == 129 {
					got = append(got, exif.Text(e))
				}
			}
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("%s%s: %q, want %q", format, policy, got, want)
			}
		}
	}
}
