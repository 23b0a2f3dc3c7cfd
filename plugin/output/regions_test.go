package output

import (
	"encoding/binary"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/plugin/output/metadata/container"
	"github.com/burnish-photo/burnish/plugin/output/metadata/exif"
	"github.com/burnish-photo/burnish/plugin/output/metadata/xmp"
)

const (
	mwgRegions = "http://www.metadataworkinggroup.com/schemas/regions/"
	areaType   = "http://ns.adobe.com/xmp/sType/Area#"
	sizeType   = "http://ns.adobe.com/xap/1.0/sType/Dimensions#"
	person     = "http://ns.microsoft.com/photo/1.2/t/Region#"
)

// facePacket holds a region at 0.75, 0.25 as exiftool, Lightroom and Microsoft
// write it, and a second one at the left, in a photo of w×h.
func facePacket(w, h int) []byte {
	return fmt.Appendf(nil, `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description xmlns:mwg-rs="http://www.metadataworkinggroup.com/schemas/regions/" xmlns:stArea="http://ns.adobe.com/xmp/sType/Area#" xmlns:stDim="http://ns.adobe.com/xap/1.0/sType/Dimensions#"
 xmlns:MP="http://ns.microsoft.com/photo/1.2/" xmlns:MPRI="http://ns.microsoft.com/photo/1.2/t/RegionInfo#" xmlns:MPReg="http://ns.microsoft.com/photo/1.2/t/Region#" xmlns:exif="http://ns.adobe.com/exif/1.0/">
<mwg-rs:Regions rdf:parseType="Resource"><mwg-rs:AppliedToDimensions rdf:parseType="Resource"><stDim:h>%d</stDim:h><stDim:unit>pixel</stDim:unit><stDim:w>%d</stDim:w></mwg-rs:AppliedToDimensions>
<mwg-rs:RegionList><rdf:Bag>
<rdf:li rdf:parseType="Resource"><mwg-rs:Area rdf:parseType="Resource"><stArea:h>0.2</stArea:h><stArea:unit>normalized</stArea:unit><stArea:w>0.1</stArea:w><stArea:x>0.75</stArea:x><stArea:y>0.25</stArea:y></mwg-rs:Area><mwg-rs:Name>Anna</mwg-rs:Name></rdf:li>
<rdf:li><rdf:Description mwg-rs:Name="Left"><mwg-rs:Area stArea:x="0.1" stArea:y="0.5" stArea:w="0.1" stArea:h="0.1" stArea:unit="normalized"/></rdf:Description></rdf:li>
</rdf:Bag></mwg-rs:RegionList></mwg-rs:Regions>
<MP:RegionInfo rdf:parseType="Resource"><MPRI:Regions><rdf:Bag><rdf:li MPReg:Rectangle="0.7, 0.15, 0.1, 0.2" MPReg:PersonDisplayName="Bea"/></rdf:Bag></MPRI:Regions></MP:RegionInfo>
<exif:SubjectArea><rdf:Seq><rdf:li>72</rdf:li><rdf:li>16</rdf:li></rdf:Seq></exif:SubjectArea>
</rdf:Description></rdf:RDF></x:xmpmeta>`, h, w)
}

// told are the places that a packet tells of.
func told(t *testing.T, packet []byte) (all []string) {
	t.Helper()
	p, err := xmp.Parse(packet)
	if err != nil {
		t.Fatal(err)
	}
	text := func(s xmp.Struct, space string, names ...string) string {
		var values []string
		for _, name := range names {
			f, _ := s.Field(space, name)
			values = append(values, f.Text())
		}
		return strings.Join(values, " ")
	}
	for _, s := range p.Structs(mwgRegions, "AppliedToDimensions") {
		all = append(all, text(s, sizeType, "w", "h"))
	}
	for _, s := range p.Structs(mwgRegions, "Area") {
		all = append(all, text(s, areaType, "x", "y", "w", "h"))
	}
	for _, s := range p.Structs(person, "Rectangle") {
		all = append(all, s.Text())
	}
	return all
}

// Damselfly#352, darktable#12589: regions go with the pixels.
func TestRegionsFollowThePixels(t *testing.T) {
	short := func(n ...uint16) (value []byte) {
		for _, v := range n {
			value = binary.LittleEndian.AppendUint16(value, v)
		}
		return value
	}
	area := func(n ...uint16) exif.Entry {
		return exif.Entry{Dir: exif.Exif, Tag: exif.SubjectArea, Type: 3, Count: uint32(len(n)), Value: short(n...)}
	}
	upright := ops.Whole.Turned(6)
	for name, test := range map[string]struct {
		frame         ops.Frame
		orientation   int
		width, height int // that the regions were made for
		subject       exif.Entry
		want          []string // in an output of 96×64
		wantSubject   []int
		note          string
	}{
		"as stored": {ops.Whole, 1, 96, 64, area(72, 16, 10, 12), []string{"96 64", "0.75 0.25 0.1 0.2", "0.1 0.5 0.1 0.1", "0.7, 0.15, 0.1, 0.2"}, []int{72, 16, 10, 12}, ""},
		"turned by 6": {upright, 6, 96, 64, area(72, 16, 10, 12), []string{"96 64", "0.75 0.75 0.2 0.1", "0.5 0.1 0.1 0.1", "0.65, 0.7, 0.2, 0.1"}, []int{72, 48, 18, 7},
			"1 dropped: cut off, or of a kind"},
		"made after turning": {upright, 6, 64, 96, area(72, 16), []string{"96 64", "0.75 0.25 0.1 0.2", "0.1 0.5 0.1 0.1", "0.7, 0.15, 0.1, 0.2"}, []int{72, 48}, "1 dropped"},
		"the right half":     {ops.Whole.Cut(48, 0, 48, 64, 96, 64), 1, 96, 64, area(12, 16, 10), []string{"96 64", "0.5 0.25 0.2 0.2", "0.4, 0.15, 0.2, 0.2"}, nil, "3 dropped: cut off"},
		"not followed":       {ops.Frame{}, 1, 96, 64, area(72, 16), nil, nil, "4 dropped: a step moves pixels"},
	} {
		img := carrying(t, container.Metadata{XMP: facePacket(test.width, test.height), EXIF: exif.Encode([]exif.Entry{test.subject}, binary.LittleEndian).Bytes()})
		img.Frame, img.Source.Orientation = test.frame, test.orientation
		path, notes, err := stage(t, img, "{path: a.jpg}")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		m, err := container.Read(path, "jpeg")
		if err != nil {
			t.Fatal(err)
		}
		if got := told(t, m.XMP); !slices.Equal(got, test.want) {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
		var subject []int
		if b, err := exif.Parse(m.EXIF); err == nil {
			if e, ok := exif.Find(b.Entries(), exif.Exif, exif.SubjectArea); ok {
				subject, _ = b.Numbers(e)
			}
		}
		if !slices.Equal(subject, test.wantSubject) {
			t.Errorf("%s: the subject is at %v, want %v", name, subject, test.wantSubject)
		}
		if note := notes["regions:a.jpg"]; (note == "") != (test.note == "") || !strings.HasPrefix(note, test.note) {
			t.Errorf("%s: noted %q", name, note)
		}
		if test.frame == ops.Whole {
			if data, _ := os.ReadFile(path); !strings.Contains(string(data), "<exif:SubjectArea>") {
				t.Errorf("%s: XMP's subject is lost", name)
			}
		}
	}
}
