package metadata

import (
	"bytes"
	"slices"
	"strings"

	"github.com/burnish-photo/burnish/plugin/output/metadata/exif"
	"github.com/burnish-photo/burnish/plugin/output/metadata/xmp"
)

// Where a photo was taken is written in many namespaces: makers of drones have
// their own (drone-dji, Camera of Pix4D, drone-parrot), as have phones and
// galleries. So names decide, whatever the namespace.

// placeWords are what a name that speaks of a place contains. Longtitude is
// DJI's spelling.
var placeWords = []string{"gps", "latitude", "longitude", "longtitude", "altitude", "location", "geotag", "geocoord", "geohash"}

// placeNames are whole names that do.
var placeNames = []string{
	"lat", "lon", "long", "lng", "alt", "city", "country", "countrycode", "countryname", "provincestate", "province",
	"sublocation", "worldregion", "landmark", "placename", "venue",
}

// notPlaces are words that contain one of placeWords by chance, or speak of a
// place in the picture.
var notPlaces = []string{"allocation", "subjectlocation", "afpointlocation"}

// speaksOfPlace reports whether a property, in any namespace, says where a photo
// was taken.
func speaksOfPlace(p xmp.Property) bool {
	name := strings.ToLower(p.Name)
	contains := func(word string) bool { return strings.Contains(name, word) }
	return !slices.ContainsFunc(notPlaces, contains) && (slices.ContainsFunc(placeWords, contains) || slices.Contains(placeNames, name))
}

// droneMakers put coordinates into their maker's notes, in layouts that change.
var droneMakers = []string{"dji", "autel", "parrot", "skydio", "yuneec", "sensefly", "xag", "fimi", "hubsan"}

// noteOfPlace reports whether the block's maker's note may say where the photo
// was taken: a drone's, or one in which a name of a coordinate stands.
func noteOfPlace(entries []exif.Entry) bool {
	note, ok := exif.Find(entries, exif.Exif, exif.MakerNote)
	if !ok {
		return false
	}
	text := bytes.ToLower(note.Value)
	for _, word := range []string{"gps", "latitude", "longitude", "longtitude"} {
		if bytes.Contains(text, []byte(word)) {
			return true
		}
	}
	made, _ := exif.Find(entries, exif.IFD0, exif.Make)
	maker := strings.ToLower(exif.Text(made))
	return slices.ContainsFunc(droneMakers, func(name string) bool { return strings.Contains(maker, name) })
}
