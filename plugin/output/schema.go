package output

import (
	"maps"
	"slices"

	"github.com/burnish-photo/burnish/ops/vips"
)

// JSONSchema describes an output's keys for editors.
func (*Config) JSONSchema() map[string]any {
	properties := map[string]any{
		"path":      map[string]any{"type": "string", "description": "template below the output folder: {dir}, {stem}, {ext}, {hash}, {pipeline}, {date:2006/01}"},
		"from":      map[string]any{"type": "string", "description": "the id of the step that it shows; default: the last step"},
		"thumbnail": map[string]any{"type": []string{"object", "null"}, "description": "parameters of a thumbnail step for this output alone"},
	}
	for _, name := range Formats() {
		properties[name] = map[string]any{
			"type": []string{"object", "null"}, "description": "options of the " + name + " encoder",
			"properties": optionSchemas(find(func(f format) bool { return f.name == name })),
		}
	}
	return map[string]any{"type": "object", "properties": properties, "required": []string{"path"}}
}

// optionSchemas describe an encoder's options, as libvips does.
func optionSchemas(f format) map[string]any {
	operation, _ := vips.Lookup(f.saver)
	all := map[string]any{}
	for _, a := range operation.Args {
		if _, fixed := f.fixed[a.Name]; !a.Input || a.Required || a.Deprecated || fixed || slices.Contains(private, a.Name) {
			continue
		}
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
