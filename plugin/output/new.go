package output

import (
	"fmt"
	"slices"
	"strings"

	"github.com/burnish-photo/burnish/ops/diag"
	"gopkg.in/yaml.v3"
)

// New is an output in code: path is its template, whose extension names the
// format. All else is as in a configuration that names a path alone; the fields
// may be changed.
func New(path string) (Config, error) {
	var c Config
	node := &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{word("path"), word(path)}}
	if errs, _ := c.DecodeStrict(node).Split(); len(errs) > 0 {
		return c, fmt.Errorf("output %q: %s", path, errs[0].Message)
	}
	return c, nil
}

// Encode sets the format and its encoder's options, a mapping or a struct with
// the keys of the configuration, such as quality.
func (c *Config) Encode(format string, options any) error {
	if !slices.Contains(Formats(), format) {
		return fmt.Errorf("format must be one of %s, got %q", strings.Join(Formats(), ", "), format)
	}
	var node yaml.Node
	if err := node.Encode(options); err != nil {
		return fmt.Errorf("options of %s: %w", format, err)
	}
	c.Format = format
	if errs, _ := c.decodeBlocks([]diag.Pair{{Key: word(format), Value: &node}}).Split(); len(errs) > 0 {
		return fmt.Errorf("options of %s: %s", format, errs[0].Message)
	}
	return nil
}

// SetThumbnail makes the output a thumbnail: options are those of the step
// thumbnail, a mapping or a struct with the keys of the configuration, such as
// width.
func (c *Config) SetThumbnail(options any) error {
	c.Thumbnail = &yaml.Node{}
	if err := c.Thumbnail.Encode(options); err != nil {
		return fmt.Errorf("options of thumbnail: %w", err)
	}
	return nil
}

func word(s string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s} }
