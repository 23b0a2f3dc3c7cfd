// Package output makes a photo's outputs: it encodes them, writes their metadata,
// reads them back and compares both, and stages them for publication. It never
// writes to a file in place.
//
// metadata knows what outputs say beside their pixels, check compares pixels, and
// staging brings files to their place; naming, beside it, says what they are called.
package output

import (
	"encoding/json"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin/naming"
	"github.com/burnish-photo/burnish/plugin/output/metadata"
	"github.com/burnish-photo/burnish/plugin/output/metadata/container"
	"github.com/burnish-photo/burnish/plugin/output/staging"
	"gopkg.in/yaml.v3"
)

// Config is one output of a pipeline.
type Config struct {
	ID        string // by which requests ask for it; "": by its place
	Path      naming.Template
	From      string     // id of the step it shows; "": the last step
	When      string     // expression; where it is false, the output is not written; "": always is
	Thumbnail *yaml.Node // parameters of a thumbnail step for this output alone; nil: none
	Format    string     // one of [Formats], or [Auto]

	Provenance bool     // in the file's XMP
	Collision  string   // [naming.Refuse], [naming.Overwrite], [naming.Skip] or [naming.Number]
	Preserve   []string // of the source's file: [staging.ModTime], [staging.User], [staging.Mode]
	GainMap    string   // [KeepGainMap] or [DropGainMap]

	options map[string]vips.Args // by format, over its defaults
	policy  metadata.Policy

	provenanceAsked, gainMapAsked bool // whether the keys are there; see Request.asks

	node, from, path, format, keep, preserve, when *yaml.Node
}

// WhenNode is where the condition stands, for faults; nil where there is none.
func (c *Config) WhenNode() *yaml.Node { return c.when }

// PathNode is where the output's path stands, for faults.
func (c *Config) PathNode() *yaml.Node { return c.path }

// FromNode is where the output names what it shows, for faults.
func (c *Config) FromNode() *yaml.Node {
	if c.from != nil {
		return c.from
	}
	return c.node
}

// Encoder is how a photo of that format is written.
func (c *Config) Encoder(source string) Encoder {
	format := c.Format
	if format == Auto {
		format = formatFor(source)
	}
	return Encoder{Format: format, Options: c.options[format]}
}

// Name is the output's path for a photo, below the output folder.
func (c *Config) Name(f naming.Facts, e Encoder) (string, error) {
	if c.Format == Auto {
		f.Ext = formatNamed(e.Format).extension(strings.TrimPrefix(path.Ext(f.Name), "."))
	}
	return c.Path.Path(f)
}

// Fingerprint covers all that decides the file that is made of an image, but
// for the image itself.
func (c *Config) Fingerprint() string {
	formats := []string{c.Format}
	if c.Format == Auto {
		formats = Formats()
	}
	var encoders []string
	for _, name := range formats {
		encoders = append(encoders, Encoder{Format: name, Options: c.options[name]}.fingerprint())
	}
	all := []any{c.Path.String(), c.Format, encoders, c.policy.Keep, c.policy.Strip, c.Provenance, c.GainMap}
	if asked := c.asked(); len(asked) > 0 { // what is asked for is done to undamaged photos, too
		all = append(all, asked)
	}
	text, err := json.Marshal(all)
	if err != nil {
		panic(err) // texts
	}
	return string(text)
}

// asked names what the configuration says although it may be the default.
func (c *Config) asked() (names []string) {
	for _, name := range Formats() {
		if len(c.options[name]) > 0 {
			names = append(names, name)
		}
	}
	if c.provenanceAsked {
		names = append(names, "provenance")
	}
	if c.gainMapAsked {
		names = append(names, "gainmap")
	}
	return names
}

// DecodeStrict reads an output: its keys, and blocks that bear an encoder's
// name.
func (c *Config) DecodeStrict(node *yaml.Node) diag.Diagnostics {
	c.node, c.Provenance, c.Collision, c.GainMap = node, true, naming.Refuse, DropGainMap
	pairs, faults := diag.Pairs(node)
	keys := c.keys()
	var blocks []diag.Pair
	for _, p := range pairs {
		decode, ok := keys[p.Key.Value]
		switch {
		case ok:
			faults = append(faults, decode(p.Value)...)
		case slices.Contains(Formats(), p.Key.Value):
			blocks = append(blocks, p)
		default:
			valid := Formats()
			for key := range keys {
				valid = append(valid, key)
			}
			slices.Sort(valid)
			faults = append(faults, diag.At(p.Key, "unknown key %q%s", p.Key.Value, diag.Suggest(p.Key.Value, valid)))
		}
	}
	if c.path == nil {
		return append(faults, diag.At(node, "the output needs a path, such as \"{dir}/{stem}.jpg\""))
	}
	if c.policy.Keep != nil && c.policy.Strip != nil {
		faults = append(faults, diag.At(c.keep, "say either what to keep or what to strip"))
	}
	faults = append(faults, c.chooseEncoder(blocks)...)
	return append(faults, c.checkKeep()...)
}

// checkKeep finds blocks that are asked for by name and that the format cannot
// hold.
func (c *Config) checkKeep() (faults diag.Diagnostics) {
	if c.keep == nil || c.Format == "" || c.Format == Auto {
		return nil
	}
	holds := container.Carries(c.Format)
	for name, can := range map[string]bool{"exif": holds.EXIF, "xmp": holds.XMP, "iptc": holds.IPTC, "icc": c.Format != "gif"} {
		if i := slices.Index(c.policy.Keep, name); i >= 0 && !can {
			faults = append(faults, diag.At(c.keep.Content[i], "%s cannot hold %s", c.Format, name))
		}
	}
	return faults
}

// keys are an output's keys beside the encoders' blocks.
func (c *Config) keys() map[string]func(*yaml.Node) diag.Diagnostics {
	return map[string]func(*yaml.Node) diag.Diagnostics{
		"id":        c.decodeID,
		"path":      c.decodePath,
		"from":      func(n *yaml.Node) diag.Diagnostics { c.from = n; return diag.Decode(n, &c.From) },
		"when":      func(n *yaml.Node) diag.Diagnostics { c.when = n; return diag.When(n, &c.When) },
		"thumbnail": func(n *yaml.Node) diag.Diagnostics { c.Thumbnail = n; return nil },
		"format":    c.decodeFormat,
		"keep":      func(n *yaml.Node) diag.Diagnostics { c.keep = n; return decodeClasses(n, &c.policy.Keep) },
		"strip":     func(n *yaml.Node) diag.Diagnostics { return decodeClasses(n, &c.policy.Strip) },
		"provenance": func(n *yaml.Node) diag.Diagnostics {
			c.provenanceAsked = true
			return diag.Decode(n, &c.Provenance)
		},
		"collision": func(n *yaml.Node) diag.Diagnostics {
			return oneOf(n, &c.Collision, []string{naming.Refuse, naming.Overwrite, naming.Skip, naming.Number})
		},
		"preserve": func(n *yaml.Node) diag.Diagnostics { c.preserve = n; return decodePreserve(n, &c.Preserve) },
		"gainmap": func(n *yaml.Node) diag.Diagnostics {
			c.gainMapAsked = true
			return oneOf(n, &c.GainMap, []string{KeepGainMap, DropGainMap})
		},
	}
}

var idForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]{0,63}$`)

func (c *Config) decodeID(node *yaml.Node) diag.Diagnostics {
	if fs := diag.Decode(node, &c.ID); len(fs) > 0 {
		return fs
	}
	if !idForm.MatchString(c.ID) {
		return diag.Diagnostics{diag.At(node, "must be up to 64 letters, digits, - and _, and begin with a letter, got %q", c.ID)}
	}
	return nil
}

func (c *Config) decodePath(node *yaml.Node) diag.Diagnostics {
	c.path = node
	var text string
	if fs := diag.Decode(node, &text); len(fs) > 0 {
		return fs
	}
	t, err := naming.ParseTemplate(text)
	if err != nil {
		return diag.Diagnostics{diag.At(node, "%s", err)}
	}
	c.Path = t
	return nil
}

func (c *Config) decodeFormat(node *yaml.Node) diag.Diagnostics {
	c.format = node
	return oneOf(node, &c.Format, append([]string{Auto}, Formats()...))
}

// oneOf decodes a string that has to be one of the valid ones.
func oneOf(node *yaml.Node, into *string, valid []string) diag.Diagnostics {
	if fs := diag.Decode(node, into); len(fs) > 0 {
		return fs
	}
	if err := diag.OneOf(*into, valid); err != nil {
		return diag.Diagnostics{diag.At(node, "%s", err)}
	}
	return nil
}

// chooseEncoder settles the format by the key, the one block or the path's
// extension, and reads the blocks.
func (c *Config) chooseEncoder(blocks []diag.Pair) (faults diag.Diagnostics) {
	ending := strings.TrimPrefix(path.Ext(c.path.Value), ".")
	named, known := FormatOf(ending)
	switch {
	case c.format != nil:
	case len(blocks) > 0:
		c.Format = blocks[0].Key.Value
	case known:
		c.Format = named
	case ending == "{ext}":
		return diag.Diagnostics{diag.At(c.path, "the format is not known; add \"format: auto\" to keep the photo's own, or one of: %s", strings.Join(Formats(), ", "))}
	default:
		return diag.Diagnostics{diag.At(c.path, "no encoder writes %q; end the path in a known extension or add one of: %s", "."+ending, strings.Join(Formats(), ", "))}
	}
	switch {
	case c.Tiles() && c.preserve != nil:
		faults = append(faults, diag.At(c.preserve, "tiles are many files; preserve is for outputs that are one"))
	case c.Format == Auto && ending != "{ext}":
		faults = append(faults, diag.Warn(c.path, "the name ends in %q whatever the photo's format is; end it in .{ext}", "."+ending))
	case c.Format != Auto && known && named != c.Format:
		faults = append(faults, diag.Warn(c.path, "the name ends in %q, but the file will be %s", "."+ending, c.Format))
	}
	return append(faults, c.decodeBlocks(blocks)...)
}

func (c *Config) decodeBlocks(blocks []diag.Pair) (faults diag.Diagnostics) {
	c.options = map[string]vips.Args{}
	seen := false
	for _, b := range blocks {
		if c.Format != Auto && b.Key.Value != c.Format {
			faults = append(faults, diag.At(b.Key, "an output has one encoder; it is %s here; \"format: auto\" takes a block for each format", c.Format))
			continue
		}
		seen = true
		e := Encoder{Format: b.Key.Value}
		faults = append(faults, e.decode(b.Value, b.Key)...)
		c.options[e.Format] = e.Options
	}
	if !seen && c.Format != Auto {
		e := Encoder{Format: c.Format}
		faults = append(faults, e.decode(nil, c.path)...)
	}
	return faults
}

func decodePreserve(node *yaml.Node, into *[]string) (faults diag.Diagnostics) {
	if node.Kind != yaml.SequenceNode {
		return diag.Diagnostics{diag.At(node, "must be a list of mtime, owner, mode, got %s", diag.Describe(node))}
	}
	for _, n := range node.Content {
		n = diag.Resolve(n)
		var name string
		if fs := oneOf(n, &name, []string{staging.ModTime, staging.User, staging.Mode}); len(fs) > 0 {
			faults = append(faults, fs...)
			continue
		}
		*into = append(*into, name)
	}
	return faults
}

func decodeClasses(node *yaml.Node, into *[]string) (faults diag.Diagnostics) {
	*into = []string{}
	if node.Kind != yaml.SequenceNode {
		return diag.Diagnostics{diag.At(node, "must be a list of %s, got %s", strings.Join(metadata.ClassNames(), ", "), diag.Describe(node))}
	}
	for _, n := range node.Content {
		n = diag.Resolve(n)
		var name string
		if fs := oneOf(n, &name, metadata.ClassNames()); len(fs) > 0 {
			faults = append(faults, fs...)
			continue
		}
		*into = append(*into, name)
	}
	return faults
}
