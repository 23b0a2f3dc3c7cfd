// Package output writes a photo's results: it names them by template, encodes
// them, checks what was written and publishes it in one step. It never writes
// to a file in place.
package output

import (
	"path"
	"slices"
	"strings"

	"github.com/burnish-photo/burnish/config/strict"
	"gopkg.in/yaml.v3"
)

// Config is one output of a pipeline.
type Config struct {
	Path      Template
	From      string     // id of the step it shows; "": the last step
	Thumbnail *yaml.Node // parameters of a thumbnail step for this output alone; nil: none
	Encoder   Encoder

	node, from, path *yaml.Node
}

// PathNode is where the output's path stands, for faults.
func (c *Config) PathNode() *yaml.Node { return c.path }

// FromNode is where the output names what it shows, for faults.
func (c *Config) FromNode() *yaml.Node {
	if c.from != nil {
		return c.from
	}
	return c.node
}

// DecodeStrict reads an output: path, from, thumbnail and at most one block
// that bears an encoder's name.
func (c *Config) DecodeStrict(node *yaml.Node) strict.Faults {
	c.node = node
	pairs, faults := strict.Pairs(node)
	var pathNode, block *yaml.Node
	for _, p := range pairs {
		switch key := p.Key.Value; {
		case key == "path":
			pathNode, c.path = p.Value, p.Value
			faults = append(faults, c.decodePath(p.Value)...)
		case key == "from":
			c.from = p.Value
			faults = append(faults, strict.Decode(p.Value, &c.From)...)
		case key == "thumbnail":
			c.Thumbnail = p.Value
		case slices.Contains(Formats(), key):
			if block != nil {
				faults = append(faults, strict.At(p.Key, "an output has one encoder; %s is already here", c.Encoder.Format))
				continue
			}
			block, c.Encoder.Format = p.Value, key
		default:
			valid := append([]string{"path", "from", "thumbnail"}, Formats()...)
			faults = append(faults, strict.At(p.Key, "unknown key %q%s", key, strict.Suggest(key, valid)))
		}
	}
	if pathNode == nil {
		return append(faults, strict.At(node, "the output wants a path, such as \"{dir}/{stem}.jpg\""))
	}
	return append(faults, c.chooseEncoder(pathNode, block)...)
}

func (c *Config) decodePath(node *yaml.Node) strict.Faults {
	var text string
	if fs := strict.Decode(node, &text); len(fs) > 0 {
		return fs
	}
	t, err := ParseTemplate(text)
	if err != nil {
		return strict.Faults{strict.At(node, "%s", err)}
	}
	c.Path = t
	return nil
}

func (c *Config) chooseEncoder(pathNode, block *yaml.Node) (faults strict.Faults) {
	ext := strings.TrimPrefix(path.Ext(pathNode.Value), ".")
	format, ok := FormatOf(ext)
	if c.Encoder.Format != "" && ok && format != c.Encoder.Format {
		faults = append(faults, strict.Warn(pathNode, "the name ends in %q, but the file will be %s", "."+ext, c.Encoder.Format))
	}
	if c.Encoder.Format == "" {
		if !ok {
			return strict.Faults{strict.At(pathNode, "no encoder writes %q; end the path in a known extension or add one of: %s", "."+ext, strings.Join(Formats(), ", "))}
		}
		c.Encoder.Format = format
	}
	return append(faults, c.Encoder.decode(block, pathNode)...)
}
