package vips

// #include "bridge.h"
import "C"

import (
	"math"
	"slices"
	"strings"
	"sync"
	"unsafe"
)

// Operation describes a libvips operation of the library in use.
type Operation struct {
	Name     string // nickname, like "gaussblur"
	Summary  string
	Category string // "load", "save", "arithmetic", "conversion", "resample" …; "" for the few without
	Args     []Argument
	// Sequential operations read their input top to bottom, so the input may
	// come from a file opened with Sequential.
	Sequential bool
	Deprecated bool
	Untrusted  bool // not hardened against hostile input
}

// Argument describes one input or output of an operation.
type Argument struct {
	Name    string // with underscores, like "tile_width"; hyphens are understood too
	Summary string
	// Type is "image", "images", "float", "int", "bool", "enum", "flags",
	// "string", "floats", "ints", "blob" or "interpolate"; or a libvips class
	// name for the few that Call cannot carry, like "VipsTarget".
	Type       string
	Required   bool
	Input      bool
	Output     bool
	Deprecated bool
	Modify     bool     // the operation draws on this input; Call gives it a copy
	Default    any      // float64, int, bool or string; nil when there is none
	Min, Max   *float64 // of a "float" or "int"; nil when unbounded
	Enum       []string // members of an "enum", "flags" or "interpolate"

	c C.bv_argument
}

// catalogue is every operation that may run, by name, read from libvips once.
var catalogue struct {
	sync.Once
	list   []Operation
	byName map[string]*Operation
}

// Operations lists every operation that the library has, deprecated ones
// included and blocked ones left out, sorted by name. The descriptions are
// shared: do not change them.
func Operations() ([]Operation, error) {
	if err := ready(); err != nil {
		return nil, err
	}
	catalogue.Do(readCatalogue)
	return catalogue.list, nil
}

// Lookup describes one operation. It is false when the library lacks it, or is
// not started.
func Lookup(name string) (Operation, bool) {
	op := lookup(name)
	if op == nil {
		return Operation{}, false
	}
	return *op, true
}

func lookup(name string) *Operation {
	if _, err := Operations(); err != nil {
		return nil
	}
	return catalogue.byName[name]
}

// Arg returns the argument of that name, spelled with underscores or hyphens.
func (o *Operation) Arg(name string) (*Argument, bool) {
	name = strings.ReplaceAll(name, "-", "_")
	i := slices.IndexFunc(o.Args, func(a Argument) bool { return a.Name == name })
	if i < 0 {
		return nil, false
	}
	return &o.Args[i], true
}

func readCatalogue() {
	catalogue.byName = map[string]*Operation{}
	for _, t := range concreteTypes(C.bv_type_operation()) {
		var c C.bv_operation
		C.bv_describe(t, &c)
		if c.flags&C.VIPS_OPERATION_BLOCKED != 0 && C.GoString(c.category) != "load" { // loaders may be allowed later
			continue
		}
		catalogue.list = append(catalogue.list, Operation{
			Name:       C.GoString(c.name),
			Summary:    C.GoString(c.summary),
			Category:   C.GoString(c.category),
			Args:       arguments(t),
			Sequential: c.flags&(C.VIPS_OPERATION_SEQUENTIAL|C.VIPS_OPERATION_SEQUENTIAL_UNBUFFERED) != 0,
			Deprecated: c.flags&C.VIPS_OPERATION_DEPRECATED != 0,
			Untrusted:  c.flags&C.VIPS_OPERATION_UNTRUSTED != 0,
		})
	}
	slices.SortFunc(catalogue.list, func(a, b Operation) int { return strings.Compare(a.Name, b.Name) })
	for i := range catalogue.list {
		catalogue.byName[catalogue.list[i].Name] = &catalogue.list[i]
	}
}

func arguments(t C.GType) []Argument {
	var n C.int
	list := C.bv_arguments(t, &n)
	defer C.g_free(C.gpointer(unsafe.Pointer(list)))
	args := make([]Argument, 0, int(n))
	for _, c := range unsafe.Slice(list, int(n)) {
		args = append(args, describe(c))
	}
	return args
}

var typeNames = map[C.bv_kind]string{
	C.BV_IMAGE: "image", C.BV_IMAGES: "images", C.BV_FLOAT: "float", C.BV_INT: "int",
	C.BV_BOOL: "bool", C.BV_ENUM: "enum", C.BV_FLAGS: "flags", C.BV_STRING: "string",
	C.BV_FLOATS: "floats", C.BV_INTS: "ints", C.BV_BLOB: "blob", C.BV_INTERPOLATE: "interpolate",
}

func describe(c C.bv_argument) Argument {
	a := Argument{
		Name:       strings.ReplaceAll(C.GoString(c.name), "-", "_"),
		Summary:    C.GoString(c.summary),
		Type:       typeNames[c.kind],
		Required:   c.flags&C.VIPS_ARGUMENT_REQUIRED != 0,
		Input:      c.flags&C.VIPS_ARGUMENT_INPUT != 0,
		Output:     c.flags&C.VIPS_ARGUMENT_OUTPUT != 0,
		Deprecated: c.flags&C.VIPS_ARGUMENT_DEPRECATED != 0,
		Modify:     c.flags&C.VIPS_ARGUMENT_MODIFY != 0,
		c:          c,
	}
	switch c.kind {
	case C.BV_OTHER:
		a.Type = C.GoString(C.g_type_name(c._type))
	case C.BV_FLOAT:
		a.Default = float64(c.number)
	case C.BV_INT:
		a.Default = int(c.number)
	case C.BV_BOOL:
		a.Default = c.number != 0
	case C.BV_ENUM, C.BV_FLAGS, C.BV_STRING:
		if c.text != nil {
			a.Default = C.GoString(c.text)
		}
		a.Enum = members(c._type)
	case C.BV_INTERPOLATE:
		for _, t := range concreteTypes(c._type) {
			a.Enum = append(a.Enum, C.GoString(C.bv_nickname(t)))
		}
	}
	if c.kind == C.BV_FLOAT || c.kind == C.BV_INT {
		a.Min, a.Max = bound(float64(c.min)), bound(float64(c.max))
	}
	return a
}

// bound is nil for the limits that GObject uses to mean none.
func bound(v float64) *float64 {
	if math.Abs(v) >= math.MaxFloat64 || math.IsNaN(v) {
		return nil
	}
	return &v
}

func members(t C.GType) []string {
	var n C.int
	list := C.bv_members(t, &n)
	defer C.g_free(C.gpointer(unsafe.Pointer(list)))
	var names []string
	for _, name := range unsafe.Slice(list, int(n)) {
		names = append(names, C.GoString(name))
	}
	return names
}

func concreteTypes(base C.GType) []C.GType {
	var n C.int
	list := C.bv_types(base, &n)
	defer C.g_free(C.gpointer(unsafe.Pointer(list)))
	return slices.Clone(unsafe.Slice(list, int(n)))
}
