package metadata

import (
	"testing"

	"github.com/burnish-photo/burnish/plugin/output/metadata/xmp"
)

func TestSpeaksOfPlace(t *testing.T) {
	for _, name := range []string{"GPSLatitude", "GpsLongtitude", "LocationName", "lat", "Lon", "City", "CountryCode", "GeoTag", "RelativeAltitude"} {
		if !speaksOfPlace(xmp.Property{Name: name}) {
			t.Errorf("%s does not", name)
		}
	}
	for _, name := range []string{"SubjectLocation", "Allocation", "Flat", "Longest", "State", "Make", "li"} {
		if speaksOfPlace(xmp.Property{Name: name}) {
			t.Errorf("%s does", name)
		}
	}
}
