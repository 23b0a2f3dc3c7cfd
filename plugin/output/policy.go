package output

import (
	"encoding/binary"
	"slices"
	"strings"

	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/plugin/output/metadata/exif"
	"github.com/burnish-photo/burnish/plugin/output/metadata/xmp"
	"gopkg.in/yaml.v3"
)

// Classes of metadata: four blocks of a file, and parts that run through EXIF,
// XMP and IPTC alike.
var classes = []struct{ name, meaning string }{
	{"icc", "colour profile; without it pixels are converted to sRGB"},
	{"exif", "EXIF block"},
	{"xmp", "XMP packet"},
	{"iptc", "IPTC block"},
	{"camera", "make, model, serial numbers, lens, exposure and the maker's note"},
	{"makernote", "the maker's note alone"},
	{"dates", "when it was taken, digitised and changed"},
	{"gps", "where it was taken: coordinates and place names"},
	{"copyright", "author and rights holder"},
	{"description", "title, caption, keywords, comments and rating"},
}

func classNames() []string {
	names := make([]string, len(classes))
	for i, c := range classes {
		names[i] = c.name
	}
	return names
}

// policy says which metadata an output keeps: what is in keep alone, or all
// but what is in strip.
type policy struct{ keep, strip []string }

// whole reports whether everything stays.
func (p policy) whole() bool { return p.keep == nil && len(p.strip) == 0 }

// allows reports whether a part of a block stays. The maker's note is a part
// of what the camera says.
func (p policy) allows(block string, parts ...string) bool {
	names := append([]string{block}, parts...)
	listed := func(in []string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return slices.Contains(in, n) })
	}
	if p.keep != nil {
		return listed(p.keep)
	}
	return !listed(p.strip)
}

func decodeClasses(node *yaml.Node, into *[]string) (faults diag.Diagnostics) {
	*into = []string{}
	if node.Kind != yaml.SequenceNode {
		return diag.Diagnostics{diag.At(node, "must be a list of %s, got %s", strings.Join(classNames(), ", "), diag.Describe(node))}
	}
	for _, n := range node.Content {
		n = diag.Resolve(n)
		var name string
		if fs := oneOf(n, &name, classNames()); len(fs) > 0 {
			faults = append(faults, fs...)
			continue
		}
		*into = append(*into, name)
	}
	return faults
}

// exifParts are the classes that an EXIF entry belongs to.
func exifParts(e exif.Entry) []string {
	switch e.Dir {
	case exif.GPS:
		return []string{"gps"}
	case exif.Interop:
		return nil
	case exif.IFD0:
		switch e.Tag {
		case exif.Make, exif.Model:
			return []string{"camera"}
		case exif.Artist, exif.Copyright, 0x9c9d: // XPAuthor
			return []string{"copyright"}
		case exif.DateTime:
			return []string{"dates"}
		case 0x010e, 0x9c9b, 0x9c9c, 0x9c9e, 0x9c9f, 0x4746, 0x4749:
			return []string{"description"}
		}
		return nil
	}
	switch t := e.Tag; {
	case t == exif.MakerNote:
		return []string{"camera", "makernote"}
	case t == 0x9003 || t == 0x9004 || t >= 0x9010 && t <= 0x9012 || t >= 0x9290 && t <= 0x9292:
		return []string{"dates"}
	case t == 0x9286 || t == 0xa436: // UserComment; ImageTitle of Exif 3.0
		return []string{"description"}
	case t == 0xa430 || t == 0xa437 || t == 0xa438: // CameraOwnerName; Photographer and ImageEditor of Exif 3.0
		return []string{"copyright"}
	case t == 0x9000 || t == 0x9101 || t == 0xa000 || t == 0xa001 || t == 0xa002 || t == 0xa003:
		return nil // how the pixels are stored
	}
	return []string{"camera"}
}

// xmpParts are the classes that an XMP property belongs to.
func xmpParts(p xmp.Property) []string {
	const adobe, iptc = "http://ns.adobe.com/", "http://iptc.org/std/Iptc4xmp"
	name, in := p.Name, func(names ...string) bool { return slices.Contains(names, p.Name) }
	exifEX := strings.Contains(p.Space, "exifEX") || strings.HasPrefix(p.Space, "http://cipa.jp/exif/")
	switch s := p.Space; {
	case speaksOfPlace(p), strings.HasPrefix(s, "http://www.w3.org/2003/01/geo/"),
		strings.HasPrefix(s, iptc) && strings.HasPrefix(name, "Country"), s == adobe+"photoshop/1.0/" && name == "State":
		return []string{"gps"}
	case s == xmp.Base && strings.HasSuffix(name, "Date"), s == adobe+"photoshop/1.0/" && name == "DateCreated",
		s == xmp.EXIF && strings.HasPrefix(name, "DateTime"), s == xmp.TIFF && name == "DateTime":
		return []string{"dates"}
	case s == xmp.DC && in("rights", "creator", "contributor", "publisher"), s == adobe+"xap/1.0/rights/",
		s == "http://ns.useplus.org/ldf/xmp/1.0/", s == "http://creativecommons.org/ns#",
		s == adobe+"photoshop/1.0/" && in("Credit", "Source", "AuthorsPosition", "CaptionWriter"),
		s == xmp.TIFF && in("Artist", "Copyright"), strings.HasPrefix(s, iptc) && name == "CreatorContactInfo",
		strings.HasSuffix(s, "exif/1.0/aux/") && name == "OwnerName", exifEX && in("CameraOwnerName", "Photographer", "ImageEditor"):
		return []string{"copyright"}
	case s == xmp.DC && in("title", "description", "subject"), s == xmp.Base && in("Rating", "Label", "Nickname"),
		s == adobe+"photoshop/1.0/", strings.HasPrefix(s, iptc), s == adobe+"lightroom/1.0/",
		s == xmp.EXIF && name == "UserComment", s == xmp.TIFF && name == "ImageDescription", exifEX && name == "ImageTitle":
		return []string{"description"}
	case s == xmp.TIFF && in("Make", "Model"), s == xmp.EXIF && !in("PixelXDimension", "PixelYDimension", "ColorSpace", "ExifVersion"),
		strings.HasSuffix(s, "exif/1.0/aux/"), exifEX:
		return []string{"camera"}
	}
	return nil
}

// iptcParts are the classes that a dataset of record 2 belongs to.
func iptcParts(dataset byte) []string {
	switch dataset {
	case 26, 27, 90, 92, 95, 100, 101:
		return []string{"gps"}
	case 30, 35, 37, 38, 47, 55, 60, 62, 63, 70:
		return []string{"dates"}
	case 80, 85, 110, 115, 116, 118, 122:
		return []string{"copyright"}
	case 5, 10, 15, 20, 25, 40, 103, 105, 120:
		return []string{"description"}
	}
	return nil
}

// keepIPTC is the block without the datasets that do not stay; nil where only
// those of the envelope would. Datasets (IIM 4.2) that cannot be told apart
// end it.
func (p policy) keepIPTC(data []byte) (left []byte) {
	if p.allows("iptc") && p.whole() {
		return data
	}
	some := false
	for len(data) >= 5 && data[0] == 0x1c {
		size := 5 + int(binary.BigEndian.Uint16(data[3:]))
		if size > len(data) || data[3]&0x80 != 0 {
			break
		}
		switch record := data[1]; {
		case record == 2 && data[2] != 0 && p.allows("iptc", iptcParts(data[2])...):
			left, some = append(left, data[:size]...), true
		case record != 2 || data[2] == 0:
			left = append(left, data[:size]...)
		}
		data = data[size:]
	}
	if !some {
		return nil
	}
	return left
}

// dataset is the text of the first dataset of record 2 with that number.
func dataset(data []byte, number byte) string {
	for len(data) >= 5 && data[0] == 0x1c {
		size := 5 + int(binary.BigEndian.Uint16(data[3:]))
		if size > len(data) || data[3]&0x80 != 0 {
			return ""
		}
		if data[1] == 2 && data[2] == number {
			return string(data[5:size])
		}
		data = data[size:]
	}
	return ""
}
