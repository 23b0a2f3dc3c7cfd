package output

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/ops/vips"
	"gopkg.in/yaml.v3"
)

// Encoder is a file format with its options, as libvips names them.
type Encoder struct {
	Format  string
	Options vips.Args // over the format's defaults
}

// aliases are the friendly names of options.
var aliases = map[string]string{"quality": "Q"}

// private options take files or undo what the output promises.
var private = []string{"filename", "profile", "strip", "keep", "background", "page_height", "properties", "basename", "container", "angle", "no_strip"}

// fingerprint covers all that decides the bytes that the encoder makes of an
// image, defaults included.
func (e Encoder) fingerprint() string {
	saver, args := e.saver()
	text, err := json.Marshal([]any{saver, args}) // the keys of a map are sorted
	if err != nil {
		panic(err) // options are numbers, texts and booleans
	}
	return string(text)
}

// saver is the format's libvips operation with the options that are in force.
func (e Encoder) saver() (string, vips.Args) {
	f := formatNamed(e.Format)
	args := vips.Args{}
	for _, set := range []vips.Args{f.defaults, e.Options, f.fixed} {
		for k, v := range set {
			args[k] = v
		}
	}
	return f.saver, args
}

// maxOptimisedPixels is the size in pixels up to which JPEG coding is optimised unasked:
// the encoder keeps all coefficients meanwhile, six bytes a pixel.
const maxOptimisedPixels = 24_000_000

// limitMemory takes out of args what would keep a whole large photo in memory, unless
// it was asked for.
func (e Encoder) limitMemory(args vips.Args, width, height int) {
	if _, asked := e.Options["optimize_coding"]; !asked && float64(width)*float64(height) > maxOptimisedPixels {
		delete(args, "optimize_coding")
	}
}

// options are the arguments of the format's saver that may be set; nil where
// this libvips cannot write it.
func (f format) options() map[string]vips.Argument {
	operation, known := vips.Lookup(f.saver)
	if _, works := vips.SaverFor(f.name); !known || !works && f.name != tiles {
		return nil
	}
	options := map[string]vips.Argument{}
	for _, a := range operation.Args {
		if _, fixed := f.fixed[a.Name]; a.Input && !a.Required && !a.Deprecated && !fixed && !slices.Contains(private, a.Name) {
			options[a.Name] = a
		}
	}
	return options
}

// encoderPackages are Debian's names, from Debian 13 on, of what libvips needs
// for a format besides itself.
var encoderPackages = map[string]string{"avif": "libheif-plugin-aomenc", "heic": "libheif-plugin-x265"}

// noEncoder says that a format cannot be written here.
func noEncoder(format string) string {
	if p := encoderPackages[format]; p != "" {
		return fmt.Sprintf("this system has no encoder for %s: install the package %s (Debian 13 and later), or a libheif that was built with one; or choose another format", format, p)
	}
	return fmt.Sprintf("this libvips (%s) was built without %s; choose another format", vips.Version(), format)
}

// decode reads the encoder's block, which may be absent, by what libvips says
// of its saver.
func (e *Encoder) decode(block, at *yaml.Node) diag.Diagnostics {
	options := formatNamed(e.Format).options()
	if options == nil {
		return diag.Diagnostics{diag.At(at, "%s", noEncoder(e.Format))}
	}
	if block == nil || block.Tag == "!!null" {
		return nil
	}
	pairs, faults := diag.Pairs(block)
	e.Options = vips.Args{}
	for _, p := range pairs {
		name := p.Key.Value
		if long, ok := aliases[name]; ok {
			name = long
		}
		option, ok := options[name]
		if !ok {
			faults = append(faults, diag.At(p.Key, "%s has no option %q%s", e.Format, p.Key.Value, diag.Suggest(p.Key.Value, optionNames(options))))
			continue
		}
		if _, twice := e.Options[name]; twice {
			faults = append(faults, diag.At(p.Key, "%q is %q by another name, which is already set", p.Key.Value, name))
			continue
		}
		value, err := optionValue(option, p.Value)
		if err == nil && name == "suffix" {
			err = checkSuffix(value)
		}
		if err != nil {
			faults = append(faults, diag.At(p.Value, "%s: %s", p.Key.Value, err))
			continue
		}
		e.Options[name] = value
	}
	return faults
}

func optionNames(options map[string]vips.Argument) []string {
	var names []string
	for name := range options {
		names = append(names, name)
	}
	for short, long := range aliases {
		if _, ok := options[long]; ok {
			names = append(names, short)
		}
	}
	slices.Sort(names)
	return names
}

// optionValue checks a value against its argument's type and range.
func optionValue(a vips.Argument, node *yaml.Node) (any, error) {
	switch {
	case a.Type == "flags" && node.Kind == yaml.SequenceNode:
		var names []string
		for _, n := range node.Content {
			name, err := memberOf(a, diag.Resolve(n))
			if err != nil {
				return nil, err
			}
			names = append(names, name)
		}
		return strings.Join(names, "|"), nil
	case len(a.Enum) > 0:
		return memberOf(a, node)
	case a.Type == "bool":
		return decodeOption[bool](node)
	case a.Type == "int":
		n, err := decodeOption[int](node)
		return n, inRange(a, float64(n), err)
	case a.Type == "float":
		x, err := decodeOption[float64](node)
		return x, inRange(a, x, err)
	case a.Type == "string":
		return decodeOption[string](node)
	default:
		return nil, fmt.Errorf("options of type %s are not supported", a.Type)
	}
}

func memberOf(a vips.Argument, node *yaml.Node) (string, error) {
	if node.Kind == yaml.ScalarNode && slices.Contains(a.Enum, node.Value) {
		return node.Value, nil
	}
	if node.Kind == yaml.ScalarNode {
		return "", diag.OneOf(node.Value, a.Enum)
	}
	return "", fmt.Errorf("must be %s, got %s", diag.Alternatives(a.Enum), diag.Describe(node))
}

func decodeOption[T any](node *yaml.Node) (T, error) {
	var v T
	if faults := diag.Decode(node, &v); len(faults) > 0 {
		return v, fmt.Errorf("%s", faults[0].Message)
	}
	return v, nil
}

func inRange(a vips.Argument, x float64, err error) error {
	if err != nil {
		return err
	}
	return diag.Range{Min: a.Min, Max: a.Max}.Check(x)
}
