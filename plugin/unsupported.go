package plugin

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/burnish-photo/burnish/ops/handle"
	"github.com/burnish-photo/burnish/ops/jpeg"
	"github.com/burnish-photo/burnish/ops/vips"
)

// unsupported is the failure of a photo that is in order, as far as its headers
// tell, and of a kind that this build of libvips does not decode; nil for
// others. reason is what libvips says.
func (w *work) unsupported(cause error, reason string) *Error {
	kind := w.coding(reason)
	if kind == "" && errors.Is(cause, vips.ErrUnsupported) {
		kind = "this format"
	}
	if kind == "" {
		return nil
	}
	return w.fail(Unsupported, fmt.Errorf("this build of libvips cannot decode %s (%s)", kind, reason), "convert it to a usual kind, or install a libvips that decodes it and let burnish retry take it up")
}

// coding names the unusual kind of a photo, "" for a usual one. Of kinds that
// some builds decode, libvips has to say that it does not.
func (w *work) coding(reason string) string {
	format, err := w.file.Format()
	if err != nil {
		return ""
	}
	reason = strings.ToLower(reason)
	says := func(words ...string) bool {
		return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(reason, word) })
	}
	switch format {
	case "jpeg":
		f, err := handle.Open(w.content)
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
			return strings.ToUpper(format) + " of this codec"
		}
	}
	return ""
}
