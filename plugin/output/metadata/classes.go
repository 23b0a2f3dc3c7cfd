package metadata

import (
	"slices"
	"strings"

	"github.com/burnish-photo/burnish/plugin/output/metadata/exif"
	"github.com/burnish-photo/burnish/plugin/output/metadata/xmp"
)

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
