package vips

// #include "bridge.h"
import "C"

import (
	"fmt"
	"maps"
	"slices"
	"unsafe"
)

// Args are an operation's inputs by name. Values are *Image, []*Image,
// float64, int, bool, []float64, []int, string or []byte:
//
//   - a whole float64 does for an int, an int for a float;
//   - a single number or image does for a list of them;
//   - a string names a member of an enumeration or an interpolator, or several
//     flags joined with "|", or is text; it never loads an image from a file.
//
// Call only reads the images; they stay the caller's.
type Args map[string]any

// Call runs the libvips operation of that nickname. Names and values are
// checked first, against the description that Lookup gives; optional inputs
// left out keep libvips' defaults. Images among the outputs are lazy, unless
// the operation draws on its input or measures it.
func Call(op string, args Args) (Outputs, error) {
	if err := ready(); err != nil {
		return nil, wrap(op, "", err)
	}
	spec := lookup(op)
	if spec == nil {
		return nil, misuse(op, "no such operation in libvips %s%s", Version(), didYouMean(op, operationNames()))
	}
	if spec.Name == "text" {
		return text(spec, args)
	}
	return straight(spec, args)
}

// straight runs an operation as libvips does.
func straight(spec *Operation, args Args) (Outputs, error) {
	c, err := newCall(spec, args)
	if err != nil {
		return nil, err
	}
	defer c.release()
	if err := c.set(); err != nil {
		return nil, err
	}
	return c.run()
}

// Do calls op with i as its first required image input, whatever that is
// called, and returns its first image output. Any other image it gives is
// closed.
func (i *Image) Do(op string, args Args) (*Image, error) {
	with := maps.Clone(args)
	if with == nil {
		with = Args{}
	}
	if spec := lookup(op); spec != nil {
		name := spec.mainInput()
		if name == "" {
			return nil, misuse(op, "it takes no image")
		}
		if _, taken := with[name]; taken {
			return nil, misuse(op, "%s is the image itself, and cannot be given", name)
		}
		with[name] = i
	}
	out, err := Call(op, with)
	if err != nil {
		return nil, err
	}
	name := lookup(op).mainOutput(out)
	if name == "" {
		out.Close()
		return nil, misuse(op, "it gives no image")
	}
	image := out[name].(*Image)
	delete(out, name)
	out.Close()
	return image, nil
}

// mainInput is the first required image input, "" when there is none.
func (o *Operation) mainInput() string {
	i := slices.IndexFunc(o.Args, func(a Argument) bool {
		return a.Required && a.Input && (a.Type == "image" || a.Type == "images")
	})
	if i < 0 {
		return ""
	}
	return o.Args[i].Name
}

func operationNames() []string {
	list, _ := Operations()
	names := make([]string, len(list))
	for i := range list {
		names[i] = list[i].Name
	}
	return names
}

// call is one operation being prepared and run.
type call struct {
	spec   *Operation
	args   Args // by canonical name
	op     *C.VipsOperation
	images []*Image // every image among the inputs
}

// newCall checks the names of the arguments.
func newCall(spec *Operation, args Args) (*call, error) {
	c := &call{spec: spec, args: make(Args, len(args))}
	for name, value := range args {
		a, ok := spec.Arg(name)
		if !ok || !a.Input {
			return nil, misuse(spec.Name, "no argument %q%s", name, didYouMean(name, spec.inputs()))
		}
		if _, twice := c.args[a.Name]; twice {
			return nil, misuse(spec.Name, "%s is given twice", a.Name)
		}
		c.args[a.Name] = value
	}
	for _, a := range spec.Args {
		if _, given := c.args[a.Name]; a.Required && a.Input && !a.Deprecated && !given {
			return nil, misuse(spec.Name, "%s is missing", a.Name)
		}
	}
	nickname := newCString(spec.Name)
	defer nickname.free()
	if c.op = C.vips_operation_new(nickname.p); c.op == nil {
		return nil, hinted(spec.Name, "")
	}
	return c, nil
}

func (o *Operation) inputs() []string {
	var names []string
	for _, a := range o.Args {
		if a.Input && !a.Deprecated {
			names = append(names, a.Name)
		}
	}
	return names
}

func (c *call) release() { C.bv_release(c.op) }

// set hands the arguments over in libvips' own order.
func (c *call) set() error {
	for i := range c.spec.Args {
		a := &c.spec.Args[i]
		value, given := c.args[a.Name]
		if !given {
			continue
		}
		if err := c.setOne(a, value); err != nil {
			return wrap(c.spec.Name, c.file(), fmt.Errorf("%s: %w", a.Name, err))
		}
	}
	return nil
}

// file is the file that the operation concerns, for errors.
func (c *call) file() string {
	if s, ok := c.args["source"].(*source); ok {
		return s.path
	}
	name, _ := c.args["filename"].(string)
	return name
}

// run builds the operation, straight, past libvips' operation cache.
func (c *call) run() (Outputs, error) {
	built := C.vips_object_build((*C.VipsObject)(unsafe.Pointer(c.op))) == 0
	if err := fault(c.images); err != nil {
		if !built {
			C.vips_error_clear()
		}
		return nil, wrap(c.spec.Name, c.file(), err)
	}
	if !built {
		return nil, hinted(c.spec.Name, c.file())
	}
	out := Outputs{}
	for i := range c.spec.Args {
		if a := &c.spec.Args[i]; c.gives(a) {
			out[a.Name] = c.get(a)
		}
	}
	if err := c.keepProfile(out); err != nil {
		out.Close()
		return nil, err
	}
	return out, nil
}
