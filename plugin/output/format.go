package output

import (
	"slices"
	"strings"

	"github.com/burnish-photo/burnish/ops/vips"
)

// Auto is the format of an output that keeps its source's.
const Auto = "auto"

// format is a file format that Burnish writes, with its defaults where they
// differ from libvips', and what it can hold.
type format struct {
	name, saver string
	extensions  []string
	defaults    vips.Args
	fixed       vips.Args // what makes the format, not for users to set

	gray, cmyk, alpha bool
	deep              bool // more than 8 bits a value
	pages             bool // several in one file
}

var formats = []format{
	{name: "jpeg", saver: "jpegsave", extensions: []string{"jpg", "jpeg", "jpe", "jfif"},
		defaults: vips.Args{"Q": 92, "optimize_coding": true}, gray: true, cmyk: true},
	{name: "png", saver: "pngsave", extensions: []string{"png"}, gray: true, alpha: true, deep: true},
	{name: "webp", saver: "webpsave", extensions: []string{"webp"}, defaults: vips.Args{"Q": 80}, alpha: true, pages: true},
	{name: "tiff", saver: "tiffsave", extensions: []string{"tif", "tiff"},
		defaults: vips.Args{"compression": "deflate", "predictor": "horizontal"}, gray: true, cmyk: true, alpha: true, deep: true, pages: true},
	{name: "avif", saver: "heifsave", extensions: []string{"avif"},
		defaults: vips.Args{"Q": 60}, fixed: vips.Args{"compression": "av1"}, alpha: true, deep: true},
	{name: "heic", saver: "heifsave", extensions: []string{"heic", "heif"},
		defaults: vips.Args{"Q": 60}, fixed: vips.Args{"compression": "hevc"}, alpha: true, deep: true},
	{name: "jxl", saver: "jxlsave", extensions: []string{"jxl"}, gray: true, alpha: true, deep: true},
	{name: "gif", saver: "gifsave", extensions: []string{"gif"}, alpha: true, pages: true},
	{name: tiles, saver: "dzsave", defaults: vips.Args{"suffix": ".jpg[Q=90]"}, gray: true},
}

// Formats lists the names of the encoder blocks.
func Formats() []string {
	names := make([]string, len(formats))
	for i, f := range formats {
		names[i] = f.name
	}
	return names
}

// Writable reports whether the library in use can write a format of [Formats].
func Writable(format string) bool {
	if format == tiles {
		_, ok := vips.Lookup(formatNamed(tiles).saver)
		return ok
	}
	_, ok := vips.SaverFor(format)
	return ok
}

// FormatOf is the format of a file extension, without its dot.
func FormatOf(extension string) (string, bool) {
	f := find(func(f format) bool { return slices.Contains(f.extensions, strings.ToLower(extension)) })
	return f.name, f.name != ""
}

func find(is func(format) bool) format {
	if i := slices.IndexFunc(formats, is); i >= 0 {
		return formats[i]
	}
	return format{}
}

func formatNamed(name string) format {
	return find(func(f format) bool { return f.name == name })
}

// formatFor is the format that a photo of a source format keeps: its own where the
// library can write it, else the nearest that it can.
func formatFor(source string) string {
	for _, name := range map[string][]string{"heif": {"heic", "avif"}, "jp2": {"png"}}[source] {
		if _, works := vips.SaverFor(name); works {
			return name
		}
	}
	if _, works := vips.SaverFor(source); works {
		return source
	}
	return "jpeg"
}

// extension is the ending of a file of the format: that of the source's name
// where it fits.
func (f format) extension(source string) string {
	if slices.Contains(f.extensions, strings.ToLower(source)) {
		return source
	}
	return f.extensions[0]
}
