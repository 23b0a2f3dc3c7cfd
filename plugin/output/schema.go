package output

import (
	"maps"
	"strings"
)

// JSONSchema describes an output's keys for editors.
func (*Config) JSONSchema() map[string]any {
	properties := map[string]any{}
	for _, k := range keys {
		of := maps.Clone(k.schema)
		of["description"] = strings.ReplaceAll(k.meaning, "`", "")
		properties[k.name] = of
	}
	for _, name := range Formats() {
		properties[name] = map[string]any{
			"type": []string{"object", "null"}, "description": "options of the " + name + " encoder",
			"properties": optionSchemas(formatNamed(name)),
		}
	}
	return map[string]any{"type": "object", "properties": properties, "required": []string{"path"}}
}

// optionSchemas describe an encoder's options, as libvips does.
func optionSchemas(f format) map[string]any {
	all := map[string]any{}
	for _, a := range f.options() {
		of := map[string]any{"description": a.Summary, "default": a.Default}
		if value, ours := f.defaults[a.Name]; ours {
			of["default"] = value
		}
		switch kind := map[string]string{"int": "integer", "float": "number", "bool": "boolean"}[a.Type]; {
		case a.Type == "enum":
			of["enum"] = a.Enum
		case kind != "":
			of["type"] = kind
		}
		if a.Type == "int" || a.Type == "float" {
			of["minimum"], of["maximum"] = a.Min, a.Max
		}
		maps.DeleteFunc(of, func(_ string, v any) bool { p, is := v.(*float64); return v == nil || is && p == nil })
		all[a.Name] = of
	}
	for short, long := range aliases {
		if of, ok := all[long]; ok {
			all[short] = of
		}
	}
	return all
}
