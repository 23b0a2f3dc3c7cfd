package libvips

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/ops/vips"
	"gopkg.in/yaml.v3"
)

// decodeIDs reads the steps whose images an argument takes.
func decodeIDs(a vips.Argument, node *yaml.Node) (ids []string, faults diag.Diagnostics) {
	nodes := []*yaml.Node{node}
	if a.Type == "images" && node.Kind == yaml.SequenceNode {
		nodes = node.Content
	}
	for _, n := range nodes {
		n = diag.Resolve(n)
		if n.Kind != yaml.ScalarNode || n.Tag != "!!str" || n.Value == "" {
			faults = append(faults, diag.At(n, "%s must be the id of a step, got %s", a.Name, diag.Describe(n)))
			continue
		}
		ids = append(ids, n.Value)
	}
	if len(nodes) == 0 {
		faults = append(faults, diag.At(node, "%s must be the ids of steps, got an empty list", a.Name))
	}
	return ids, faults
}

// decodeValue reads an argument that is no image and no file.
func decodeValue(d *description, a vips.Argument, node *yaml.Node) (any, diag.Diagnostics) {
	refuse := func(n *yaml.Node) diag.Diagnostics {
		return diag.Diagnostics{diag.At(n, "%s: must be %s, got %s%s", a.Name, expects(d, a), diag.Describe(n), suggest(d, a, n))}
	}
	if names := modes(d, a); names != nil {
		return decodeModes(names, node, refuse)
	}
	switch a.Type {
	case "floats", "ints":
		return decodeNumbers(d, a, node, refuse)
	case "flags":
		return decodeFlags(a, node, refuse)
	}
	if node.Kind != yaml.ScalarNode {
		return nil, refuse(node)
	}
	switch a.Type {
	case "bool":
		if node.Tag != "!!bool" {
			return nil, refuse(node)
		}
		return strings.EqualFold(node.Value, "true"), nil
	case "enum", "interpolate":
		if !slices.Contains(a.Enum, node.Value) {
			return nil, refuse(node)
		}
		return node.Value, nil
	case "string":
		if node.Tag == "!!null" {
			return nil, refuse(node)
		}
		return node.Value, nil
	}
	x, ok := number(a, node)
	if !ok {
		return nil, refuse(node)
	}
	return x, nil
}

// number reads a number that the argument can hold, as float64.
func number(a vips.Argument, node *yaml.Node) (float64, bool) {
	if node.Kind != yaml.ScalarNode || node.Tag != "!!int" && node.Tag != "!!float" {
		return 0, false
	}
	x, err := strconv.ParseFloat(node.Value, 64)
	if n, whole := strconv.ParseInt(node.Value, 0, 64); whole == nil {
		x, err = float64(n), nil
	}
	if err != nil || math.IsInf(x, 0) || math.IsNaN(x) {
		return 0, false
	}
	if (a.Type == "int" || a.Type == "ints") && (x != math.Trunc(x) || math.Abs(x) > math.MaxInt32) {
		return 0, false
	}
	return x, (a.Min == nil || x >= *a.Min) && (a.Max == nil || x <= *a.Max)
}

// lengths are how many numbers an argument takes, where libvips does not say
// until it runs.
var lengths = map[string]int{"affine.matrix": 4, "affine.oarea": 4, "Lab2XYZ.temp": 3, "XYZ2Lab.temp": 3}

func decodeNumbers(d *description, a vips.Argument, node *yaml.Node, refuse func(*yaml.Node) diag.Diagnostics) (any, diag.Diagnostics) {
	nodes := []*yaml.Node{node}
	if node.Kind == yaml.SequenceNode {
		nodes = node.Content
	}
	n := lengths[d.operation.Name+"."+a.Name]
	if len(nodes) == 0 || n > 0 && len(nodes) != n {
		return nil, refuse(node)
	}
	list := make([]float64, len(nodes))
	for i, n := range nodes {
		x, ok := number(a, diag.Resolve(n))
		if !ok {
			return nil, refuse(n)
		}
		list[i] = x
	}
	if a.Type == "floats" {
		return list, nil
	}
	whole := make([]int, len(list))
	for i, x := range list {
		whole[i] = int(x)
	}
	return whole, nil
}

func decodeFlags(a vips.Argument, node *yaml.Node, refuse func(*yaml.Node) diag.Diagnostics) (any, diag.Diagnostics) {
	var names []string
	switch node.Kind {
	case yaml.ScalarNode:
		names = strings.Split(node.Value, "|")
	case yaml.SequenceNode:
		for _, n := range node.Content {
			names = append(names, diag.Resolve(n).Value)
		}
	}
	for i := range names {
		names[i] = strings.TrimSpace(names[i])
		if !slices.Contains(a.Enum, names[i]) {
			return nil, refuse(node)
		}
	}
	if len(names) == 0 {
		return nil, refuse(node)
	}
	return strings.Join(names, "|"), nil
}

// modes are the members of the blend modes that composite takes as bare
// numbers; nil for any other argument.
func modes(d *description, a vips.Argument) []string {
	if d.operation.Name != "composite" || a.Name != "mode" {
		return nil
	}
	two, ok := vips.Lookup("composite2")
	if !ok {
		return nil
	}
	mode, ok := two.Arg("mode")
	if !ok {
		return nil
	}
	return mode.Enum // in the order of their numbers, from 0
}

func decodeModes(names []string, node *yaml.Node, refuse func(*yaml.Node) diag.Diagnostics) (any, diag.Diagnostics) {
	nodes := []*yaml.Node{node}
	if node.Kind == yaml.SequenceNode {
		nodes = node.Content
	}
	if len(nodes) == 0 {
		return nil, refuse(node)
	}
	var numbers []int
	for _, n := range nodes {
		n = diag.Resolve(n)
		i := slices.Index(names, n.Value)
		if n.Kind != yaml.ScalarNode || i < 0 {
			return nil, refuse(n)
		}
		numbers = append(numbers, i)
	}
	return numbers, nil
}

// expects says in words what an argument takes.
func expects(d *description, a vips.Argument) string {
	if names := modes(d, a); names != nil {
		return "one of " + strings.Join(names, ", ") + ", or a list of them"
	}
	switch a.Type {
	case "bool":
		return "true or false"
	case "enum", "interpolate":
		return "one of " + strings.Join(a.Enum, ", ")
	case "flags":
		return "one or several of " + strings.Join(a.Enum, ", ")
	case "int":
		return "a whole number" + span(a)
	case "float":
		return "a number" + span(a)
	case "ints", "floats":
		kind := map[string]string{"ints": "integers", "floats": "numbers"}[a.Type]
		if n := lengths[d.operation.Name+"."+a.Name]; n > 0 {
			return fmt.Sprintf("a list of %d %s", n, kind)
		}
		return "a list of " + kind
	}
	if kind := fileKinds[a.Name]; kind != "" {
		return kind
	}
	return "a string"
}

func span(a vips.Argument) string {
	switch {
	case a.Min != nil && a.Max != nil:
		return fmt.Sprintf(", %s to %s", plain(*a.Min), plain(*a.Max))
	case a.Min != nil:
		return fmt.Sprintf(", %s or more", plain(*a.Min))
	case a.Max != nil:
		return fmt.Sprintf(", %s or less", plain(*a.Max))
	}
	return ""
}

// plain writes a number as people do.
func plain(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }

// suggest names the member that was meant, where it is near.
func suggest(d *description, a vips.Argument, node *yaml.Node) string {
	names := a.Enum
	if m := modes(d, a); m != nil {
		names = m
	}
	if near := diag.Nearest(node.Value, names); near != "" && node.Kind == yaml.ScalarNode {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return ""
}
