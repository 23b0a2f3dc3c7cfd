package config

import (
	"net/url"
	"strings"

	"github.com/burnish-photo/burnish/ops/device"
	"github.com/burnish-photo/burnish/ops/diag"
	"gopkg.in/yaml.v3"
)

// Device is where networks run, in the words of package device. The file may
// give a list, and a device with the options of its provider as a map of one
// key: {openvino: {device_type: GPU}}.
type Device string

// DecodeStrict reads a device or a list of devices.
func (d *Device) DecodeStrict(node *yaml.Node) diag.Faults {
	nodes := []*yaml.Node{node}
	if node.Kind == yaml.SequenceNode {
		nodes = node.Content
	}
	var all []string
	var faults diag.Faults
	for _, n := range nodes {
		one, f := decodeDevice(diag.Resolve(n))
		all, faults = append(all, one), append(faults, f...)
	}
	*d = Device(strings.Join(all, ","))
	if len(faults) == 0 {
		if _, err := device.ParseList(string(*d)); err != nil {
			faults = append(faults, diag.At(node, "%v", err))
			*d = "auto"
		}
	}
	return faults
}

func decodeDevice(node *yaml.Node) (string, diag.Faults) {
	switch node.Kind {
	case yaml.ScalarNode:
		return node.Value, nil
	case yaml.MappingNode:
	default:
		return "", diag.Faults{diag.At(node, "must be a device such as cuda:0, or one with options such as {openvino: {device_type: GPU}}, got %s", diag.Describe(node))}
	}
	pairs, faults := diag.Pairs(node)
	if len(pairs) != 1 {
		return "", append(faults, diag.At(node, "must be one device as the only key, its options below it; several devices are a list"))
	}
	given, more := diag.Pairs(diag.Resolve(pairs[0].Value))
	faults = append(faults, more...)
	query := url.Values{}
	for _, p := range given {
		if p.Value.Kind != yaml.ScalarNode {
			faults = append(faults, diag.At(p.Value, "must be a string or a number, got %s", diag.Describe(p.Value)))
		}
		query.Set(p.Key.Value, p.Value.Value)
	}
	return pairs[0].Key.Value + "?" + query.Encode(), faults
}

// JSONSchema describes what DecodeStrict reads.
func (Device) JSONSchema() map[string]any {
	one := map[string]any{"oneOf": []any{
		map[string]any{"type": "string"},
		map[string]any{"type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": map[string]any{
			"type": "object", "additionalProperties": map[string]any{"type": []any{"string", "number", "boolean"}},
		}},
	}}
	return map[string]any{"anyOf": []any{one, map[string]any{"type": "array", "items": one, "minItems": 1}}}
}
