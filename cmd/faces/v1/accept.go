package v1

import (
	"mime"
	"strconv"
	"strings"
)

// jsonType is that of receipts.
const jsonType = "application/json"

// mediaTypes are those of formats.
var mediaTypes = map[string]string{
	"jpeg": "image/jpeg", "png": "image/png", "webp": "image/webp", "tiff": "image/tiff", "avif": "image/avif",
	"heic": "image/heic", "jxl": "image/jxl", "gif": "image/gif",
}

// MediaType is that of an output's format.
func MediaType(format string) string {
	if t, ok := mediaTypes[format]; ok {
		return t
	}
	return "application/octet-stream"
}

// maxAccept bounds the parts of a header that are looked at.
const maxAccept = 64

// preferred is the index of the offer that an Accept header wants most; -1: none.
// Of those that it wants alike it is one that it names, and the first of these. An
// empty header takes anything.
func preferred(accept string, offers []string) int {
	if strings.TrimSpace(accept) == "" {
		accept = "*/*"
	}
	best, most, closest := -1, 0.0, -1
	for i, offer := range offers {
		q, precise := quality(accept, offer)
		if q > most || q == most && q > 0 && precise > closest {
			best, most, closest = i, q, precise
		}
	}
	return best
}

// quality is how much an Accept header wants a media type: by its most specific
// range, as RFC 9110, section 12.5.1, has it. precise is how specific that is.
func quality(accept, offer string) (q float64, precise int) {
	kind, _, _ := strings.Cut(offer, "/")
	precise = -1
	for n, part := range strings.Split(accept, ",") {
		if n == maxAccept {
			break
		}
		media, params, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		level := map[string]int{"*/*": 0, kind + "/*": 1, offer: 2}
		at, meant := level[media]
		if !meant || at <= precise {
			continue
		}
		weight := 1.0
		if text, ok := params["q"]; ok {
			if weight, err = strconv.ParseFloat(text, 64); err != nil || !(weight >= 0 && weight <= 1) {
				continue
			}
		}
		precise, q = at, weight
	}
	return q, precise
}
