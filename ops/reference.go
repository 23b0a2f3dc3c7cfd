package ops

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Reference documents every operator of the registry in Markdown, Burnish's own
// first. libvips is the version of the library that runs.
func (r *Registry) Reference(libvips string) string {
	groups := map[string][]Spec{}
	var names []string
	for _, name := range r.Names() {
		spec, _ := r.Lookup(name)
		if groups[spec.Group] == nil {
			names = append(names, spec.Group)
		}
		groups[spec.Group] = append(groups[spec.Group], spec)
	}
	slices.Sort(names)
	var b strings.Builder
	fmt.Fprintf(&b, "# Operators\n\nGenerated from the code and libvips %s by `burnish ops --markdown`; another libvips may have others. `burnish ops NAME`\ndescribes an operator of the installed one. [docs/steps.md](docs/steps.md) explains steps.\n", libvips)
	for _, group := range names {
		heading := group
		if group == "" {
			heading = "Burnish's own"
		}
		fmt.Fprintf(&b, "\n## %s\n", heading)
		for _, s := range groups[group] {
			s.document(&b)
		}
	}
	return b.String()
}

func (s Spec) document(b *strings.Builder) {
	fmt.Fprintf(b, "\n### %s\n\n%s\n", s.Name, s.Summary)
	var own, native []Param
	for _, p := range s.Params() {
		if p.Libvips {
			native = append(native, p)
		} else {
			own = append(own, p)
		}
	}
	documentParams(b, own)
	if len(native) > 0 && s.Group == "" {
		b.WriteString("\nOr libvips' arguments, without those above:\n")
	}
	documentParams(b, native)
	fmt.Fprintf(b, "\n```yaml\n- %s\n```\n", strings.ReplaceAll(s.Example, "\n", "\n  "))
}

func documentParams(b *strings.Builder, params []Param) {
	if len(params) == 0 {
		return
	}
	b.WriteString("\n| parameter | values | default | meaning |\n|---|---|---|---|\n")
	for _, p := range params {
		cells := []string{"`" + p.Name + "`", p.Values(), p.Standing(), p.Summary}
		for i := range cells {
			cells[i] = strings.ReplaceAll(cells[i], "|", `\|`)
		}
		fmt.Fprintf(b, "| %s |\n", strings.Join(cells, " | "))
	}
}

// typeWords are the types as people call them.
var typeWords = map[string]string{
	"int": "integer", "float": "number", "bool": "true, false", "string": "string", "flags": "one or more of",
	"floats": "numbers", "ints": "integers", "strings": "strings", "enums": "one or a list of",
	"image": "id of a step", "images": "ids of steps", "colour": "colour",
	"interval": "[low, high]", "sides": "[width, height]", "triple": "[red, green, blue]", "values": "numbers or expressions, by name",
}

// Values says in words what a parameter takes.
func (p Param) Values() string {
	words := typeWords[p.Type]
	switch members := strings.Join(p.Enum, ", "); {
	case members != "" && (p.Type == "flags" || p.Type == "enums"):
		return words + " " + members
	case members != "":
		return members
	}
	if r := p.Range(); p.Min != nil || p.Max != nil {
		return words + ", " + r.String()
	}
	return words
}

// Standing is a parameter's default, or says that it is needed; "–" for
// neither.
func (p Param) Standing() string {
	switch x := p.Default.(type) {
	case nil:
	case float64:
		return number(x)
	default:
		return fmt.Sprint(x)
	}
	switch {
	case p.Required && p.Type == "image":
		return "the step before, or from"
	case p.Required && p.Type == "images":
		return "from"
	case p.Required:
		return "required"
	}
	return "–"
}

// number writes a number without an exponent.
func number(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }
