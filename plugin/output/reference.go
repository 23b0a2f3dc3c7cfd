package output

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin/naming"
	"github.com/burnish-photo/burnish/plugin/output/metadata"
	"github.com/burnish-photo/burnish/plugin/output/metadata/container"
	"github.com/burnish-photo/burnish/plugin/output/staging"
)

// key describes a key of an output for people and editors.
type key struct {
	name, meaning, standard string
	schema                  map[string]any
}

func text(valid ...string) map[string]any {
	s := map[string]any{"type": "string"}
	if len(valid) > 0 {
		s["enum"] = valid
	}
	return s
}

func listOf(valid ...string) map[string]any {
	return map[string]any{"type": "array", "items": text(valid...)}
}

var keys = []key{
	{"path", "template below the output folder: {dir}, {stem}, {ext}, {hash}, {pipeline}, {page}, {date:2006/01}; required", "", text()},
	{"id", "name by which requests ask for this output", "its number, from 1", text()},
	{"from", "id of the step to write", "the last step", text()},
	{"when", "condition, as of a step; if it is false, this output is not written", "always", map[string]any{"type": []string{"string", "boolean"}}},
	{"thumbnail", "parameters of a `thumbnail` step for this output", "none", map[string]any{"type": []string{"object", "null"}}},
	{"format", "a format below, or `auto`: the photo's own if the library can write it; then put `{ext}` into the path", "by the block or the path's extension", text(append([]string{Auto}, Formats()...)...)},
	{"keep", "metadata classes to keep; all others are removed", "all", listOf(metadata.ClassNames()...)},
	{"strip", "metadata classes to remove; all others are kept", "none", listOf(metadata.ClassNames()...)},
	{"provenance", "write source, pipeline, model and device into XMP", "true", map[string]any{"type": "boolean"}},
	{"gainmap", "`keep` the gain map of an Ultra HDR JPEG where it still fits, or `drop` it with all references", "drop", text(KeepGainMap, DropGainMap)},
	{"collision", "if the name is taken: `error` fails the photo, `overwrite` replaces the file, `skip` leaves it, `number` writes NAME-1", "error", text(naming.Refuse, naming.Overwrite, naming.Skip, naming.Number)},
	{"preserve", "attributes to copy from the photo: `mtime`, `owner` (with group; needs the right to change owners), `mode`", "none", listOf(staging.ModTime, staging.User, staging.Mode)},
}

// Reference is the documentation of outputs, made from what the code and
// libvips say.
func Reference() string {
	var b strings.Builder
	row := func(cells ...string) { fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | ")) }
	b.WriteString("# Output options\n\nGenerated from the code and libvips " + vips.Version() + "; another libvips may have other options. `burnish check` knows those of the installed one. [docs/outputs.md](docs/outputs.md) has the rules.\n\n## Keys\n\n")
	row("key", "meaning", "default")
	row("---", "---", "---")
	for _, k := range keys {
		row("`"+k.name+"`", strings.ReplaceAll(k.meaning, "|", "\\|"), k.standard)
	}
	row("a format's name", "encoder options; with `format: auto`, one block per format", "")
	b.WriteString("\n## Formats\n\n")
	row("format", "extensions", "EXIF", "XMP", "IPTC", "colour profile", "gray", "CMYK", "transparency", "more than 8 bits", "pages")
	row(slices.Repeat([]string{"---"}, 11)...)
	for _, f := range formats {
		c := container.Carries(f.name)
		icc := f.name != "gif" && f.name != tiles
		endings := strings.Join(f.extensions, ", ")
		if f.name == tiles {
			endings = "a folder; zip, szi"
		}
		row("`"+f.name+"`", endings, yes(c.EXIF), yes(c.XMP), yes(c.IPTC), yes(icc), yes(f.gray), yes(f.cmyk), yes(f.alpha), yes(f.deep), yes(f.pages))
	}
	b.WriteString("\n## Metadata classes\n\n")
	row("class", "contents")
	row("---", "---")
	for _, c := range metadata.Classes() {
		row("`"+c.Name+"`", c.Meaning)
	}
	for _, f := range formats {
		fmt.Fprintf(&b, "\n## Options of %s\n\nlibvips: `%s`.\n\n", f.name, f.saver)
		row("option", "values", "default", "meaning")
		row("---", "---", "---", "---")
		options := f.options()
		for _, name := range slices.Sorted(maps.Keys(options)) {
			o := options[name]
			standard := o.Default
			if ours, ok := f.defaults[name]; ok {
				standard = ours
			}
			row("`"+name+"`"+alias(name), values(o), "`"+strings.TrimSpace(fmt.Sprint(standard))+"`", o.Summary)
		}
	}
	return b.String()
}

func yes(is bool) string {
	if is {
		return "yes"
	}
	return ""
}

func alias(name string) string {
	for short, long := range aliases {
		if long == name {
			return ", `" + short + "`"
		}
	}
	return ""
}

func values(o vips.Argument) string {
	switch {
	case o.Name == "suffix":
		return ".jpg, .png or .webp, with a quality as in .jpg[Q=85]"
	case len(o.Enum) > 0 && o.Type == "flags":
		return "one or a list of " + strings.Join(o.Enum, ", ")
	case len(o.Enum) > 0:
		return strings.Join(o.Enum, ", ")
	case o.Type == "bool":
		return "true, false"
	case o.Min != nil && o.Max != nil:
		return fmt.Sprintf("%.10g to %.10g", *o.Min, *o.Max)
	}
	return "string"
}
