package plugin_test

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/plugin/output/metadata/container"
	"github.com/burnish-photo/burnish/plugin/output/metadata/exif"
	"github.com/burnish-photo/burnish/plugin/output/metadata/xmp"
)

// Damselfly#352: steps tell where they move pixels; what cannot be told drops
// the regions with a note.
func TestRegionsThroughSteps(t *testing.T) {
	packet := []byte(`<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description xmlns:mwg-rs="http://www.metadataworkinggroup.com/schemas/regions/"` +
		` xmlns:stArea="http://ns.adobe.com/xmp/sType/Area#"><mwg-rs:Regions rdf:parseType="Resource"><mwg-rs:RegionList><rdf:Bag><rdf:li rdf:parseType="Resource">` +
		`<mwg-rs:Area stArea:x="0.75" stArea:y="0.25" stArea:w="0.1" stArea:h="0.2"/></rdf:li></rdf:Bag></mwg-rs:RegionList></mwg-rs:Regions></rdf:Description></rdf:RDF>`)
	sideways := exif.Encode([]exif.Entry{{Dir: exif.IFD0, Tag: exif.Orientation, Type: 3, Count: 1, Value: []byte{6, 0}}}, binary.LittleEndian).Bytes()
	for steps, want := range map[string]string{ // of a photo of 60×40 stored pixels, seen as 40×60
		"- sharpen: {}":                                              "0.75 0.75 0.2 0.1",
		"- resize: {width: 20, height: 20}":                          "0.75 0.75 0.2 0.1",
		"- resize: {width: 20, height: 20, mode: exact}":             "0.75 0.75 0.2 0.1",
		"- rotate: {degrees: 270}":                                   "0.75 0.25 0.1 0.2",
		"- rotate: {degrees: 180}":                                   "0.25 0.25 0.2 0.1",
		"- crop: {width: 40, height: 30}":                            "0.75 0.95 0.2 0.1",
		"- crop: {width: 10, height: 10}":                            "",
		"- crop: {width: 40, height: 60, focus: attention}":          "0.75 0.75 0.2 0.1",
		"- flip: {direction: horizontal}":                            "0.25 0.75 0.2 0.1",
		"- rot: {angle: d90}":                                        "0.25 0.75 0.1 0.2",
		"- extract_area: {left: 20, top: 30, width: 20, height: 30}": "0.5 0.5 0.4 0.2",
		"- similarity: {angle: 0.5}":                                 "",
		"- embed: {x: 5, y: 5, width: 60, height: 80}":               "",
		"- gaussblur: {sigma: 1}":                                    "0.75 0.75 0.2 0.1",
	} {
		b := newFixture(t, strings.Replace(small, "- resize: {width: 64, height: 64}", steps, 1))
		r := b.done(b.carrying("face.jpg", "jpeg", container.Metadata{XMP: packet, EXIF: sideways}))
		m, err := container.Read(r.Outputs[0].Path, "png")
		if err != nil {
			t.Fatal(err)
		}
		p, err := xmp.Parse(m.XMP)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, s := range p.Structs("http://www.metadataworkinggroup.com/schemas/regions/", "Area") {
			var all []any
			for _, name := range []string{"x", "y", "w", "h"} {
				f, _ := s.Field("http://ns.adobe.com/xmp/sType/Area#", name)
				all = append(all, f.Text())
			}
			got = strings.TrimSpace(fmt.Sprintln(all...))
		}
		if got != want || (want == "") != (r.Notes["regions:face.png"] != "") {
			t.Errorf("%s: %q, want %q; %v", steps, got, want, r.Notes)
		}
	}
}
