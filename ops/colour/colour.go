// Package colour says what the numbers of a photo mean and brings them to the
// forms that Burnish works in: gray, RGB or CMYK of 8 or 16 bits, with a colour
// profile that fits them or with none. It judges embedded profiles, reads what
// files say of their colours in other ways, and converts other numbers.
package colour

import (
	"fmt"
	"strings"
	"sync"

	"github.com/burnish-photo/burnish/ops/icc"
	"github.com/burnish-photo/burnish/ops/vips"
)

// Read brings the pixels of a file, as they were decoded, to a form that
// Burnish works in, with the profile that they are to be seen through. Notes
// say what was left out or converted; none, and the same pixels, where the
// photo was as it should be. The caller closes the image. An error says why the
// pixels have no meaning that can be shown.
func Read(path, format string, page int, p *vips.Image) (out *vips.Image, notes []string, err error) {
	said := declared(path, format)
	if said.cicp != nil && said.cicp.hdr() {
		return nil, nil, hdrError(said.cicp.transfer)
	}
	profile, notes, err := choose(p, said)
	if err != nil {
		return nil, nil, err
	}
	numbers, note, err := readNumbers(p, numbersOf{path: path, format: format, page: page, profiled: profile != nil})
	if err != nil {
		return nil, nil, err
	}
	if note != "" {
		notes = append(notes, note)
	}
	if space(numbers) == "" || space(numbers) != space(p) {
		profile = nil // it was of the numbers before
	}
	if had, _ := numbers.Blob(vips.FieldICC); string(had) == string(profile) {
		return numbers, notes, nil
	}
	defer numbers.Close()
	out, err = numbers.WithBlob(vips.FieldICC, profile)
	return out, notes, err
}

// space is that of the pixels as profiles name it; "" where no profile can
// tell their colours.
func space(p *vips.Image) string {
	switch p.Interpretation() {
	case "srgb", "rgb", "rgb16", "scrgb":
		return icc.RGB
	case "b-w", "grey16":
		return icc.Gray
	case "cmyk":
		return icc.CMYK
	}
	return ""
}

// choose is the profile that the pixels are to be seen through: an embedded one
// that is sound and fits, or one made of what the file says otherwise; nil
// where neither is there.
func choose(p *vips.Image, said declaration) (profile []byte, notes []string, err error) {
	embedded, reason := fitting(p, said)
	if embedded != nil {
		if parsed, err := icc.Parse(embedded); err == nil {
			if transfer, ok := parsed.Transfer(); ok && isHDR(transfer) {
				return nil, nil, hdrError(transfer)
			}
		}
	}
	overruled := said.format == "png" && said.cicp != nil // PNG, third edition, 4.3
	if embedded != nil && !overruled {
		return embedded, nil, nil
	}
	if reason != "" {
		notes = append(notes, "colour profile left out: "+reason)
	}
	made, from, why := said.profile(space(p))
	if made == nil && why == "" && optionalSpace(p) {
		made, from = adobeRGB(), "Adobe RGB, by the EXIF that cameras write with it"
	}
	switch {
	case why != "":
		notes = append(notes, why)
	case made != nil:
		notes = append(notes, "colour profile made: "+from)
	}
	return made, notes, nil
}

// optionalSpace reports whether EXIF says that RGB is of the optional colour
// space of cameras (DCF 2.0, 3.4), which is Adobe RGB.
func optionalSpace(p *vips.Image) bool {
	index, _ := p.String("exif-ifd4-InteroperabilityIndex")
	declared, _ := p.String("exif-ifd2-ColorSpace")
	return space(p) == icc.RGB && strings.HasPrefix(index, "R03") && !strings.HasPrefix(declared, "1 ")
}

// adobeRGB is the profile of Adobe RGB (1998).
var adobeRGB = sync.OnceValue(func() []byte {
	const gamma = 563.0 / 256 // as its specification has it
	profile, err := icc.New(icc.AdobePrimaries, icc.Gamma(gamma), "compatible with Adobe RGB (1998)")
	if err != nil {
		panic(err) // its primaries are given
	}
	return profile
})

// fitting is the first of the file's profiles that is sound and of the pixels'
// space, mended where its length alone is wrong; else why there is none.
func fitting(p *vips.Image, said declaration) (profile []byte, reason string) {
	var candidates [][]byte
	if blob, ok := p.Blob(vips.FieldICC); ok {
		candidates = append(candidates, blob)
	}
	candidates = append(candidates, said.profiles...)
	for _, data := range candidates {
		mended := icc.Mend(data)
		err := usable(p, mended)
		if err == nil {
			return mended, ""
		}
		if reason == "" {
			reason = err.Error()
		}
	}
	if reason == "" {
		reason = said.lost
	}
	return nil, reason
}

// usable reports why a profile cannot be used for pixels like p.
func usable(p *vips.Image, data []byte) error {
	profile, err := icc.Parse(data)
	if err != nil {
		return err
	}
	s := space(p)
	if s == "" {
		return fmt.Errorf("no profile is used for pixels in %s", p.Interpretation())
	}
	if err := profile.Fits(s); err != nil {
		return err
	}
	if err := try(s, data); err != nil {
		return fmt.Errorf("it cannot be used: %w", err)
	}
	return nil
}

// try converts two pixels, of the lowest and the highest values, through a
// profile.
func try(space string, data []byte) error {
	bands, meaning := 3, "srgb"
	switch space {
	case icc.Gray:
		bands, meaning = 1, "b-w"
	case icc.CMYK:
		bands, meaning = 4, "cmyk"
	}
	pixels := make([]byte, 2*bands)
	for i := range bands {
		pixels[bands+i] = 255
	}
	raw, err := vips.FromMemory(pixels, 2, 1, bands, "uchar")
	if err != nil {
		return err
	}
	defer raw.Close()
	out, err := vips.Chain(raw,
		vips.Op("copy", vips.Args{"interpretation": meaning}),
		vips.SetBlob(vips.FieldICC, data),
		vips.Op("icc_import", vips.Args{"embedded": true, "pcs": "lab", "intent": Intent(data, "relative")}))
	if err != nil {
		return err
	}
	defer out.Close()
	s, err := measure(out)
	if err == nil && !s.finite() {
		err = fmt.Errorf("it leads to numbers that are no colours")
	}
	return err
}

// Intent is the rendering intent to read a profile with: the one that is wanted,
// or where the profile lacks a table for it one that it has. libvips, asked for
// an intent that a profile lacks, takes another profile.
func Intent(profile []byte, wanted string) string {
	p, err := icc.Parse(profile)
	if err != nil {
		return wanted
	}
	for _, intent := range []string{wanted, "perceptual", "relative", "saturation"} {
		if p.Supports(intent) {
			return intent
		}
	}
	return wanted
}

// Through converts by p's profile to a space that libvips has a profile of, 16
// bits to 16. CMYK without one is taken for that of a common press; without one
// RGB and gray are an error. The caller closes the image.
func Through(p *vips.Image, space string) (*vips.Image, error) {
	profile, _ := p.Blob(vips.FieldICC)
	args := vips.Args{"output_profile": space, "embedded": true, "intent": Intent(profile, "relative")}
	if p.Interpretation() == "cmyk" {
		args["input_profile"], args["black_point_compensation"] = "cmyk", true
	}
	if p.Format() == "ushort" {
		args["depth"] = 16
	}
	return p.Do("icc_transform", args)
}
