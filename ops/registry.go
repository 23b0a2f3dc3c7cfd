package ops

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Reserved are the keys that may stand beside the operator in a step.
var Reserved = []string{"id", "from", "when"}

var validName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// Registry is an immutable set of operators.
type Registry struct {
	specs map[string]Spec
	names []string
}

// NewRegistry collects specs. A name that is taken twice, reserved or
// malformed is an error, and so is a spec without parameters or version.
func NewRegistry(specs ...Spec) (*Registry, error) {
	r := &Registry{specs: make(map[string]Spec, len(specs))}
	var errs []error
	for _, s := range specs {
		switch _, taken := r.specs[s.Name]; {
		case !validName.MatchString(s.Name):
			errs = append(errs, fmt.Errorf("operator %q: a name is lower-case letters, digits and _", s.Name))
		case slices.Contains(Reserved, s.Name):
			errs = append(errs, fmt.Errorf("operator %q: the name is reserved (%s)", s.Name, strings.Join(Reserved, ", ")))
		case taken:
			errs = append(errs, fmt.Errorf("operator %q is registered twice", s.Name))
		case s.Config == nil || s.Version < 1:
			errs = append(errs, fmt.Errorf("operator %q: the spec wants Config and a Version of 1 or more", s.Name))
		default:
			r.specs[s.Name] = s
			r.names = append(r.names, s.Name)
		}
	}
	slices.Sort(r.names)
	return r, errors.Join(errs...)
}

// Lookup finds an operator by name.
func (r *Registry) Lookup(name string) (Spec, bool) {
	s, ok := r.specs[name]
	return s, ok
}

// Names lists the operators, sorted.
func (r *Registry) Names() []string { return slices.Clone(r.names) }
