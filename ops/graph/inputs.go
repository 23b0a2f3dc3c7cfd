package graph

import (
	"strconv"
	"strings"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/diag"
	"gopkg.in/yaml.v3"
)

// resolve finds the steps that s reads, in the order of its ports.
func resolve(s *Step, p planned, in *scope) (inputs []int, faults diag.Diagnostics) {
	if p.config == nil { // a fault already; only the names are looked at
		return s.named(in)
	}
	ports := ops.OneImage()
	if r, ok := p.config.(ops.InputDeclarer); ok {
		ports = r.Ports()
	}
	given, faults := s.given(ports, in)
	if len(faults) > 0 {
		inputs, _ = s.named(in)
		return inputs, faults
	}
	open, _ := openPorts(ports)
	for _, port := range ports {
		switch {
		case len(port.IDs) > 0:
			for i, name := range port.IDs {
				at, fs := in.lookup(name, s.idNode(port, i))
				inputs, faults = append(inputs, at), append(faults, fs...)
			}
		case port.Optional:
		case port.Many:
			n := len(given) - (open - 1)
			inputs, given, open = append(inputs, given[:n]...), given[n:], open-1
		default:
			inputs, given, open = append(inputs, given[0]), given[1:], open-1
		}
	}
	return inputs, faults
}

// openPorts counts the ports that "from" fills, and says whether it may name
// more images than that.
func openPorts(ports []ops.Port) (open int, many bool) {
	for _, p := range ports {
		if len(p.IDs) == 0 && !p.Optional {
			open++
			many = many || p.Many
		}
	}
	return open, many
}

// given are the steps that "from" names, or else the step before. They are as
// many as the ports want.
func (s *Step) given(ports []ops.Port, in *scope) (given []int, faults diag.Diagnostics) {
	open, many := openPorts(ports)
	switch n := len(s.From); {
	case n == 0 && open == 0:
		return nil, nil
	case n == 0 && open > 1:
		return nil, diag.Diagnostics{diag.At(s.key, "%s reads %s; name the steps: from: [ID, ID]", s.name(), listPorts(ports))}
	case n > 0 && open == 0:
		return nil, diag.Diagnostics{diag.At(s.from, "%s reads no image from another step; remove \"from\"", s.Operator)}
	case n > 0 && (n < open || !many && n > open):
		return nil, diag.Diagnostics{diag.At(s.from, "%s reads %s, got %d", s.name(), listPorts(ports), n)}
	}
	return s.named(in)
}

// named are the steps that "from" names, or the step before.
func (s *Step) named(in *scope) (given []int, faults diag.Diagnostics) {
	if len(s.From) == 0 {
		return []int{in.before}, nil
	}
	for i, name := range s.From {
		at, fs := in.lookup(name, s.fromNode(i))
		given, faults = append(given, at), append(faults, fs...)
	}
	return given, faults
}

// listPorts says in words what "from" is to name.
func listPorts(ports []ops.Port) string {
	var names []string
	open, many := openPorts(ports)
	for _, p := range ports {
		if len(p.IDs) == 0 && !p.Optional {
			names = append(names, p.Name)
		}
	}
	switch {
	case open == 1 && many:
		return "one image or more"
	case open == 1:
		return "one image"
	case many:
		return strconv.Itoa(open) + " images or more (" + strings.Join(names, ", ") + ")"
	}
	return strconv.Itoa(open) + " images (" + strings.Join(names, ", ") + ")"
}

// name is the operator, or the fragment that is used.
func (s *Step) name() string {
	if s.Use != "" {
		return "the fragment " + s.Use
	}
	return s.Operator
}

// fromNode is where the i-th id of "from" stands.
func (s *Step) fromNode(i int) *yaml.Node {
	if s.from != nil && s.from.Kind == yaml.SequenceNode {
		return s.from.Content[i]
	}
	return s.from
}

// idNode is where the i-th id of a port's parameter stands.
func (s *Step) idNode(p ops.Port, i int) *yaml.Node {
	return diag.Find(s.params, p.Name, strconv.Itoa(i))
}
