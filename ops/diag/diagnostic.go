// Package diag decodes YAML nodes into Go structs and reports every fault at
// once, each with its file, line and column and, for a misspelt name, the
// nearest valid one. It knows nothing of what the fields mean.
package diag

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Diagnostic is one thing that is wrong in a file. Line and Column count from 1;
// zero means the file as a whole.
type Diagnostic struct {
	File         string
	Line, Column int
	Message      string
	Hint         string // what to do about it; "" where the message says all
	Warning      bool   // the file works, but hardly as its author meant
	HostOnly     bool   // it is this machine that lacks something now, which the file rightly names
}

// Error formats the fault as file:line:column: message; hint, on one line.
func (f Diagnostic) Error() string {
	if f.Hint == "" {
		return f.Reason()
	}
	return f.Reason() + "; " + Printable(f.Hint)
}

// Reason is the fault without its hint: file:line:column: message.
func (f Diagnostic) Reason() string { return Printable(f.text()) }

// WithHint is the fault with what to do about it.
func (f Diagnostic) WithHint(format string, args ...any) Diagnostic {
	f.Hint = fmt.Sprintf(format, args...)
	return f
}

func (f Diagnostic) text() string {
	kind := ""
	if f.Warning {
		kind = "warning: "
	}
	if f.Line == 0 {
		return fmt.Sprintf("%s: %s%s", f.File, kind, f.Message)
	}
	return fmt.Sprintf("%s:%d:%d: %s%s", f.File, f.Line, f.Column, kind, f.Message)
}

// At is a fault at node's position. The file is filled in by [Diagnostics.In].
func At(node *yaml.Node, format string, args ...any) Diagnostic {
	f := Diagnostic{Message: fmt.Sprintf(format, args...)}
	if node != nil {
		f.Line, f.Column = node.Line, node.Column
	}
	return f
}

// Warn is [At] for a warning.
func Warn(node *yaml.Node, format string, args ...any) Diagnostic {
	f := At(node, format, args...)
	f.Warning = true
	return f
}

// Diagnostics are the faults of one file. As an error it prints one fault a line.
type Diagnostics []Diagnostic

// Error lists the faults, one a line.
func (fs Diagnostics) Error() string {
	lines := make([]string, len(fs))
	for i, f := range fs {
		lines[i] = f.Error()
	}
	return strings.Join(lines, "\n")
}

// In returns the faults sorted by position, naming file in each that names none.
func (fs Diagnostics) In(file string) Diagnostics {
	out := slices.Clone(fs)
	for i := range out {
		if out[i].File == "" {
			out[i].File = file
		}
	}
	slices.SortStableFunc(out, func(a, b Diagnostic) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return slices.Compact(out)
}

// Except leaves out what is said of a place that faults of others are at: a
// value that could not be read needs no judgement.
func (fs Diagnostics) Except(others Diagnostics) Diagnostics {
	return slices.DeleteFunc(slices.Clone(fs), func(f Diagnostic) bool {
		return f.Line > 0 && slices.ContainsFunc(others, func(o Diagnostic) bool { return !o.Warning && o.Line == f.Line && o.Column == f.Column })
	})
}

// Split parts the faults that stop a run from the warnings that do not.
func (fs Diagnostics) Split() (errs, warnings Diagnostics) {
	for _, f := range fs {
		if f.Warning {
			warnings = append(warnings, f)
		} else {
			errs = append(errs, f)
		}
	}
	return errs, warnings
}

// Portable are the faults that the file has on any machine.
func (fs Diagnostics) Portable() Diagnostics {
	return slices.DeleteFunc(slices.Clone(fs), func(f Diagnostic) bool { return f.HostOnly })
}

// Err is nil when there is no fault.
func (fs Diagnostics) Err() error {
	if len(fs) == 0 {
		return nil
	}
	return fs
}

// FieldError is a value that its owner refuses; Field is the YAML key, with
// dots between nested keys, so that the fault can be shown where it stands.
type FieldError struct {
	Field    string
	Message  string
	Hint     string // what to do about it
	HostOnly bool   // as of [Diagnostic]
	Err      error  // what the message is of; may be nil
}

func (e *FieldError) Error() string {
	if e.Hint == "" {
		return e.Field + ": " + e.Message
	}
	return e.Field + ": " + e.Message + "; " + e.Hint
}

func (e *FieldError) Unwrap() error { return e.Err }

// Invalid is a [FieldError] for field.
func Invalid(field, format string, args ...any) error {
	return &FieldError{Field: field, Message: fmt.Sprintf(format, args...)}
}

// InvalidHint is a [FieldError] for field that says what to do about it.
func InvalidHint(field, hint, format string, args ...any) error {
	return &FieldError{Field: field, Message: fmt.Sprintf(format, args...), Hint: hint}
}

// InvalidOnHost is a [FieldError] for field because of how this machine is now.
func InvalidOnHost(field string, err error) error {
	return &FieldError{Field: field, Message: err.Error(), HostOnly: true, Err: err}
}

// Validate is what [Check] finds in v, placed within node, the mapping that v
// was decoded from.
func Validate(node *yaml.Node, v any) Diagnostics {
	return Locate(node, Check(v))
}

// Locate makes diagnostics of err within node, the mapping that it speaks of.
func Locate(node *yaml.Node, err error) Diagnostics {
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var fs Diagnostics
		for _, e := range joined.Unwrap() {
			fs = append(fs, Locate(node, e)...)
		}
		return fs
	}
	var faults Diagnostics
	if errors.As(err, &faults) {
		return faults
	}
	var field *FieldError
	if errors.As(err, &field) {
		path := strings.Split(field.Field, ".")
		f := At(Find(node, path...), "%s: %s", lastKey(path), field.Message)
		f.HostOnly, f.Hint = field.HostOnly, field.Hint
		return Diagnostics{f}
	}
	return Diagnostics{At(node, "%s", err)}
}

// lastKey is the last step of a path that is no index.
func lastKey(path []string) string {
	for _, key := range slices.Backward(path) {
		if strings.Trim(key, "0123456789") != "" {
			return key
		}
	}
	return path[len(path)-1]
}
