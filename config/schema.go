package config

import (
	"encoding/json"
	"maps"
	"reflect"
	"strings"
	"time"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/graph"
	"gopkg.in/yaml.v3"
)

// schema is a JSON Schema, 2020-12, as encoding/json writes it.
type schema = map[string]any

// Schema describes configuration files for editors: every key with what it
// means, and every operator of reg with its parameters. It is looser than
// [Config.Check], which also looks at how things stand to one another.
func Schema(reg *ops.Registry) map[string]any {
	g := generator{reg: reg, defs: schema{}}
	root := g.object(reflect.TypeFor[Config]())
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = "Burnish configuration"
	root["required"] = []string{"version", "pipelines"}
	g.defs["step"] = g.step()
	root["$defs"] = g.defs
	return root
}

type generator struct {
	reg  *ops.Registry
	defs schema
}

// described is a type that decodes itself and tells what it reads.
type described interface{ JSONSchema() map[string]any }

// of is the schema of a value of that type.
func (g *generator) of(t reflect.Type) schema {
	switch {
	case t == reflect.TypeFor[graph.Step]():
		return schema{"$ref": "#/$defs/step"}
	case t == reflect.TypeFor[yaml.Node](): // any value
		return schema{}
	case t == reflect.TypeFor[time.Duration]():
		return schema{"type": "string", "pattern": `^([0-9.]+(ns|us|µs|ms|s|m|h))+$`}
	}
	if d, ok := reflect.New(t).Interface().(described); ok {
		return d.JSONSchema()
	}
	switch t.Kind() {
	case reflect.Pointer:
		return g.of(t.Elem())
	case reflect.Struct:
		return g.object(t)
	case reflect.Map:
		return schema{"type": "object", "additionalProperties": g.of(t.Elem())}
	case reflect.Slice:
		return schema{"type": "array", "items": g.of(t.Elem())}
	case reflect.Bool:
		return schema{"type": "boolean"}
	case reflect.Int, reflect.Int64:
		return schema{"type": "integer"}
	case reflect.Float64:
		return schema{"type": "number"}
	case reflect.String:
		return schema{"type": "string"}
	}
	return schema{}
}

// object is the schema of a struct's keys.
func (g *generator) object(t reflect.Type) schema {
	properties := schema{}
	g.properties(t, properties)
	return schema{"type": "object", "properties": properties, "additionalProperties": false}
}

func (g *generator) properties(t reflect.Type, into schema) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case options == "inline":
			g.properties(f.Type, into)
		case name != "" && name != "-" && f.IsExported():
			of := g.of(f.Type)
			if help := f.Tag.Get("help"); help != "" {
				of["description"] = help
			}
			if enum := f.Tag.Get("enum"); enum != "" {
				of["enum"] = strings.Split(enum, ",")
			}
			into[name] = of
		}
	}
}

// step is a step of a pipeline: an operator's name, alone or with parameters,
// or a fragment, beside the keys that any step may have.
func (g *generator) step() schema {
	properties := schema{
		"id":   schema{"type": "string", "description": "a name for the step's result"},
		"from": schema{"description": "the id that the step reads, or several; source is the photo as read. Default: the step before", "anyOf": []any{ids(), schema{"type": "array", "items": ids()}}},
		"when": schema{"description": "an expression over facts of the photo; where it is false, the step passes the photo on", "type": []string{"string", "boolean"}},
		"use":  schema{"description": "a fragment, whose steps take the place of this one", "type": "string"},
	}
	names := g.reg.Names()
	for _, name := range names {
		spec, _ := g.reg.Lookup(name)
		properties[name] = operatorSchema(spec)
	}
	return schema{"anyOf": []any{
		schema{"enum": names},
		schema{"type": "object", "properties": properties, "additionalProperties": false, "minProperties": 1, "maxProperties": 4},
	}}
}

// operatorSchema is that of an operator's parameters, in either form.
func operatorSchema(s ops.Spec) schema {
	own, native := schema{}, schema{}
	var wanted []string
	for _, p := range s.Params() {
		into := own
		if p.Libvips {
			into = native
			if p.Required && p.Type != "image" && p.Type != "images" {
				wanted = append(wanted, p.Name)
			}
		}
		into[p.Name] = parameterSchema(p)
	}
	var forms []any
	if len(own) > 0 || s.Group == "" {
		forms = append(forms, schema{"type": []string{"object", "null"}, "properties": own, "additionalProperties": false})
	}
	if len(native) > 0 || s.Group != "" {
		form := schema{"type": "object", "properties": native, "additionalProperties": false}
		if len(wanted) > 0 {
			form["required"] = wanted
		} else {
			form["type"] = []string{"object", "null"}
		}
		forms = append(forms, form)
	}
	if len(forms) == 1 {
		only := forms[0].(schema)
		only["description"] = s.Summary
		return only
	}
	return schema{"description": s.Summary, "anyOf": forms}
}

func ids() schema { return schema{"type": "string", "minLength": 1} }

func oneOrMany(of schema) []any {
	return []any{of, schema{"type": "array", "items": of, "minItems": 1}}
}

// parameterSchema is that of one parameter.
func parameterSchema(p ops.Param) schema {
	of := schema{}
	bounded := func(kind string) schema {
		b := schema{"type": kind}
		switch {
		case p.Min != nil && p.OrZero:
			b["minimum"] = 0
		case p.Min != nil && p.Above:
			b["exclusiveMinimum"] = *p.Min
		case p.Min != nil:
			b["minimum"] = *p.Min
		}
		if p.Max != nil {
			b["maximum"] = *p.Max
		}
		return b
	}
	switch p.Type {
	case "interval", "sides", "triple", "values":
		of = maps.Clone(p.Schema)
	case "int", "float":
		of = bounded(map[string]string{"int": "integer", "float": "number"}[p.Type])
	case "ints", "floats":
		of["anyOf"] = oneOrMany(bounded(map[string]string{"ints": "integer", "floats": "number"}[p.Type]))
	case "bool":
		of["type"] = "boolean"
	case "string":
		of["type"] = "string"
		if p.Schema != nil {
			of = maps.Clone(p.Schema)
		}
	case "image":
		of = ids()
	case "images":
		of["anyOf"] = oneOrMany(ids())
	case "enums":
		of["anyOf"] = oneOrMany(schema{"enum": p.Enum})
	case "flags":
		of["anyOf"] = oneOrMany(schema{"type": "string"})
	case "colour":
		of["anyOf"] = []any{
			schema{"type": "string", "pattern": "^(#[0-9a-fA-F]{6}|white|black)$"},
			schema{"type": "array", "items": schema{"type": "number", "minimum": 0, "maximum": 255}, "minItems": 3, "maxItems": 3},
		}
	}
	if len(p.Enum) > 0 && p.Type != "enums" && p.Type != "flags" {
		of = schema{"enum": members(p)}
	}
	if p.Summary != "" {
		of["description"] = p.Summary
	}
	if p.Default != nil {
		of["default"] = p.Default
	}
	return of
}

// members are a parameter's values, as numbers where they are.
func members(p ops.Param) []any {
	var all []any
	for _, m := range p.Enum {
		if p.Type == "int" {
			all = append(all, json.Number(m))
		} else {
			all = append(all, m)
		}
	}
	return all
}
