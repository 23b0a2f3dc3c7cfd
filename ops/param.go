package ops

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/burnish-photo/burnish/ops/diag"
)

// Param describes one parameter of an operator, for listings and schemas.
type Param struct {
	Name    string
	Summary string
	// Type is "int", "float", "bool", "string", "enum", "flags" (members
	// joined with "|", or a list of them), "ints", "floats", "enums" (lists,
	// or one member), "image" or "images" (ids of steps), "colour", or one with a
	// schema of its own: "interval", "sides", "triple" or "values".
	Type     string
	Required bool
	Default  any // nil: none, or decided by the photo
	Min, Max *float64
	Above    bool     // Min itself is too little
	OrZero   bool     // 0, for a value that is not given, is permitted below Min
	Enum     []string // members of "enum", "enums" and "flags"; all values of any other type
	// Libvips parameters belong to the other form of an operator that bears a
	// libvips name: the two forms do not mix in a step.
	Libvips bool
	// Schema is the JSON schema of a value that says of itself what it may be.
	Schema map[string]any
}

// Range is that of a number; Min and Max bound it.
func (p Param) Range() diag.Range {
	return diag.Range{Min: p.Min, Max: p.Max, Above: p.Above, OrZero: p.OrZero}
}

// ParamLister is a Config that lists its parameters by itself.
type ParamLister interface{ Params() []Param }

// Params lists an operator's parameters: what its Config says, or else the
// fields of the struct, where the tag help and those of [diag.Check] stand
// beside yaml.
func (s Spec) Params() []Param {
	config := s.Config()
	if d, ok := config.(ParamLister); ok {
		return d.Params()
	}
	return fields(reflect.ValueOf(config).Elem())
}

func fields(v reflect.Value) (params []Param) {
	if v.Kind() != reflect.Struct {
		return nil
	}
	for i := range v.NumField() {
		tag := v.Type().Field(i).Tag
		name, options, _ := strings.Cut(tag.Get("yaml"), ",")
		switch {
		case options == "inline":
			params = append(params, fields(v.Field(i))...)
		case name != "" && name != "-":
			params = append(params, field(name, tag, v.Field(i)))
		}
	}
	return params
}

var typeNames = map[reflect.Kind]string{
	reflect.Int: "int", reflect.Float64: "float", reflect.Bool: "bool", reflect.String: "string",
}

func field(name string, tag reflect.StructTag, v reflect.Value) Param {
	p := Param{Name: name, Summary: tag.Get("help"), Type: typeNames[v.Kind()]}
	if t, ok := v.Interface().(interface{ ParamType() string }); ok {
		p.Type = t.ParamType()
	}
	if t, ok := v.Interface().(interface{ JSONSchema() map[string]any }); ok && p.Type != "colour" {
		p.Schema = t.JSONSchema()
	}
	if v.Kind() == reflect.Slice && p.Type == "" {
		p.Type = typeNames[v.Type().Elem().Kind()] + "s"
	}
	if text, ok := v.Interface().(fmt.Stringer); ok {
		p.Default = text.String()
	} else if !v.IsZero() || v.Kind() == reflect.Bool {
		p.Default = v.Interface()
	}
	if enum := tag.Get("enum"); enum != "" {
		p.Enum = slices.DeleteFunc(strings.Split(enum, ","), func(m string) bool { return m == "" })
		if p.Type == "string" {
			p.Type = "enum"
		}
	}
	if bounds := tag.Get("range"); bounds != "" {
		r, err := diag.ParseRange(bounds)
		if err != nil {
			panic("ops: " + name + ": " + err.Error())
		}
		p.Min, p.Max, p.Above, p.OrZero = r.Min, r.Max, r.Above, r.OrZero
	}
	return p
}
