package network

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/diag"
	"gopkg.in/yaml.v3"
)

// Reference names a model: a bundled one, NAME.onnx in the folder of models, or the
// path of an ONNX file. It may be pinned, NAME@sha256:DIGEST: then no file with
// another digest is opened. In YAML {name: NAME, sha256: DIGEST} is the same.
type Reference string

const pin = "@sha256:"

// Name is the name without the digest.
func (m Reference) Name() string {
	name, _, _ := strings.Cut(string(m), pin)
	return name
}

// Digest is the digest that the file must have, in lower case; "" for any.
func (m Reference) Digest() string {
	_, digest, _ := strings.Cut(string(m), pin)
	return strings.ToLower(digest)
}

var sha256Text = regexp.MustCompile(`^[0-9a-fA-F]{64}$`)

// DecodeStrict reads a name, or a name and a digest.
func (m *Reference) DecodeStrict(node *yaml.Node) diag.Diagnostics {
	var pinned struct {
		Name   string `yaml:"name" kind:"path"`
		SHA256 string `yaml:"sha256"`
	}
	if node.Kind != yaml.MappingNode {
		if faults := diag.Decode(node, &pinned.Name); len(faults) > 0 {
			return faults
		}
		expanded, err := diag.ExpandPath(pinned.Name)
		if err != nil {
			return diag.Diagnostics{diag.At(node, "%v", err)}
		}
		node.Value = expanded
		*m = Reference(expanded)
		if d := m.Digest(); d != "" && !sha256Text.MatchString(d) {
			return diag.Diagnostics{diag.At(node, "the digest after %s must be 64 hexadecimal digits, got %q; burnish models list prints it", pin, d)}
		}
		return nil
	}
	faults := diag.Decode(node, &pinned)
	if len(faults) == 0 && !sha256Text.MatchString(pinned.SHA256) {
		faults = append(faults, diag.At(node, "sha256 must be 64 hexadecimal digits, got %q; burnish models list prints it", pinned.SHA256))
	}
	*m = Reference(pinned.Name + pin + strings.ToLower(pinned.SHA256))
	return faults
}

// MarshalYAML gives the name alone: a pin changes no pixels.
func (m Reference) MarshalYAML() (any, error) { return m.Name(), nil }

// JSONSchema describes both forms for editors.
func (Reference) JSONSchema() map[string]any {
	name := map[string]any{"type": "string"}
	digest := map[string]any{"type": "string", "pattern": sha256Text.String()}
	return map[string]any{"oneOf": []any{name, map[string]any{
		"type": "object", "properties": map[string]any{"name": name, "sha256": digest},
		"required": []string{"name", "sha256"}, "additionalProperties": false,
	}}}
}

// Find reads the model, and refuses another than the one that is pinned.
func (m Reference) Find(c Catalogue, env ops.Env) (Model, error) {
	found, err := c.Find(m.Name(), env)
	if err != nil || m.Digest() == "" {
		return found, err
	}
	if got := found.SHA256(); got != m.Digest() {
		return found, fmt.Errorf("model %s: must have the SHA-256 %s, got %s: put the pinned file back, or pin the new one once you trust it", found.Name, m.Digest(), got)
	}
	return found, nil
}
