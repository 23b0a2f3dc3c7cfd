package metadata

import (
	"strconv"
	"strings"

	"github.com/burnish-photo/burnish/plugin/output/metadata/container"
	"github.com/burnish-photo/burnish/plugin/output/metadata/exif"
	"github.com/burnish-photo/burnish/plugin/output/metadata/xmp"
)

// Orientation is how a file says that its pixels are turned, 1 to 8 as EXIF
// counts: in EXIF, else in XMP, as programs that keep away from EXIF write it.
// It is false where it says nothing, and for formats whose decoders turn pixels
// by what the container itself says.
func Orientation(path, format string) (int, bool) {
	switch format {
	case "jpeg", "png", "webp", "tiff":
	default:
		return 0, false
	}
	m, err := container.Read(path, format)
	if err != nil {
		return 0, false
	}
	if b, err := exif.Parse(m.EXIF); err == nil {
		if n, ok := b.Orientation(); ok {
			return n, true
		}
	}
	packet, err := xmp.Parse(m.XMP)
	if err != nil {
		return 0, false
	}
	for _, p := range packet.Properties() {
		if p.Space != xmp.TIFF || p.Name != "Orientation" {
			continue
		}
		if n, err := strconv.Atoi(strings.TrimSpace(p.Value)); err == nil && n >= 1 && n <= 8 {
			return n, true
		}
	}
	return 0, false
}
