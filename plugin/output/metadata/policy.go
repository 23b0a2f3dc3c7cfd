package metadata

import (
	"slices"
)

// Class is a class of metadata: one of the four blocks of a file, or a part that
// runs through EXIF, XMP and IPTC alike.
type Class struct{ Name, Meaning string }

var classes = []Class{
	{"icc", "colour profile; without it pixels are converted to sRGB"},
	{"exif", "EXIF block"},
	{"xmp", "XMP packet"},
	{"iptc", "IPTC block"},
	{"camera", "make, model, serial numbers, lens, exposure and the maker's note"},
	{"makernote", "maker's note"},
	{"dates", "when it was taken, digitised and changed"},
	{"gps", "where it was taken: coordinates and place names"},
	{"copyright", "author and rights holder"},
	{"description", "title, caption, keywords, comments and rating"},
}

// Classes lists the classes that a [Policy] may name.
func Classes() []Class { return slices.Clone(classes) }

// ClassNames lists their names.
func ClassNames() []string {
	names := make([]string, len(classes))
	for i, c := range classes {
		names[i] = c.Name
	}
	return names
}

// Policy says which metadata an output keeps: what is in Keep alone, or all but
// what is in Strip.
type Policy struct{ Keep, Strip []string }

// KeepsAll reports whether everything stays.
func (p Policy) KeepsAll() bool { return p.Keep == nil && len(p.Strip) == 0 }

// Allows reports whether a part of a block stays. The maker's note is a part of
// what the camera says.
func (p Policy) Allows(block string, parts ...string) bool {
	names := append([]string{block}, parts...)
	listed := func(in []string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return slices.Contains(in, n) })
	}
	if p.Keep != nil {
		return listed(p.Keep)
	}
	return !listed(p.Strip)
}
