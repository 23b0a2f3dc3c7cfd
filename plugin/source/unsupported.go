package source

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/burnish-photo/burnish/ops/handle"
	"github.com/burnish-photo/burnish/ops/jpeg"
	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin/failure"
)

// unsupported is the failure of a photo that is in order, as far as its headers
// tell, and of a kind that this build of libvips does not decode; nil for
// others. reason is what libvips says.
func (p *Photo) unsupported(cause error, reason string) *failure.Error {
	kind := p.coding(reason)
	if kind == "" && errors.Is(cause, vips.ErrUnsupported) {
		kind = "this format"
	}
	if kind == "" {
		return nil
	}
	return p.Fail(failure.Unsupported, fmt.Errorf("this build of libvips cannot decode %s (%s)", kind, reason), "convert it to a usual kind, or install a libvips that decodes it and let burnish retry take it up")
}

// coding names the unusual kind of a photo, "" for a usual one. Of kinds that
// some builds decode, libvips has to say that it does not.
func (p *Photo) coding(reason string) string {
	reason = strings.ToLower(reason)
	says := func(words ...string) bool {
		return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(reason, word) })
	}
	switch p.format {
	case "jpeg":
		f, err := handle.Open(p.Content())
		if err != nil {
			return ""
		}
		defer f.Close()
		switch coding := jpeg.Coding(f); {
		case coding == "", coding == "arithmetic-coded" && !says("arithmetic"):
			return ""
		case coding == "JPEG-LS":
			return coding
		default:
			return coding + " JPEG"
		}
	case "tiff":
		if says("not configured", "not implemented") {
			return "this compression of TIFF"
		}
	case "avif", "heif":
		if says("unsupported codec", "decoder plugin", "no decoding plugin", "unsupported feature") {
			return strings.ToUpper(p.format) + " of this codec"
		}
	}
	return ""
}
