package config

import (
	"maps"
	"slices"
	"strings"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/diag"
)

// maxOperators bounds the operators that a configuration declares.
const maxOperators = 100

// Registry is reg with the operators that the configuration declares. faults are
// those that cannot be taken, which the registry is without, and programs that
// are not there.
func (c *Config) Registry(reg *ops.Registry) (_ *ops.Registry, faults diag.Diagnostics) {
	if n := len(c.Operators); n > maxOperators {
		return reg, diag.Diagnostics{diag.At(diag.Find(c.root, "operators"), "must be at most %d operators, got %d", maxOperators, n)}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Operators)) {
		at, d := diag.Find(c.root, "operators", name), c.Operators[name]
		if _, taken := reg.Lookup(name); taken {
			faults = append(faults, diag.At(at, "%s is the name of an operator that there is already", name).WithHint("choose another name"))
			continue
		}
		if reg.Refuse(name) != "" {
			faults = append(faults, diag.At(at, "%s is the name of an operation of libvips", name).WithHint("choose another name"))
			continue
		}
		if len(d.Command) == 0 {
			continue // told of
		}
		with, err := reg.With(d.Spec(name))
		if err != nil {
			faults = append(faults, diag.At(at, "%s", strings.TrimPrefix(err.Error(), "operator ")))
			continue
		}
		reg = with
		missing := diag.Locate(at, d.Missing())
		for i := range missing {
			missing[i].HostOnly = true
		}
		faults = append(faults, missing...)
	}
	return reg, faults
}

// programs are the files of the operators' programs, which are read to know
// whether they have changed.
func (c *Config) programs() (files []string) {
	for _, name := range slices.Sorted(maps.Keys(c.Operators)) {
		files = append(files, c.Operators[name].Files()...)
	}
	return files
}
