package diag

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// Defaulter is an element of a list or a map that has defaults, which are set
// before it is decoded.
type Defaulter interface{ SetDefaults() }

func setDefaults(v reflect.Value) {
	if d, ok := v.Addr().Interface().(Defaulter); ok {
		d.SetDefaults()
	}
}

// Decoder is a type that decodes itself. node is never an alias.
type Decoder interface {
	DecodeStrict(node *yaml.Node) Diagnostics
}

var (
	decoderType  = reflect.TypeFor[Decoder]()
	durationType = reflect.TypeFor[time.Duration]()
	nodeType     = reflect.TypeFor[yaml.Node]()
	sizeType     = reflect.TypeFor[Size]()
)

// Decode fills the struct that into points to from node, a mapping. Fields
// that node does not set keep their value, so that defaults are what the
// struct holds beforehand. Keys are the `yaml` tags; a field tagged "-" takes
// no key, and a tag with ",inline" splices an embedded struct's keys
// in. One with the tag `kind:"path"` takes paths: see [ExpandPath].
func Decode(node *yaml.Node, into any) Diagnostics {
	return decode(Resolve(node), reflect.ValueOf(into).Elem())
}

func decode(node *yaml.Node, v reflect.Value) Diagnostics {
	if v.CanAddr() && v.Addr().Type().Implements(decoderType) {
		return v.Addr().Interface().(Decoder).DecodeStrict(node)
	}
	if node.Kind == yaml.ScalarNode && node.Tag == "!!null" && v.Kind() != reflect.Struct {
		v.SetZero()
		return nil
	}
	switch {
	case v.Type() == nodeType:
		v.Set(reflect.ValueOf(*node))
		return nil
	case v.Type() == durationType:
		return decodeDuration(node, v)
	}
	switch v.Kind() {
	case reflect.Pointer:
		p := reflect.New(v.Type().Elem())
		if !v.IsNil() {
			p.Elem().Set(v.Elem())
		}
		v.Set(p)
		return decode(node, p.Elem())
	case reflect.Struct:
		return decodeStruct(node, v)
	case reflect.Map:
		return decodeMap(node, v)
	case reflect.Slice:
		return decodeSlice(node, v)
	default:
		return decodeScalar(node, v)
	}
}

func decodeStruct(node *yaml.Node, v reflect.Value) Diagnostics {
	if node.Kind == yaml.ScalarNode && node.Tag == "!!null" {
		return nil
	}
	fields := map[string]field{}
	collect(v, fields)
	pairs, faults := Pairs(node)
	if node.Kind != yaml.MappingNode && len(fields) > 0 && len(fields) <= 16 {
		faults[0] = faults[0].WithHint("its keys are %s", strings.Join(keysOf(fields), ", "))
	}
	faults = append(faults, respell(pairs, keysOf(fields))...)
	for _, p := range pairs {
		field, ok := fields[p.Key.Value]
		if !ok {
			continue // told of
		}
		read := decode
		if field.path {
			read = decodePath
		}
		faults = append(faults, naming(p, read(p.Value, field.Value))...)
	}
	return faults
}

// naming puts the key before what is said of its value as a whole.
func naming(p Pair, faults Diagnostics) Diagnostics {
	for i := range faults {
		f := &faults[i]
		if f.Line == p.Value.Line && f.Column == p.Value.Column && strings.HasPrefix(f.Message, "must be ") {
			f.Message = p.Key.Value + ": " + f.Message
		}
	}
	return faults
}

// field is a struct's field; path says that it holds one, or several.
type field struct {
	reflect.Value
	path bool
}

func collect(v reflect.Value, into map[string]field) {
	t := v.Type()
	for i := range t.NumField() {
		tag, opts, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ",")
		switch {
		case opts == "inline":
			collect(v.Field(i), into)
		case tag == "-" || tag == "" || !t.Field(i).IsExported():
		default:
			into[tag] = field{v.Field(i), t.Field(i).Tag.Get("kind") == "path"}
		}
	}
}

func keysOf(fields map[string]field) []string {
	keys := make([]string, 0, len(fields))
	for k := range fields {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func decodeMap(node *yaml.Node, v reflect.Value) Diagnostics {
	pairs, faults := Pairs(node)
	m := reflect.MakeMapWithSize(v.Type(), len(pairs))
	for _, p := range pairs {
		e := reflect.New(v.Type().Elem()).Elem()
		setDefaults(e)
		faults = append(faults, decode(p.Value, e)...)
		m.SetMapIndex(reflect.ValueOf(p.Key.Value).Convert(v.Type().Key()), e)
	}
	v.Set(m)
	return faults
}

func decodeSlice(node *yaml.Node, v reflect.Value) Diagnostics {
	if node.Kind != yaml.SequenceNode {
		wrong := At(node, "must be a list, got %s", Describe(node))
		if node.Kind == yaml.ScalarNode && node.Tag != "!!null" {
			wrong = wrong.WithHint("write [%q]", node.Value)
		}
		return Diagnostics{wrong}
	}
	s := reflect.MakeSlice(v.Type(), len(node.Content), len(node.Content))
	var faults Diagnostics
	for i, n := range node.Content {
		setDefaults(s.Index(i))
		faults = append(faults, decode(Resolve(n), s.Index(i))...)
	}
	v.Set(s)
	return faults
}

func decodeDuration(node *yaml.Node, v reflect.Value) Diagnostics {
	d, err := time.ParseDuration(node.Value)
	if node.Kind != yaml.ScalarNode || err != nil {
		return Diagnostics{At(node, "must be a duration such as 2s or 500ms, got %s", Describe(node))}
	}
	v.SetInt(int64(d))
	return nil
}

func decodeScalar(node *yaml.Node, v reflect.Value) Diagnostics {
	if node.Kind != yaml.ScalarNode {
		return Diagnostics{At(node, "must be %s, got %s", kindName(v.Kind()), Describe(node))}
	}
	wrong := Diagnostics{At(node, "must be %s, got %s", kindName(v.Kind()), Describe(node))}
	switch v.Kind() {
	case reflect.String:
		v.SetString(node.Value)
	case reflect.Bool:
		if node.Tag != "!!bool" {
			return wrong
		}
		v.SetBool(strings.EqualFold(node.Value, "true"))
	case reflect.Int, reflect.Int64:
		n, err := strconv.ParseInt(node.Value, 0, 64)
		if node.Tag != "!!int" || err != nil {
			return wrong
		}
		v.SetInt(n)
	case reflect.Float64:
		f, err := strconv.ParseFloat(node.Value, 64)
		if (node.Tag != "!!int" && node.Tag != "!!float") || err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
			return wrong
		}
		v.SetFloat(f)
	default:
		panic(fmt.Sprintf("diag: no way to decode into %s", v.Type()))
	}
	return nil
}

func kindName(k reflect.Kind) string {
	switch k {
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	default:
		return "a string"
	}
}
