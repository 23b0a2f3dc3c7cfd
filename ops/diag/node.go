package diag

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"gopkg.in/yaml.v3"
)

// maxNodes bounds a document with its aliases written out, so that a few
// nested anchors cannot exhaust memory.
const maxNodes = 100_000

// maxFile bounds a file, in bytes.
const maxFile = 8 << 20

// ReadFile reads a file that is to be parsed. One that is too long is an error,
// whatever it says of its length. A pipe that nobody writes to counts as empty,
// rather than that the command waits and hears no signal.
func ReadFile(file string) ([]byte, error) {
	f, err := os.OpenFile(file, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(data) > maxFile {
		err = fmt.Errorf("%s is longer than %d MiB, which no configuration is", file, maxFile>>20)
	}
	return data, err
}

var syntaxLine = regexp.MustCompile(`^yaml: line (\d+): `)

// Parse reads the one document in data. Its error is a [Diagnostics] that names file.
func Parse(file string, data []byte) (*yaml.Node, error) {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc, more yaml.Node
	if err := dec.Decode(&doc); errors.Is(err, io.EOF) {
		return nil, Diagnostics{{File: file, Message: "the file is empty"}}
	} else if err != nil {
		return nil, syntax(file, err, data)
	}
	if err := dec.Decode(&more); err == nil {
		return nil, Diagnostics{At(&more, "the file holds several YAML documents; keep one")}.In(file)
	} else if !errors.Is(err, io.EOF) {
		return nil, syntax(file, err, data)
	}
	if n, ok := expands(&doc); !ok {
		return nil, Diagnostics{At(n, "an alias refers to itself, or the aliases expand to more than %d nodes", maxNodes)}.In(file)
	}
	return doc.Content[0], nil
}

// tab is what the parser says of a tab where it requires spaces.
const tab = "found character that cannot start any token"

func syntax(file string, err error, data []byte) Diagnostics {
	f := Diagnostic{File: file, Message: strings.TrimPrefix(err.Error(), "yaml: ")}
	if m := syntaxLine.FindStringSubmatch(err.Error()); m != nil {
		f.Line, _ = strconv.Atoi(m[1])
		f.Column = 1
		f.Message = strings.TrimPrefix(err.Error(), m[0])
	}
	if line, column := tabbed(data, f.Line, strings.Contains(f.Message, tab)); line > 0 {
		f.Line, f.Column, f.Message = line, column, "a tab indents this line, but YAML requires spaces"
		f.Hint = "replace the tab by spaces"
	}
	return Diagnostics{f}
}

// tabbed finds the tab that indents a line, the one that the parser stopped at
// or one just before, since it counts lines from where a value began. Where the
// parser named the tab itself, any line with one does.
func tabbed(data []byte, line int, named bool) (int, int) {
	lines := bytes.Split(data, []byte("\n"))
	for _, n := range []int{line, line - 1, line + 1} {
		if n < 1 || n > len(lines) {
			continue
		}
		text := lines[n-1]
		indent := text[:len(text)-len(bytes.TrimLeft(text, " \t"))]
		if i := bytes.IndexByte(indent, '\t'); i >= 0 {
			return n, i + 1
		}
		if i := bytes.IndexByte(text, '\t'); named && i >= 0 && n == line {
			return n, i + 1
		}
	}
	return 0, 0
}

// expands walks the document with its aliases written out; false names a node
// where that does not end.
func expands(root *yaml.Node) (*yaml.Node, bool) {
	var open []*yaml.Node
	count := 0
	var walk func(n *yaml.Node) (*yaml.Node, bool)
	walk = func(n *yaml.Node) (*yaml.Node, bool) {
		if count++; count > maxNodes || slices.Contains(open, n) {
			return n, false
		}
		if n.Kind == yaml.AliasNode {
			open = append(open, n)
			defer func() { open = open[:len(open)-1] }()
			return walk(n.Alias)
		}
		for _, c := range n.Content {
			if bad, ok := walk(c); !ok {
				return bad, false
			}
		}
		return nil, true
	}
	return walk(root)
}

// Resolve follows an alias to the node it stands for.
func Resolve(node *yaml.Node) *yaml.Node {
	for node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	return node
}

// Pair is one key of a mapping with its value; neither is an alias.
type Pair struct{ Key, Value *yaml.Node }

// Pairs lists a mapping's keys in their order, merge keys (<<) spliced in.
// Anything but a mapping, a repeated key or a key that is no text is a fault.
func Pairs(node *yaml.Node) ([]Pair, Diagnostics) {
	if node.Kind != yaml.MappingNode {
		return nil, Diagnostics{At(node, "must be a mapping, got %s", Describe(node))}
	}
	var own, merged []Pair
	var faults Diagnostics
	line := map[string]int{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := Resolve(node.Content[i]), Resolve(node.Content[i+1])
		switch {
		case key.Kind != yaml.ScalarNode:
			faults = append(faults, At(key, "a key must be a string, got %s", Describe(key)))
		case key.Tag == "!!merge":
			more, fs := merge(value)
			merged, faults = append(merged, more...), append(faults, fs...)
		case line[key.Value] > 0:
			faults = append(faults, At(key, "%q is already set on line %d", key.Value, line[key.Value]))
		default:
			line[key.Value] = key.Line
			own = append(own, Pair{key, value})
		}
	}
	for _, p := range merged {
		if line[p.Key.Value] == 0 {
			line[p.Key.Value] = p.Key.Line
			own = append(own, p)
		}
	}
	return own, faults
}

func merge(value *yaml.Node) ([]Pair, Diagnostics) {
	if value.Kind != yaml.SequenceNode {
		return Pairs(value)
	}
	var pairs []Pair
	var faults Diagnostics
	for _, n := range value.Content {
		more, fs := Pairs(Resolve(n))
		pairs, faults = append(pairs, more...), append(faults, fs...)
	}
	return pairs, faults
}

// Find returns the node at path below node, or the nearest that exists. A step
// of the path is a mapping's key or a sequence's index.
func Find(node *yaml.Node, path ...string) *yaml.Node {
	for _, name := range path {
		if node == nil {
			return nil
		}
		next := child(Resolve(node), name)
		if next == nil {
			return node
		}
		node = next
	}
	return node
}

func child(node *yaml.Node, name string) *yaml.Node {
	if node.Kind == yaml.SequenceNode {
		if i, err := strconv.Atoi(name); err == nil && i >= 0 && i < len(node.Content) {
			return Resolve(node.Content[i])
		}
		return nil
	}
	pairs, _ := Pairs(node)
	for _, p := range pairs {
		if p.Key.Value == name {
			return p.Value
		}
	}
	return nil
}

// Describe names a node's value in a message.
func Describe(node *yaml.Node) string {
	switch {
	case node.Kind == yaml.SequenceNode:
		return "a list"
	case node.Kind == yaml.MappingNode:
		return "a mapping"
	case node.Tag == "!!null":
		return "nothing"
	default:
		return fmt.Sprintf("%q", node.Value)
	}
}

// When reads the expression of a condition, without judging it.
func When(node *yaml.Node, into *string) Diagnostics {
	if node.Kind != yaml.ScalarNode || node.Tag == "!!null" || strings.TrimSpace(node.Value) == "" {
		return Diagnostics{At(node, "when must be an expression, such as \"jpeg.quality < 90\", got %s", Describe(node))}
	}
	*into = node.Value
	return nil
}
