package cmd

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/plugin/tools"
)

type opsCommand struct {
	List opsListCommand `cmd:"" default:"withargs" help:"List operators, or describe one."`
	Test opsTestCommand `cmd:"" help:"Test whether an operator does what operators must."`
}

// Help is shown by burnish ops --help.
func (opsCommand) Help() string { return opsListCommand{}.Help() }

type opsListCommand struct {
	Name   string `arg:"" optional:"" help:"Operator to describe."`
	Config string `short:"c" placeholder:"FILE" help:"Configuration file whose operators are listed, too."`
	JSON   bool   `name:"json" help:"Print JSON."`

	Markdown bool `help:"Print the reference of all operators as Markdown."`
}

// Help is shown by burnish ops list --help.
func (opsListCommand) Help() string {
	return `Lists Burnish's own operators, then every operation of the installed libvips. With a name, prints its parameters, defaults, ranges and an example. With -c, programs that the configuration declares are operators, too.

Examples:
  burnish ops
  burnish ops sharpen
  burnish ops -c burnish.yaml`
}

// Run prints what the registry holds.
func (o *opsListCommand) Run(h *host) error {
	registry := h.registry
	if o.Config != "" {
		c, _, err := h.loadFound(o.Config)
		if err != nil {
			return err
		}
		registry, _ = c.Registry(registry) // its faults were told of
	}
	switch {
	case o.Markdown:
		_, err := io.WriteString(h.out, registry.Reference(tools.Version().Libvips))
		return err
	case o.Name == "":
		return o.list(h, registry)
	}
	spec, ok := registry.Lookup(o.Name)
	if why := registry.Refuse(o.Name); !ok && why != "" {
		return fmt.Errorf("%s is not an operator: %s", o.Name, why)
	}
	if !ok {
		return fmt.Errorf("there is no operator %q%s; burnish ops lists them", o.Name, diag.Suggest(o.Name, registry.Names()))
	}
	if o.JSON {
		return printJSON(h.out, newOperator(spec))
	}
	describe(h.out, spec)
	return nil
}

// operator is an operator's description in JSON.
type operator struct {
	Name       string      `json:"name"`
	Summary    string      `json:"summary"`
	Group      string      `json:"group,omitempty"`
	Example    string      `json:"example"`
	Parameters []parameter `json:"parameters"`
}

type parameter struct {
	Name     string   `json:"name"`
	Summary  string   `json:"summary,omitempty"`
	Type     string   `json:"type"`
	Required bool     `json:"required,omitempty"`
	Default  any      `json:"default,omitempty"`
	Min      *float64 `json:"min,omitempty"`
	Max      *float64 `json:"max,omitempty"`
	Values   []string `json:"values,omitempty"`
	Libvips  bool     `json:"libvips,omitempty"` // belongs to libvips' form of the step
}

func newOperator(s ops.Spec) operator {
	o := operator{Name: s.Name, Summary: s.Summary, Group: s.Group, Example: s.Example, Parameters: []parameter{}}
	for _, p := range s.Params() {
		o.Parameters = append(o.Parameters, parameter{p.Name, p.Summary, p.Type, p.Required, p.Default, p.Min, p.Max, p.Enum, p.Libvips})
	}
	return o
}

func printJSON(w io.Writer, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(w, string(text))
	return err
}

func (o *opsListCommand) list(h *host, registry *ops.Registry) error {
	groups := map[string][]ops.Spec{}
	var all []operator
	for _, name := range registry.Names() {
		spec, _ := registry.Lookup(name)
		groups[spec.Group] = append(groups[spec.Group], spec)
		if o.JSON {
			all = append(all, newOperator(spec))
		}
	}
	if o.JSON {
		return printJSON(h.out, all)
	}
	var names []string
	for g := range groups {
		names = append(names, g)
	}
	slices.Sort(names)
	for i, g := range names {
		heading := g
		if g == "" {
			heading = "Burnish"
		}
		if i > 0 {
			fmt.Fprintln(h.out)
		}
		fmt.Fprintln(h.out, heading)
		t := tabwriter.NewWriter(h.out, 0, 0, 2, ' ', 0)
		for _, s := range groups[g] {
			fmt.Fprintf(t, "  %s\t%s\n", s.Name, s.Summary)
		}
		t.Flush()
	}
	return nil
}

// describe prints all that is known of one operator.
func describe(w io.Writer, s ops.Spec) {
	fmt.Fprintf(w, "%s: %s\n", s.Name, s.Summary)
	var own, native []ops.Param
	for _, p := range s.Params() {
		if p.Libvips {
			native = append(native, p)
		} else {
			own = append(own, p)
		}
	}
	if len(own) > 0 {
		table(w, "parameters", own)
	}
	switch {
	case len(native) > 0 && s.Group == "":
		table(w, "or libvips' arguments, which do not mix with those above", native)
	case len(native) > 0:
		table(w, "arguments", native)
	}
	if len(own)+len(native) == 0 {
		fmt.Fprintln(w, "\nIt has no parameters.")
	}
	fmt.Fprintf(w, "\nexample\n  - %s\n", strings.ReplaceAll(s.Example, "\n", "\n    "))
}

func table(w io.Writer, heading string, params []ops.Param) {
	fmt.Fprintf(w, "\n%s\n", heading)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, p := range params {
		fmt.Fprintf(t, "  %s\t%s\t%s\t%s\n", p.Name, values(p), p.Standing(), p.Summary)
	}
	t.Flush()
	for _, p := range params {
		if len(p.Enum) > shortEnum {
			fmt.Fprintf(w, "  %s is one of %s\n", p.Name, strings.Join(p.Enum, ", "))
		}
	}
}

// shortEnum is the number of values that still fit into the table.
const shortEnum = 4

// values are what a parameter takes, where that fits into the table.
func values(p ops.Param) string {
	if len(p.Enum) > shortEnum {
		p.Enum = nil
		if p.Type == "enum" {
			return "a name"
		}
	}
	return p.Values()
}
