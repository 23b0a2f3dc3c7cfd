package imaginary

import (
	"bytes"
	"io"
	"os"
	"regexp"
	"slices"
)

// kindOf is the format that an image's first bytes tell, "" for one that nobody
// knows.
func kindOf(head []byte) string {
	starts := func(s string) bool { return bytes.HasPrefix(head, []byte(s)) }
	switch {
	case starts("\xff\xd8\xff"):
		return "jpeg"
	case starts("\x89PNG\r\n\x1a\n"):
		return "png"
	case starts("RIFF") && len(head) >= 12 && string(head[8:12]) == "WEBP":
		return "webp"
	case starts("GIF87a") || starts("GIF89a"):
		return "gif"
	case starts("II*\x00") || starts("MM\x00*"):
		return "tiff"
	case starts("BM"):
		return "bmp"
	case starts("%PDF-"):
		return "pdf"
	case len(head) >= 12 && string(head[4:8]) == "ftyp":
		return brand(head)
	case drawing.Match(head):
		return "svg"
	}
	return ""
}

// drawing is the beginning of an SVG: its element, after what XML lets come before.
var drawing = regexp.MustCompile(`(?s)^(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*|<!DOCTYPE[^>\[]*(?:\[.*?\])?\s*>\s*)*<svg[\s>]`)

// brand is the format of an ISO media file.
func brand(head []byte) string {
	size := int(head[0])<<24 | int(head[1])<<16 | int(head[2])<<8 | int(head[3])
	for at := 8; at+4 <= min(size, len(head)); at += 4 {
		switch string(head[at : at+4]) {
		case "avif", "avis":
			return "avif"
		case "heic", "heix", "hevc", "hevx", "heim", "heis", "mif1", "msf1":
			return "heif"
		}
	}
	return ""
}

// headSize is how many bytes are looked at.
const headSize = 4096

// kindOfFile is the format of a file.
func kindOfFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	head := make([]byte, headSize)
	n, err := io.ReadFull(f, head)
	if n == 0 {
		return "", err
	}
	return kindOf(head[:n]), nil
}

// always are the formats that are read of anybody.
var always = []string{"jpeg", "png", "webp", "gif", "tiff", "heif", "avif"}

// reads reports whether images of a format are taken.
func (c Config) reads(kind string) bool {
	return slices.Contains(always, kind) || slices.Contains(c.AllowFormats, kind)
}
