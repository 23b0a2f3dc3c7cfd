package config

import (
	"time"

	"github.com/burnish-photo/burnish/config/strict"
	"gopkg.in/yaml.v3"
)

// After says what becomes of an original once its outputs are on the disk. The
// zero value keeps it where it is; at most one field is set.
type After struct {
	Move  string        `yaml:"move"`  // folder that it is moved to
	Trash time.Duration `yaml:"trash"` // how long it stays in the trash
}

// DecodeStrict reads keep, {move: FOLDER} or {trash: DURATION}.
func (a *After) DecodeStrict(node *yaml.Node) strict.Faults {
	*a = After{}
	if node.Kind == yaml.ScalarNode && node.Value == "keep" {
		return nil
	}
	if node.Kind != yaml.MappingNode || len(node.Content) != 2 {
		return strict.Faults{strict.At(node, "wants keep, {move: FOLDER} or {trash: 720h}, got %s", strict.Describe(node))}
	}
	type plain After
	faults := strict.Decode(node, (*plain)(a))
	if len(faults) == 0 && a.Move == "" && a.Trash <= 0 {
		faults = strict.Faults{strict.At(node, "wants a folder to move to, or how long the trash keeps a photo, such as 720h")}
	}
	return faults
}

// JSONSchema describes it for editors.
func (*After) JSONSchema() map[string]any {
	one := func(key string) map[string]any {
		return map[string]any{"type": "object", "required": []string{key}, "additionalProperties": false,
			"properties": map[string]any{key: map[string]any{"type": "string"}}}
	}
	return map[string]any{"oneOf": []any{map[string]any{"const": "keep"}, one("move"), one("trash")}}
}
