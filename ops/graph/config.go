// Package graph turns the steps of a pipeline into a graph of operators and
// runs it on one photo at a time. It knows operators only through the registry.
package graph

import (
	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/diag"
	"gopkg.in/yaml.v3"
)

// Source is the id of the photo as it was read; no step may take it.
const Source = "source"

// Config is a pipeline: its steps, and which of their results are wanted.
type Config struct {
	Steps     []Step
	Sinks     []Sink
	Fragments map[string]Fragment // that steps may use
}

// Step is one operator with its parameters.
type Step struct {
	Operator string   // or
	Use      string   // a fragment
	ID       string   // "" for a step that only the next one reads
	From     []string // ids it reads; none: the step before
	When     string   // expression; where it is false, the step passes its first image on

	node, key, params, id, from, when, use *yaml.Node
}

// Sink is a reader outside the graph, such as an output.
type Sink struct {
	From     string     // the id it reads; "": the last step
	Through  []Step     // steps for this sink alone
	Node     *yaml.Node // where From stands in the file, for faults
	When     string     // expression; where it is false, the sink is left out; "": never
	WhenNode *yaml.Node // where When stands
}

// DecodeStrict reads one step: an operator's name, alone or with parameters,
// beside the reserved keys.
func (s *Step) DecodeStrict(node *yaml.Node) diag.Diagnostics {
	s.node, s.key = node, node
	if node.Kind == yaml.ScalarNode && node.Tag == "!!str" {
		s.Operator, s.params = node.Value, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Line: node.Line, Column: node.Column}
		return nil
	}
	pairs, faults := diag.Pairs(node)
	for _, p := range pairs {
		switch p.Key.Value {
		case "id":
			s.id = p.Value
			faults = append(faults, decodeName(p.Value, &s.ID)...)
		case "from":
			s.from = p.Value
			faults = append(faults, decodeNames(p.Value, &s.From)...)
		case "use":
			s.use = p.Value
			if p.Value.Kind != yaml.ScalarNode || p.Value.Tag != "!!str" {
				faults = append(faults, diag.At(p.Value, "use must be the name of a fragment, got %s", diag.Describe(p.Value)))
				continue
			}
			s.Use = p.Value.Value
		case "when":
			s.when = p.Value
			faults = append(faults, diag.When(p.Value, &s.When)...)
		default:
			if near := diag.Nearest(p.Key.Value, ops.Reserved); near != "" && len(pairs) > 1 {
				faults = append(faults, diag.At(p.Key, "unknown key %q; did you mean %q?", p.Key.Value, near))
				continue
			}
			if s.Operator != "" {
				faults = append(faults, diag.At(p.Key, "a step holds one operator; %q is already here, so begin a new step (- %s: …)", s.Operator, p.Key.Value))
				continue
			}
			s.Operator, s.key, s.params = p.Key.Value, p.Key, p.Value
		}
	}
	switch {
	case s.Operator != "" && s.use != nil:
		faults = append(faults, diag.At(s.key, "a step holds an operator or uses a fragment, not both; begin a new step (- %s: …)", s.Operator))
	case s.Operator == "" && s.use == nil && len(faults) == 0:
		faults = append(faults, diag.At(node, "the step names no operator"))
	}
	return faults
}

func decodeName(node *yaml.Node, into *string) diag.Diagnostics {
	if node.Kind != yaml.ScalarNode || node.Tag != "!!str" || node.Value == "" {
		return diag.Diagnostics{diag.At(node, "must be the id of a step, got %s", diag.Describe(node))}
	}
	*into = node.Value
	return nil
}

func decodeNames(node *yaml.Node, into *[]string) (faults diag.Diagnostics) {
	nodes := []*yaml.Node{node}
	if node.Kind == yaml.SequenceNode {
		nodes = node.Content
	}
	*into = make([]string, len(nodes))
	for i, n := range nodes {
		faults = append(faults, decodeName(diag.Resolve(n), &(*into)[i])...)
	}
	return faults
}

// parameters decodes the step's parameters over the operator's defaults.
func (s *Step) parameters(spec ops.Spec) (ops.Config, diag.Diagnostics) {
	cfg := spec.Config()
	if faults := diag.Decode(s.params, cfg); len(faults) > 0 {
		return nil, faults
	}
	if faults := diag.Validate(s.params, cfg); len(faults) > 0 {
		return nil, faults
	}
	return cfg, nil
}

// NewStep makes a step in code; params is its parameters' node, nil for none.
func NewStep(operator string, params *yaml.Node) Step {
	if params == nil {
		params = &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null"}
	}
	return Step{Operator: operator, node: params, key: params, params: params}
}
