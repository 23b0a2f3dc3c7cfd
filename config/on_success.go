package config

import (
	"time"

	"github.com/burnish-photo/burnish/ops/diag"
	"gopkg.in/yaml.v3"
)

// What becomes of the sidecars of an original that leaves its folder.
const (
	MoveSidecars = "move" // they go with it; also the meaning of ""
	KeepSidecars = "keep" // they stay
)

// OnSuccess says what becomes of an original once its outputs are on the disk. The
// zero value keeps it where it is; at most one of Move and Trash is set.
type OnSuccess struct {
	Move     string        `yaml:"move" kind:"path"` // folder that it is moved to
	Trash    time.Duration `yaml:"trash"`            // how long it stays in the trash
	Sidecars string        `yaml:"sidecars"`         // what becomes of its sidecars: move or keep
}

// Keeps reports whether the original stays where it is.
func (a OnSuccess) Keeps() bool { return a.Move == "" && a.Trash == 0 }

// DecodeStrict reads keep, {move: FOLDER} or {trash: DURATION}, both with
// sidecars where that is given.
func (a *OnSuccess) DecodeStrict(node *yaml.Node) diag.Diagnostics {
	*a = OnSuccess{}
	if node.Kind == yaml.ScalarNode && node.Value == "keep" {
		return nil
	}
	if node.Kind != yaml.MappingNode {
		return diag.Diagnostics{diag.At(node, "must be keep, {move: FOLDER} or {trash: 720h}, got %s", diag.Describe(node))}
	}
	type plain OnSuccess
	faults := diag.Decode(node, (*plain)(a))
	switch {
	case len(faults) > 0:
	case a.Move != "" && a.Trash != 0:
		faults = diag.Diagnostics{diag.At(node, "must be either a folder to move to or how long the trash keeps a photo, got both")}
	case a.Move == "" && a.Trash <= 0:
		faults = diag.Diagnostics{diag.At(node, "must be a folder to move to, or how long the trash keeps a photo, such as 720h")}
	case a.Sidecars != "" && a.Sidecars != MoveSidecars && a.Sidecars != KeepSidecars:
		faults = diag.Diagnostics{diag.At(node, "sidecars must be %s or %s, got %q", MoveSidecars, KeepSidecars, a.Sidecars)}
	}
	return faults
}

// JSONSchema describes it for editors.
func (*OnSuccess) JSONSchema() map[string]any {
	one := func(key string) map[string]any {
		return map[string]any{"type": "object", "required": []string{key}, "additionalProperties": false,
			"properties": map[string]any{
				key:        map[string]any{"type": "string"},
				"sidecars": map[string]any{"enum": []string{MoveSidecars, KeepSidecars}, "description": "what becomes of the original's sidecars; move is the default"},
			}}
	}
	return map[string]any{"oneOf": []any{map[string]any{"const": "keep"}, one("move"), one("trash")}}
}
