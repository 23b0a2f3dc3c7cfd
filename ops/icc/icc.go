// Package icc judges, mends and makes ICC colour profiles (ICC.1:2022). It
// converts no colours and knows no image files.
package icc

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Spaces of pixels, as a profile's header names them.
const (
	Gray = "GRAY"
	RGB  = "RGB "
	CMYK = "CMYK"
)

const (
	headerSize = 128
	entrySize  = 12
	maxTags    = 100
)

// MaxSize bounds a profile, in bytes. Those of presses take up to 3 MB.
const MaxSize = 16 << 20

// Profile is what a profile's header and table of tags say.
type Profile struct {
	Version byte   // major: 2, 4 or 5
	Class   string // mntr, scnr, prtr, spac, …
	Space   string // of the pixels: RGB, GRAY, CMYK, Lab …, four letters
	PCS     string // of the connection: XYZ or Lab, four letters
	tags    map[string][]byte
}

// Parse reads a profile that keeps to its own bounds: data holds it and
// nothing else. It shares data.
func Parse(data []byte) (*Profile, error) {
	switch {
	case len(data) < headerSize+4:
		return nil, fmt.Errorf("it has %d bytes, which is less than a header", len(data))
	case len(data) > MaxSize:
		return nil, fmt.Errorf("it has %d bytes, more than the %d that a profile may take", len(data), MaxSize)
	case string(data[36:40]) != "acsp":
		return nil, errors.New("it lacks the signature of a profile")
	case int64(binary.BigEndian.Uint32(data)) != int64(len(data)):
		return nil, fmt.Errorf("it says that it has %d bytes and has %d", binary.BigEndian.Uint32(data), len(data))
	}
	p := &Profile{Version: data[8], Class: string(data[12:16]), Space: string(data[16:20]), PCS: string(data[20:24])}
	var err error
	p.tags, err = tags(data)
	return p, err
}

// tags reads the table of tags, each of which has to lie behind the table.
func tags(data []byte) (map[string][]byte, error) {
	count := int64(binary.BigEndian.Uint32(data[headerSize:]))
	end := headerSize + 4 + count*entrySize
	if count == 0 || count > maxTags || end > int64(len(data)) {
		return nil, fmt.Errorf("it says that it has %d tags", count)
	}
	found := map[string][]byte{}
	for at := int64(headerSize + 4); at < end; at += entrySize {
		name := string(data[at : at+4])
		from, size := int64(binary.BigEndian.Uint32(data[at+4:])), int64(binary.BigEndian.Uint32(data[at+8:]))
		if from < end || from+size > int64(len(data)) {
			return nil, fmt.Errorf("its tag %q lies at %d to %d of %d bytes", name, from, from+size, len(data))
		}
		found[name] = data[from : from+size]
	}
	return found, nil
}

func (p *Profile) has(names ...string) bool {
	return !slices.ContainsFunc(names, func(n string) bool { return len(p.tags[n]) < 8 })
}

// Matrix reports whether the profile describes its colours by primaries and
// curves, or by one curve, and by no table.
func (p *Profile) Matrix() bool { return !p.has("A2B0") && (p.has("rXYZ") || p.has("kTRC")) }

// tables are the tags that lead from pixels to the connection space by the
// rendering intents that have one.
var tables = map[string]string{"perceptual": "A2B0", "relative": "A2B1", "saturation": "A2B2", "absolute": "A2B1"}

// Supports reports whether the profile can be read with a rendering intent:
// perceptual, relative, saturation or absolute. Primaries and curves serve all.
func (p *Profile) Supports(intent string) bool {
	switch {
	case p.has(tables[intent]):
		return true
	case p.Space == Gray:
		return p.has("kTRC")
	}
	return p.Space == RGB && p.has(colorants...)
}

// colorants are the tags of a profile by primaries and curves.
var colorants = []string{"rXYZ", "gXYZ", "bXYZ", "rTRC", "gTRC", "bTRC"}

// Has reports whether the profile's colorants are those of the primaries, but
// for how they were rounded. It is false for a profile without colorants.
func (p *Profile) Has(primaries Primaries) bool {
	columns, err := primaries.adapted()
	if err != nil {
		return false
	}
	for j, name := range []string{"rXYZ", "gXYZ", "bXYZ"} {
		tag := p.tags[name]
		if len(tag) < 20 {
			return false
		}
		for i := range 3 {
			x := float64(int32(binary.BigEndian.Uint32(tag[8+4*i:]))) / 65536
			if math.Abs(x-columns[i][j]) > 0.002 {
				return false
			}
		}
	}
	return true
}

// Fits reports why the profile cannot tell the colours of pixels in that
// space; nil where it can.
func (p *Profile) Fits(space string) error {
	switch {
	case !slices.Contains([]string{"mntr", "scnr", "prtr", "spac"}, p.Class):
		return fmt.Errorf("it is of the class %q, which describes no pixels", p.Class)
	case p.Space != space:
		return fmt.Errorf("it is for %s, the pixels are %s", spaceName(p.Space), spaceName(space))
	case p.PCS != "XYZ " && p.PCS != "Lab ":
		return fmt.Errorf("it leads to %q, which must be XYZ or Lab", p.PCS)
	case p.Version < 2 || p.Version > 5:
		return fmt.Errorf("it is of version %d, which must be 2 to 5", p.Version)
	case p.has("A2B0") || p.has("A2B1") || p.has("A2B2") || p.has("D2B0") || p.has("D2B1"):
		return nil
	case space == RGB && p.has(colorants...), space == Gray && p.has("kTRC"):
		return nil
	}
	return errors.New("it lacks the tags that tell its colours")
}

func spaceName(space string) string {
	switch space {
	case Gray:
		return "gray"
	case RGB:
		return "RGB"
	case CMYK:
		return "CMYK"
	}
	return fmt.Sprintf("%q", space)
}

// Mend brings data to the length of its profile where that alone is wrong:
// bytes behind the end are cut off, a header that counts more bytes than there
// are is set right, and the padding to four bytes is made good. Everything
// else comes back as it is.
func Mend(data []byte) []byte {
	if len(data) < headerSize+4 || len(data) > MaxSize || string(data[36:40]) != "acsp" {
		return data
	}
	if _, err := tags(data); err != nil {
		return data
	}
	used := 0
	for i := range int(binary.BigEndian.Uint32(data[headerSize:])) {
		entry := data[headerSize+4+i*entrySize:]
		used = max(used, int(binary.BigEndian.Uint32(entry[4:])+binary.BigEndian.Uint32(entry[8:])))
	}
	said := int64(binary.BigEndian.Uint32(data))
	if said == int64(len(data)) && said%4 == 0 {
		return data
	}
	size := len(data)
	if said >= int64(used) && said < int64(size) {
		size = int(said)
	}
	mended := slices.Clone(data[:size])
	for len(mended)%4 != 0 {
		mended = append(mended, 0)
	}
	binary.BigEndian.PutUint32(mended, uint32(len(mended)))
	clear(mended[84:100]) // its digest is of another length
	return mended
}

// Transfer is the code point of the transfer function in a profile's cicp tag
// (ITU-T H.273), or that of BT.2100 that its description names, as profiles from
// before the tag do; false where neither says.
func (p *Profile) Transfer() (int, bool) {
	if tag := p.tags["cicp"]; len(tag) >= 12 && string(tag[:4]) == "cicp" {
		return int(tag[9]), true
	}
	name := p.Description()
	named := strings.Contains(name, "2100") || strings.HasPrefix(name, "RGB_D65_") // libjxl's names
	switch {
	case named && (strings.Contains(name, "PQ") || strings.HasSuffix(name, "_PeQ")):
		return 16, true
	case named && strings.Contains(name, "HLG"):
		return 18, true
	}
	return 0, false
}
