package ops

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Reserved are the keys that may stand beside the operator in a step.
var Reserved = []string{"id", "from", "when", "use"}

var validName = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_]*$`)

// Family is a set of operators that is known only once the native libraries
// run, such as the operations of the libvips that is installed.
type Family interface {
	// Specs lists them; none before the library runs.
	Specs() []Spec
	// Refuse says why name, which the family knows, is no operator; "" for
	// names that it does not know.
	Refuse(name string) string
}

// Registry is a set of operators. It is what [NewRegistry] was given, but that
// the operators of a [Family] are added, once, at the first look that finds the
// family's library running. It may be used by several goroutines.
type Registry struct {
	families []Family

	mu    sync.Mutex
	asked bool // the families have been added
	specs map[string]Spec
	names []string
}

// NewRegistry collects specs. A name that is taken twice, reserved or
// malformed is an error, and so is a spec without parameters or version.
func NewRegistry(specs ...Spec) (*Registry, error) {
	r := &Registry{specs: make(map[string]Spec, len(specs))}
	return r, r.add(specs)
}

// With is the registry with further operators, which it alone has. A name that an
// operator or an operation of a family has is an error, as for [NewRegistry].
func (r *Registry) With(specs ...Spec) (*Registry, error) {
	r.mu.Lock()
	r.ask()
	more := &Registry{families: slices.Clone(r.families), asked: r.asked, specs: maps.Clone(r.specs), names: slices.Clone(r.names)}
	r.mu.Unlock()
	return more, more.add(specs)
}

func (r *Registry) add(specs []Spec) error {
	var errs []error
	for _, s := range specs {
		if s.Family != nil {
			r.families = append(r.families, s.Family)
			continue
		}
		if err := r.refuse(s); err != nil {
			errs = append(errs, err)
			continue
		}
		r.specs[s.Name] = s
		r.names = append(r.names, s.Name)
	}
	slices.Sort(r.names)
	return errors.Join(errs...)
}

// refuse says why a spec cannot be taken.
func (r *Registry) refuse(s Spec) error {
	_, taken := r.specs[s.Name]
	switch {
	case !validName.MatchString(s.Name):
		return fmt.Errorf("operator %q: a name is letters, digits and _", s.Name)
	case slices.Contains(Reserved, s.Name):
		return fmt.Errorf("operator %q: the name is reserved (%s)", s.Name, strings.Join(Reserved, ", "))
	case taken:
		return fmt.Errorf("operator %q is registered twice", s.Name)
	case s.Config == nil || s.Version < 1:
		return fmt.Errorf("operator %q: the spec needs Config and a Version of 1 or more", s.Name)
	}
	return nil
}

// Lookup finds an operator by name.
func (r *Registry) Lookup(name string) (Spec, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ask()
	s, ok := r.specs[name]
	return s, ok
}

// Names lists the operators, sorted.
func (r *Registry) Names() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ask()
	return slices.Clone(r.names)
}

// Refuse says why a name that Lookup does not find is no operator; "" where
// nothing is known of it.
func (r *Registry) Refuse(name string) string {
	for _, f := range r.families {
		if why := f.Refuse(name); why != "" {
			return why
		}
	}
	return ""
}

// ask adds the families' operators. A name of a spec's own wins.
func (r *Registry) ask() {
	if r.asked {
		return
	}
	r.asked = true
	for _, f := range r.families {
		specs := f.Specs()
		r.asked = r.asked && len(specs) > 0
		for _, s := range specs {
			if _, taken := r.specs[s.Name]; !taken {
				r.specs[s.Name] = s
				r.names = append(r.names, s.Name)
			}
		}
	}
	slices.Sort(r.names)
}
