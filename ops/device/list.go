package device

import (
	"fmt"
	"slices"
	"strings"

	"github.com/burnish-photo/burnish/ops/diag"
	"gopkg.in/yaml.v3"
)

// List are the devices that share the work, the preferred first. An empty list
// is "auto". In YAML it is a device or a list of devices; one with the options of
// its provider may be a map of one key: {openvino: {device_type: GPU}}.
type List []Device

// ParseList reads a comma-separated list of devices; nothing is "auto".
func ParseList(s string) (List, error) {
	var all List
	for part := range strings.SplitSeq(s, ",") {
		d, err := Parse(part)
		if err != nil {
			return nil, err
		}
		all = append(all, d)
	}
	return all, all.validate()
}

func (l List) validate() error {
	for i, d := range l {
		if slices.ContainsFunc(l[:i], func(o Device) bool { return o.String() == d.String() }) {
			return fmt.Errorf("device %s is listed twice", d)
		}
	}
	if len(l) > 1 && slices.ContainsFunc(l, Device.IsAuto) {
		return fmt.Errorf("devices %q: auto cannot be combined with other devices", l)
	}
	return nil
}

// IsAuto reports whether nobody has asked for a device.
func (l List) IsAuto() bool { return len(l) == 0 || len(l) == 1 && l[0].IsAuto() }

// CPUOnly reports whether no other device than the CPU can be used.
func (l List) CPUOnly() bool {
	return len(l) > 0 && !slices.ContainsFunc(l, func(d Device) bool { return d.Kind != "cpu" })
}

// String is the list as [ParseList] reads it, with options.
func (l List) String() string {
	if len(l) == 0 {
		return Auto.String()
	}
	var all []string
	for _, d := range l {
		all = append(all, d.WithOptions())
	}
	return strings.Join(all, ",")
}

// UnmarshalText reads what [ParseList] does, for flags.
func (l *List) UnmarshalText(text []byte) (err error) {
	*l, err = ParseList(string(text))
	return err
}

// DecodeStrict reads a device or a list of devices from YAML.
func (l *List) DecodeStrict(node *yaml.Node) diag.Diagnostics {
	nodes := []*yaml.Node{node}
	if node.Kind == yaml.SequenceNode {
		nodes = node.Content
	}
	var all List
	var faults diag.Diagnostics
	for _, n := range nodes {
		some, f := decode(diag.Resolve(n))
		all, faults = append(all, some...), append(faults, f...)
	}
	if len(faults) == 0 {
		if err := all.validate(); err != nil {
			faults = append(faults, diag.At(node, "%v", err))
		}
	}
	if *l = all; len(faults) > 0 {
		*l = List{Auto}
	}
	return faults
}

func decode(node *yaml.Node) (List, diag.Diagnostics) {
	switch node.Kind {
	case yaml.ScalarNode:
		all, err := ParseList(node.Value)
		if err != nil {
			return nil, diag.Diagnostics{diag.At(node, "%v", err)}
		}
		return all, nil
	case yaml.MappingNode:
	default:
		return nil, diag.Diagnostics{diag.At(node, "must be a device such as cuda:0, or one with options such as {openvino: {device_type: GPU}}, got %s", diag.Describe(node))}
	}
	pairs, faults := diag.Pairs(node)
	if len(pairs) != 1 {
		return nil, append(faults, diag.At(node, "must be one device as the only key, its options below it; several devices are a list"))
	}
	d, err := Parse(pairs[0].Key.Value)
	if err != nil {
		return nil, append(faults, diag.At(pairs[0].Key, "%v", err))
	}
	given, more := diag.Pairs(diag.Resolve(pairs[0].Value))
	faults = append(faults, more...)
	for _, p := range given {
		if p.Value.Kind != yaml.ScalarNode {
			faults = append(faults, diag.At(p.Value, "must be a string or a number, got %s", diag.Describe(p.Value)))
			continue
		}
		if err := d.set(p.Key.Value, p.Value.Value); err != nil {
			return nil, append(faults, diag.At(p.Key, "%v", err))
		}
	}
	return List{d}, faults
}

// JSONSchema describes what DecodeStrict reads.
func (List) JSONSchema() map[string]any {
	one := map[string]any{"oneOf": []any{
		map[string]any{"type": "string"},
		map[string]any{"type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": map[string]any{
			"type": "object", "additionalProperties": map[string]any{"type": []any{"string", "number", "boolean"}},
		}},
	}}
	return map[string]any{"anyOf": []any{one, map[string]any{"type": "array", "items": one, "minItems": 1}}}
}
